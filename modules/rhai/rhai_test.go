// Package rhai_test compares the Rhai engine with native Rhai.
package rhai_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// The identity that both sides give the scripts; the native program's own
// defaults.
const circle, caller = "02abc", "03def"

// fewest is how many cases there must be, so that a lost file is noticed.
const fewest = 500

// ran is what became of one script.
type ran struct {
	OK   bool        `json:"ok"`
	Text string      `json:"text"`
	Log  [][2]string `json:"log"`
}

// TestSameAsNative runs each case of testdata in native Rhai of the same
// version and in the sandbox: the same text, the same error with line and
// position, the same log.
func TestSameAsNative(t *testing.T) {
	m := load(t)
	files, err := filepath.Glob("testdata/*.rhai")
	require.NoError(t, err)

	var stderr bytes.Buffer
	build := exec.Command("../build.sh", "native")
	build.Stderr = &stderr
	path, err := build.Output()
	require.NoError(t, err, stderr.String())
	native := exec.Command(strings.TrimSpace(string(path)), append([]string{"--circle", circle, "--caller", caller}, files...)...)
	out, err := native.Output()
	require.NoError(t, err)

	cases := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var want struct {
			File, Name, Script string
			ran
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &want))
		cases++
		t.Run(strings.TrimSuffix(filepath.Base(want.File), ".rhai")+"/"+want.Name, func(t *testing.T) {
			got := run(m, want.Script, time.Minute)
			got.Text, want.Text = named(got.Text), named(want.Text)
			require.Equal(t, want.ran, got, "the script was:\n%s", want.Script)
		})
	}
	require.NoError(t, lines.Err())
	require.GreaterOrEqual(t, cases, fewest)
}

// named leaves out the part of a closure's name that Rhai makes of a hash,
// which depends on how wide a machine's words are.
func named(text string) string {
	return regexp.MustCompile(`anon\$[0-9a-f]{16}`).ReplaceAllString(text, "anon$$…")
}

// TestDeepScriptsEndInRhai shows that limits, and not the module's stack, end
// what is nested too deeply.
func TestDeepScriptsEndInRhai(t *testing.T) {
	m := load(t)
	deep := "x" + strings.Repeat(" + (x", 60) + strings.Repeat(")", 60)
	tests := map[string]struct{ script, want string }{
		"recursion":             {"fn f(x) { f(x + 1) } f(1)", "Stack overflow"},
		"recursion, expression": {"fn f(x) { " + strings.ReplaceAll(deep, "x", "f(x)") + " } f(1)", "Stack overflow"},
		"closures":              {"let f = (); f = |g| g.call(g); f.call(f)", "Stack overflow"},
		"eval":                  {`fn f() { eval("f()") } f()`, "Stack overflow"},
		"eval of eval":          {`let s = "eval(s)"; eval(s)`, "Stack overflow"},
		"method":                {"fn f() { this.f() } 1.f()", "Stack overflow"},
		"callbacks":             {"fn f(a) { a.map(|x| f([x])) } f([1])", "Stack overflow"},
		"interpolation":         {"fn f(x) { `${f(`${x}`)}` } f(1)", "Stack overflow"},
		"brackets":              {strings.Repeat("(", 100_000), "Expression exceeds maximum complexity"},
		"square brackets":       {strings.Repeat("[", 100_000), "Expression exceeds maximum complexity"},
		"braces":                {strings.Repeat("{", 100_000), "Expression exceeds maximum complexity"},
		"minus":                 {strings.Repeat("- ", 100_000) + "1", "Expression exceeds maximum complexity"},
		"not":                   {strings.Repeat("!", 100_000) + "true", "Expression exceeds maximum complexity"},
		"maps":                  {strings.Repeat("#{a:", 100_000), "Expression exceeds maximum complexity"},
		"closures of closures":  {strings.Repeat("|x| ", 100_000) + "1", "Expression exceeds maximum complexity"},
		"ifs":                   {strings.Repeat("if true {", 100_000), "Expression exceeds maximum complexity"},
		"else ifs":              {"if false {}" + strings.Repeat(" else if false {}", 100_000), ""},
		"chain":                 {"let a = 1; a" + strings.Repeat(".b", 100_000), "Expression exceeds maximum complexity"},
		"powers":                {"1" + strings.Repeat("**1", 100_000), "Expression exceeds maximum complexity"},
		"interpolations":        {strings.Repeat("`${", 100_000), "Expression exceeds maximum complexity"},
		"comments":              {strings.Repeat("/*", 100_000), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := m.Run(context.Background(), newJob(test.script, time.Minute))
			require.Contains(t, []job.End{job.Success, job.ScriptError}, r.End, r.Error)
			require.Contains(t, r.Error, test.want)
		})
	}
}

