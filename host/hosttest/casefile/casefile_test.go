package casefile_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/hosttest/casefile"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if wattest.Close() != nil && code == 0 {
			code = 1
		}
		os.Exit(code)
	}))
}

// setup returns a function that runs a case with the module redis.wat.
func setup(t *testing.T) func(text string, update bool) *casefile.Outcome {
	t.Helper()
	h, err := hosttest.Open(t.Context(), hosttest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close(context.Background())) })
	m, err := h.Load(t.Context(), wattest.CompileFile(t, "../../../cmd/henge/testdata/guest/redis.wat"), nil, job.Limits{})
	require.NoError(t, err)
	return func(text string, update bool) *casefile.Outcome {
		t.Helper()
		c, err := casefile.Parse([]byte(text))
		require.NoError(t, err)
		o, err := c.Run(t.Context(), h, func(context.Context, string) (*sandbox.Module, error) { return m, nil }, update)
		require.NoError(t, err)
		return o
	}
}

const (
	head  = "# A case.\n-- payload --\n[\"GET\",\"x\"]\n"
	calls = "-- calls --\nredis.do [ \"GET\", \"x\" ] => \"1\"  # as a person writes it\n"
	good  = head + calls + "-- output --\n\"1\"\n"
)

func TestCases(t *testing.T) {
	run := setup(t)
	for name, c := range map[string]struct{ text, differs string }{
		"holds":                    {good, ""},
		"output differs":           {head + calls + "-- output --\n\"2\"\n", "-\"2\"\n+\"1\"\n"},
		"any request":              {head + "-- calls --\nredis.do * => 1\n-- output --\n1\n", ""},
		"another call is expected": {head + "-- calls --\nredis.do [\"GET\",\"y\"] => 1\n", "this call was not expected, but this one"},
		"a call too many":          {head + "-- calls --\n", "this call was not expected, and no further call was"},
		"a call too few":           {head + calls + calls[len("-- calls --\n"):], "this call was expected and did not come"},
		"an error of the call":     {head + "-- calls --\nredis.do * ! unavailable \"no server\"\n-- error --\nexit_code: the module returned 1 and gave no reason\n-- output --\nno server\n", ""},
		"a fault":                  {head + "-- faults --\nredis.do 1 unavailable no server\n-- error --\nexit_code: the module returned 1 and gave no reason\n-- output --\nno server\n", ""},
		"an error is not expected": {head + "-- faults --\nredis.do every limit\n", "+exit_code: the module returned 1"},
		"it does not fail":         {good + "-- error --\nscript_error: no\n", "-script_error: no"},
		"bytes":                    {head + "-- calls --\nredis.do * => raw {\"$bytes\":\"/w==\"}\n-- output.base64 --\n/w==\n", ""},
		"bytes are no text":        {head + "-- calls --\nredis.do * => raw {\"$bytes\":\"/w==\"}\n-- output --\n/w==\n", "(1 bytes that are no text"},
		"slow":                     {"timeout: 20ms\n" + head + "-- faults --\nredis.do every after 1h\n", "+deadline: the job took longer than its timeout of 20ms"},
		"the real one":             {head + "-- calls --\nredis.do *\n-- output --\nnull\n", ""},
		"a reader":                 {"caller: bob\nrole: reader\n" + head + "-- output --\nnull\n", ""},
		"a stranger":               {"caller: bob\n" + head + "-- output --\nInsufficient authorization\n-- error --\nexit_code: the module returned 1 and gave no reason\n", ""},
		"limits":                   {"limits: {\"memory\":1}\n" + head, "+refused: the module starts with 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(c.text, false).Differences()
			if c.differs == "" {
				require.Empty(t, got)
			} else {
				require.Contains(t, got, c.differs)
			}
		})
	}
}

// What was seen takes the place of what was expected, and such a file holds.
func TestUpdate(t *testing.T) {
	run := setup(t)
	const failed = "-- error --\nexit_code: the module returned 1 and gave no reason\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing to do": {good, good},
		"new":           {head, head + "-- calls --\nredis.do [\"GET\",\"x\"] => null\n-- output --\nnull\n"},
		"no longer an error": {
			head + calls + failed + "-- output.base64 --\nAA==\n",
			head + calls + "-- output --\n\"1\"\n",
		},
		"a call that no longer comes": {
			head + "-- calls --\nredis.do [\"GET\",\"y\"] => 2\nredis.do [\"GET\",\"x\"] => 3\n",
			head + "-- calls --\nredis.do [\"GET\",\"x\"] => 3\n-- output --\n3\n",
		},
		"bytes": {
			head + "-- calls --\nredis.do * => raw {\"$bytes\":\"/w==\"}\n-- output --\nx\n",
			head + "-- calls --\nredis.do * => raw {\"$bytes\":\"/w==\"}\n-- output.base64 --\n/w==\n",
		},
		"what could be taken for a section": {
			head + "-- calls --\nredis.do * => raw \"\\n-- calls --\\n\"\n",
			head + "-- calls --\nredis.do * => raw \"\\n-- calls --\\n\"\n-- output.base64 --\nCi0tIGNhbGxzIC0tCg==\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			updated := string(run(c.text, true).Updated())
			require.Equal(t, c.want, updated)
			require.Empty(t, run(updated, false).Differences())
		})
	}
}

func TestCasesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "either a section script.TYPE",
		"-- payload --\n-- script.rhai --\n":  "either a section script.TYPE",
		"-- payload --\n-- payload --\n":      "there are two sections payload",
		"-- script.a --\n-- script.b --\n":    "there are two sections script",
		"-- output --\n-- output.base64 --\n": "there are two sections output",
		"-- payload --\n-- oops --\n":         "section oops: there is no such section",
		"oops: 1\n":                           `line 1: "oops" is no setting`,
		"\n# ok\nhello\n":                     `line 3: "hello" is no setting`,
		"circle: ../../x\n":                   "line 1: circle: circle \"../../x\" is not",
		"env: x\n":                            "is not NAME=VALUE",
		"timeout: -1s\n":                      "is no time for a job",
		"limits: {\"full\":1}\n":              `unknown field "full"; limits are written as in`,
		"-- calls --\n\nredis\n":              `section calls: line 2: "redis" is no host function`,
		"-- faults --\nredis.do 1\n":          "section faults: line 1: a fault is a function",
		"-- faults --\nredis.do 0 limit\n":    `"0" does not say which call`,
		"-- faults --\nredis.do 1 oops\n":     `"oops" is no error; it is one of access_denied`,
		"-- faults --\nredis.do 1 after x\n":  "invalid duration",
	} {
		_, err := casefile.Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

// What the page shows is read, and is what it says.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile(`(?m)(^    (# A|-- ).*\n)((    .*)?\n)*`).FindAllString(string(page), -1)
	require.Len(t, blocks, 3)
	for _, block := range blocks {
		text := strings.ReplaceAll("\n"+block, "\n    ", "\n")
		if !strings.Contains(text, "-- script.rhai --") {
			text = "-- payload --\n" + text
		}
		_, err := casefile.Parse([]byte(text))
		require.NoError(t, err, text)
	}
	for _, name := range []string{"circle", "caller", "role", "type", "env", "timeout", "limits"} {
		require.Contains(t, string(page), "| `"+name+"` |")
	}
}
