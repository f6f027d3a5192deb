package samples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
)

func TestLua(t *testing.T) {
	m := load(t, "lua")

	for name, c := range map[string]struct{ script, output string }{
		"no value":      {"local x = 1", ""},
		"nil":           {"return nil", ""},
		"string":        {`return "a\0b"`, "a\x00b"},
		"whole number":  {"return 40 + 2", "42"},
		"fraction":      {"return 5 / 2", "2.5"},
		"boolean":       {"return 1 < 2", "true"},
		"first of two":  {"return 1, 2", "1"},
		"from a pcall":  {"return select(2, pcall(error, 'caught', 0))", "caught"},
		"long script":   {"return 1 --" + strings.Repeat("x", 100_000), "1"},
		"long result":   {"return string.rep('x', 1000000)", strings.Repeat("x", 1_000_000)},
		"no files":      {"return tostring(io or dofile or loadfile or require or module)", "nil"},
		"nothing else":  {"return tostring(os or package or debug or channel)", "nil"},
		"leaves traces": {"seen = true; string.seen = true", ""},
		"has no traces": {"return tostring(seen or string.seen)", "nil"},
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

	for name, c := range map[string]struct{ script, message string }{
		"raised":     {"local x = 1\nerror('no good')", "script:2: no good"},
		"syntax":     {"local x = 1\nlocal = 2", "script line:2(column:7) near '=':   syntax error"},
		"nil field":  {"local x = {}\n\nreturn x.y.z", "script:3: attempt to index a non-table object(nil) with key 'z'"},
		"recursion":  {"local function f() return 1 + f() end\nreturn f()", "script:1: stack overflow"},
		"table":      {"error({})", "the script raised an error that is a table, and not a string"},
		"not a text": {"error('\xff', 0)", "\uFFFD"},
		"empty":      {"error('', 0)", "the script raised an error without a word"},
		"long":       {"error(string.rep('x', 1000000), 0)", strings.Repeat("x", 16<<10)},
		"no result":  {"return {}", "the script returned a table; return a string, a number, a boolean or nothing"},
		"too much":   {"return string.rep('x', 20000000)", "write the result: the result would be longer"},
	} {
		t.Run("error/"+name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.ScriptError, r.End)
			require.Contains(t, r.Error, c.message)
			require.LessOrEqual(t, len(r.Error), 16<<10)
		})
	}

	t.Run("print", func(t *testing.T) {
		r := run(m, "print('one', 2)\nprint('three')")
		require.Equal(t, job.Success, r.End, r.Error)
		require.Empty(t, r.Output)
		require.Len(t, r.Log, 2)
		require.Equal(t, "one\t2", r.Log[0].Text)
		require.Equal(t, "three", r.Log[1].Text)
	})

	t.Run("out of memory", func(t *testing.T) {
		r := run(m, "local t = {} while true do t[#t + 1] = {#t} end")
		require.Equal(t, job.Memory, r.End, r.Error)
	})
}