// TestLimits shows each of the language's limits by Rhai's own words.
func TestLimits(t *testing.T) {
	m := load(t)
	tests := map[string]struct{ script, want string }{
		"string":     {`let s = "x"; loop { s += s; }`, "Length of string too large"},
		"array":      {"let a = [1]; loop { a += a; }", "Size of array/BLOB too large"},
		"map":        {`let m = #{}; for i in 0..6000 { m["a" + i] = i; } let n = #{}; for i in 0..6000 { n["b" + i] = i; } m + n`, "Size of object map too large"},
		"expression": {strings.Repeat("1+", 200) + "1", "Expression exceeds maximum complexity"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := run(m, test.script, time.Minute)
			require.False(t, got.OK)
			require.Contains(t, got.Text, test.want)
		})
	}
}

// TestEndlessScriptsEnd shows that a script without an end gets one, with its
// own reason, within a second of its timeout, and that nothing is left of it.
func TestEndlessScriptsEnd(t *testing.T) {
	m := load(t)
	const timeout = 2 * time.Second
	tests := map[string]struct {
		script string
		want   []job.End
	}{
		"loop":                    {"loop {}", []job.End{job.Deadline}},
		"recursion":               {"fn f(x) { f(x + 1) } f(1)", []job.End{job.ScriptError}},
		"string doubled":          {`let s = "x"; loop { s += s; }`, []job.End{job.ScriptError}},
		"array doubled":           {"let a = [1]; loop { a += a; }", []job.End{job.ScriptError}},
		"array grown by push":     {"let a = []; loop { a.push(1); }", []job.End{job.Deadline, job.Memory, job.ScriptError}},
		"map grown by properties": {`let m = #{}; let i = 0; loop { m["k" + i] = i; i += 1; }`, []job.End{job.Deadline, job.Memory, job.ScriptError}},
		"curried for ever":        {`let f = |a| a; let s = ""; s.pad(100000, 'x'); loop { f = f.curry(s + "y"); }`, []job.End{job.Deadline, job.Memory, job.ScriptError}},
		"sleep":                   {"sleep(1000)", []job.End{job.Deadline}},
		"sort without an order":   {"fn f(a, b) { f(a, b) } let a = []; a.pad(1000, 1); loop { a.sort(|x, y| f(x, y)); }", []job.End{job.Deadline, job.ScriptError}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := m.Run(context.Background(), newJob(test.script, timeout))
			require.Contains(t, test.want, r.End, r.Error)
			require.Less(t, r.Cost.Wall, timeout+time.Second)
			require.Equal(t, "42", run(m, "40 + 2", time.Minute).Text)
		})
	}
}

func TestScriptThatIsNoText(t *testing.T) {
	got := run(load(t), "\"caf\xe9\"", time.Minute)
	require.False(t, got.OK)
	require.Contains(t, got.Text, "UTF-8")
	require.Contains(t, got.Text, "4")
}

func load(t testing.TB) *sandbox.Module { return loadWith(t, sandbox.Options{}) }

func loadWith(t testing.TB, opts sandbox.Options) *sandbox.Module {
	t.Helper()
	ctx := context.Background()
	binary, err := os.ReadFile("../built/rhai.wasm")
	require.NoError(t, err, "the engine is not built: run make modules")
	text, err := os.ReadFile("../built/rhai.json")
	require.NoError(t, err)
	manifest, err := abi.ParseManifest(text)
	require.NoError(t, err)
	rt, err := sandbox.New(ctx, opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rt.Close(ctx) })
	m, err := rt.Load(ctx, binary, manifest, job.Limits{})
	require.NoError(t, err)
	return m
}

func newJob(script string, timeout time.Duration) *job.Job {
	return &job.Job{ID: "1", Circle: circle, Caller: caller, Type: "rhai", Dialect: "local", Attempt: 1, Payload: []byte(script), Timeout: timeout}
}

func run(m *sandbox.Module, script string, timeout time.Duration) ran {
	r := m.Run(context.Background(), newJob(script, timeout))
	got := ran{OK: r.End == job.Success, Text: r.Error, Log: [][2]string{}}
	switch r.End {
	case job.Success:
		got.Text = string(r.Output)
	case job.ScriptError:
	default:
		got.Text = fmt.Sprintf("%s: %s", r.End, r.Error)
	}
	for _, l := range r.Log {
		got.Log = append(got.Log, [2]string{l.Level.String(), l.Text})
	}
	return got
}

// BenchmarkAnswer is one job, from a new instance to its end.
func BenchmarkAnswer(b *testing.B) {
	m := load(b)
	b.ReportAllocs()
	for b.Loop() {
		if got := run(m, "40 + 2", time.Minute); got.Text != "42" {
			b.Fatal(got.Text)
		}
	}
}
