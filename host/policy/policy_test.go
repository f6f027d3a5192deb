package policy_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/policy"
)

func parse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(text), []string{"slots", "circle"})
	require.NoError(t, err)
	return p
}

func TestWithoutAFile(t *testing.T) {
	var p policy.Policy
	for _, name := range []string{abi.RedisV1, abi.SQLV1, abi.KVV1, abi.CircleV1, abi.QueueV1} {
		require.NoError(t, p.Grants("rhai", "acme", name), name)
	}
	err := p.Grants("rhai", "acme", abi.HTTPV1)
	captest.RequireCode(t, abi.AccessDenied, err)
	// What it says to write is what grants it.
	_, toml, found := strings.Cut(err.Error(), "names:\n")
	require.True(t, found, err)
	granted := parse(t, toml)
	require.NoError(t, granted.Grants("rhai", "acme", abi.HTTPV1))
	require.Error(t, granted.Grants("rhai", "other", abi.HTTPV1))
	require.Error(t, granted.Grants("lua", "acme", abi.HTTPV1))
}

func TestRules(t *testing.T) {
	p := parse(t, `
[worker]
slots = 4

[[deny]]
modules = ["lua"]
capabilities = ["redis", "henge_sql_v1"]

[[deny]]
circles = ["ACME"]
capabilities = ["queue"]

[[http]]
hosts = ["api.example.com"]

[[http]]
circles = ["acme"]
hosts = ["*.example.org"]
methods = ["GET"]
private = ["10.1.0.0/16"]

[[limit]]
memory = "32MiB"
wall = "10s"

[[limit]]
modules = ["lua"]
memory = 1_048_576
host-calls = "1k"
`)
	captest.RequireCode(t, abi.AccessDenied, p.Grants("lua", "acme", abi.RedisV1))
	require.ErrorContains(t, p.Grants("lua", "acme", abi.SQLV1), "line 5")
	require.NoError(t, p.Grants("rhai", "acme", abi.RedisV1))
	require.NoError(t, p.Grants("lua", "acme", abi.QueueV1), "names are told apart by case")
	require.Error(t, p.Grants("lua", "ACME", abi.QueueV1))
	require.Len(t, p.HTTP("rhai", "acme"), 2)
	require.Len(t, p.HTTP("rhai", "other"), 1)
	require.Equal(t, job.Limits{Memory: 32 << 20, Wall: 10 * time.Second}, p.Limits("rhai", "acme"))
	require.Equal(t, job.Limits{Memory: 1 << 20, Wall: 10 * time.Second, HostCalls: 1000}, p.Limits("lua", "acme"))
	require.Equal(t, policy.Setting{Value: int64(4), Line: 3}, p.Settings["slots"])
}

// The public key of a circle is the same in capital letters.
func TestCirclesAreCanonical(t *testing.T) {
	key := strings.Repeat("AB", 32)
	p := parse(t, "[[deny]]\ncircles = [\""+key+"\"]\ncapabilities = [\"kv\"]\n")
	require.Error(t, p.Grants("rhai", strings.ToLower(key), abi.KVV1))
}

func TestMistakesHaveTheirLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"syntax":                {"[worker]\nslots = \n", "line 2: "},
		"an unknown table":      {"\n[sandbox]\nx = 1\n", "line 2: there is no sandbox here"},
		"an unknown list":       {"\n[[grant]]\nx = 1\n", "line 2: there is no grant here"},
		"an unknown flag":       {"[worker]\n\nslotz = 1\n", "line 3: the worker has no flag --slotz; it has slots, circle"},
		"twice":                 {"[worker]\nslots = 1\nslots = 2\n", "line 3: worker.slots is already said in line 2"},
		"a table twice":         {"[worker]\nslots = 1\n\n[worker]\n", "line 4: worker is already said in line 1"},
		"a rule as a table":     {"[deny]\ncapabilities = [\"sql\"]\n", "line 1: deny is a list of rules"},
		"an unknown key":        {"[[deny]]\ncapabilities = [\"sql\"]\n[[deny]]\ncapability = [\"sql\"]\n", "line 4: a deny rule has no capability"},
		"a key of another kind": {"[[deny]]\ncapabilities = [\"sql\"]\nhosts = [\"a.b\"]\n", "line 3: a deny rule has no hosts"},
		"a rule of nothing":     {"[[limit]]\nmodules = [\"rhai\"]\n", "line 1: a limit rule needs memory"},
		"no hosts":              {"[[http]]\nmethods = [\"GET\"]\n", "line 1: a http rule needs hosts"},
		"an unknown capability": {"[[deny]]\n\ncapabilities = [\"sqll\"]\n", "line 3: there is no capability \"sqll\"; there are redis, sql"},
		"what all modules have": {"[[deny]]\ncapabilities = [\"log\"]\n", "line 2: log is a part of every module"},
		"a circle that climbs":  {"[[limit]]\ndepth = 3\ncircles = [\"../../x\"]\n", "line 3: circle \"../../x\" is not"},
		"a circle with a NUL":   {"[[limit]]\ndepth = 3\ncircles = [\"a\\u0000\"]\n", "line 3: circle \"a\\x00\" is not"},
		"a look-alike":          {"[[limit]]\ndepth = 3\ncircles = [\"аcme\"]\n", "line 3: circle \"\\u0430cme\" is not"},
		"a module's name":       {"[[limit]]\ndepth = 3\nmodules = [\"../x\"]\n", "line 3: module \"../x\" is not"},
		"about nobody":          {"[[limit]]\ndepth = 3\nmodules = []\n", "line 3: modules is a list of texts that is not empty"},
		"not a list":            {"[[limit]]\ndepth = 3\nmodules = \"rhai\"\n", "line 3: modules is a list of texts"},
		"not texts":             {"[[limit]]\ndepth = 3\nmodules = [3]\n", "line 3: \"3\" is not a text"},
		"a limit of none":       {"[[limit]]\nfuel = 0\n", "line 2: fuel: \"0\" is not a whole number from 1"},
		"a range":               {"[[http]]\nhosts = [\"a.b\"]\nprivate = [\"10.0.0.1/8\"]\n", "line 3: \"10.0.0.1/8\" is not a range"},
		"in one line":           {"\nlimit = [{depth = 3}, {dept = 3}]\n", "line 2: a limit rule has no dept"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte(c.text), []string{"slots", "circle"})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAllMistakesAreTold(t *testing.T) {
	_, err := policy.Parse([]byte("[[limit]]\nfuel = 0\n[worker]\nx = 1\n[[deny]]\n"), nil)
	require.Len(t, strings.Split(err.Error(), "\n"), 3)
	require.Regexp(t, `(?s)^line 2: .*\nline 4: .*\nline 5: `, err.Error())
}

func FuzzParse(f *testing.F) {
	f.Add("[worker]\nslots = 1\n[[http]]\nhosts = [\"*.a.b\"]\n")
	f.Add("deny = [[1]]\nlimit = {a.b = 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse([]byte(text), []string{"slots"})
		require.Equal(t, err == nil, p != nil)
	})
}

func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../examples/henge.toml")
	require.NoError(t, err)
	p := parse(t, string(text))
	require.NoError(t, p.Grants("rhai", "acme", abi.HTTPV1))
	kinds := map[string]bool{}
	for _, r := range p.Rules {
		kinds[r.Kind] = true
	}
	require.Len(t, kinds, 4, "it shows each kind of rule")
	require.NotEmpty(t, p.Settings)
}

func TestShares(t *testing.T) {
	p := parse(t, `
[[share]]
running = 4

[[share]]
circles = ["acme", "Other"]
running = 10
weight = 3

[[share]]
circles = ["acme"]
running = 2
`)
	all, circles := p.Shares()
	require.Equal(t, policy.Share{Running: 4}, all)
	require.Equal(t, map[string]policy.Share{"acme": {Running: 2, Weight: 3}, "Other": {Running: 10, Weight: 3}}, circles)
	require.Equal(t, "running 10, weight 3; circles acme Other", p.Rules[1].String())
	for text, want := range map[string]string{
		"[[share]]\nweight = 2":                        "line 1: a weight says",
		"[[share]]\ncircles = [\"a\"]":                 "line 1: a share rule needs running, or weight",
		"[[share]]\nrunning = 0":                       "line 2: running: \"0\" is not a whole number from 1",
		"[[share]]\nrunning = -1":                      "line 2: running",
		"[[share]]\nmodules = [\"rhai\"]\nrunning = 1": "line 2: a share rule has no modules; it has circles, running, weight",
		"[[share]]\nrunning = 99999999999":             "line 2: running: 99999999999 is too many",
	} {
		_, err := policy.Parse([]byte(text), nil)
		require.ErrorContains(t, err, want, text)
	}
}
