package samples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

func TestStarlark(t *testing.T) {
	m := load(t, "starlark")

	for name, c := range map[string]struct{ script, output string }{
		"no script":     {"", ""},
		"no result":     {"x = 1", ""},
		"none":          {"result = None", ""},
		"string":        {`result = "a\x00\"b"`, "a\x00\"b"},
		"whole number":  {"result = 40 + 2", "42"},
		"large number":  {"result = 1 << 70", "1180591620717411303424"},
		"fraction":      {"result = 5 / 2", "2.5"},
		"boolean":       {"result = 1 < 2", "true"},
		"data":          {`result = {"a": [1, 2.5, None, "b"], "c": (True,)}`, `{"a":[1,2.5,null,"b"],"c":[true]}`},
		"struct":        {`result = struct(a = 1)`, `{"a":1}`},
		"no JSON":       {"def f(): pass\nresult = [f]", "[script.f]"},
		"json":          {`result = json.encode(json.decode('{"a":[1]}'))`, `{"a":[1]}`},
		"f-string":      {"x = 1\nresult = f'{x}'", "1"},
		"loop":          {"result = 0\nfor i in range(4): result += i", "6"},
		"types":         {"def f(x: int) -> int: return x\nresult = f(1)", "1"},
		"identity":      {`result = CONTEXT_ID + " " + CALLER_ID`, "acme alice"},
		"long script":   {"result = 1 #" + strings.Repeat("x", 100_000), "1"},
		"long result":   {"result = 'x' * 1000000", strings.Repeat("x", 1_000_000)},
		"deepest calls": {"def f(n): return n if n == 0 else f(n - 1)\nresult = f(120)", "0"},
		"leaves traces": {"seen = True", ""},
	} {
		t.Run("value/"+name, func(t *testing.T) {
			// Twice, so that any one comes after all the others.
			for range 2 {
				r := run(m, c.script)
				require.Equal(t, job.Success, r.End, r.Error)
				require.Equal(t, c.output, string(r.Output))
			}
		})
	}

	for name, c := range map[string]struct {
		script, message string
		final           bool
	}{
		"syntax":      {"x = 1\ny = = 2", "script:2:5: Parse error: unexpected symbol '=' here", true},
		"no such":     {"x = 1\nresult = seen", "script:2:10: Variable `seen` not found", true},
		"raised":      {"x = 1\nfail('no', 'good')", "script:2:1: fail: no good", false},
		"two lines":   {"fail('no\\ngood')", "script:1:1: fail: no good", false},
		"in a call":   {"def f(x):\n  return x.y\nf(1)", "script:2:10: Object of type `int` has no attribute `y`", false},
		"recursion":   {"def f(): return 1 + f()\nf()", "script:1:21: Starlark call stack overflow", false},
		"wrong type":  {"def f(x: int): pass\nf('a')", "does not match the type annotation `int`", false},
		"load":        {"load('a', 'b')", "`load`", true},
		"no text":     {"x = '\xff'", "the script is not valid UTF-8 at byte 5", true},
		"no stdout":   {"pprint(1)", "Variable `pprint` not found", true},
		"no debugger": {"breakpoint()", "Variable `breakpoint` not found", true},
		"long":        {"fail('x' * 1000000)", strings.Repeat("x", 1000), false},
		"too much":    {"result = 'x' * 20000000", "too_large: ", false},
	} {
		t.Run("error/"+name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.ScriptError, r.End, r.Error)
			require.Contains(t, r.Error, c.message)
			require.NotContains(t, r.Error, "\n")
			require.LessOrEqual(t, len(r.Error), 16<<10)
			require.Equal(t, c.final, r.NoRetry)
		})
	}

	t.Run("print", func(t *testing.T) {
		r := run(m, "print('one', 2)\nprint('three')")
		require.Equal(t, job.Success, r.End, r.Error)
		require.Empty(t, r.Output)
		require.Len(t, r.Log, 2)
		require.Equal(t, "one 2", r.Log[0].Text)
		require.Equal(t, "three", r.Log[1].Text)
	})

	t.Run("out of memory", func(t *testing.T) {
		r := run(m, "def f():\n  l = []\n  for i in range(1 << 30): l.append([i])\nf()")
		require.Equal(t, job.Memory, r.End, r.Error)
	})
}
