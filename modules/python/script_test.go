package python_test

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// TestScripts runs scripts, one job each, in one module: it takes long to load.
func TestScripts(t *testing.T) {
	m := load(t)
	for name, part := range map[string]func(*testing.T, *sandbox.Module){
		"language": testLanguage,
		"values":   testValues,
		"raised":   testRaised,
		"log":      testLog,
		"closed":   testClosed,
		"depth":    testDepth,
	} {
		t.Run(name, func(t *testing.T) { part(t, m) })
	}
}

// testLanguage runs the scripts of language.txtar, which check themselves.
func testLanguage(t *testing.T, m *sandbox.Module) {
	archive, err := txtar.ParseFile("testdata/language.txtar")
	require.NoError(t, err)
	require.Greater(t, len(archive.Files), 20)
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			r := run(m, string(f.Data))
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, "ok", string(r.Output))
		})
	}
}

// testValues shows what a script's last value becomes.
func testValues(t *testing.T, m *sandbox.Module) {
	for name, c := range map[string]struct{ script, output string }{
		"none":                {`None`, ""},
		"empty":               {``, ""},
		"a comment":           {"# 1\n", ""},
		"an assignment":       {"x = 1", ""},
		"a function at last":  {"1\ndef f(): return 1", ""},
		"a class at last":     {"1\nclass A: pass", ""},
		"a lambda":            {"lambda: 1", ""},
		"many references":     {"a = [None] * 100000\nlen([str(i) for i in range(100000)]) + len(a)", "200000"},
		"a block at last":     {"if True:\n    7", ""},
		"a text alone":        {`"a docstring"`, "a docstring"},
		"after a semicolon":   {"x = 1; x + 1", "2"},
		"true":                {`1 == 1`, "true"},
		"an integer":          {`2 ** 100`, "1267650600228229401496703205376"},
		"one of 5,000 digits": {`10 ** 5000 == int("1" + "0" * 4299) * 10 ** 701`, "true"},
		"a fraction":          {`1 / 4`, "0.25"},
		"a whole float":       {`2.0`, "2.0"},
		"not a number":        {`[float("nan"), float("inf")]`, "[null,null]"},
		"bytes":               {`b"A\xff"`, "A\xff"},
		"a bytearray":         {`bytearray(b"A\xff")`, "A\xff"},
		"bytes inside":        {`[b"\xff"]`, `[{"$bytes":"/w=="}]`},
		"a tuple":             {`(1, None)`, "[1,null]"},
		"a set":               {`{3}`, "[3]"},
		"a frozen set":        {`frozenset({3})`, "[3]"},
		"a dict":              {`{"b": 1, "a": {2: True}}`, `{"b":1,"a":{"2":true}}`},
		"classes derived":     {`import collections; [collections.Counter("aab"), collections.OrderedDict(z=1), collections.namedtuple("P", "x y")(1, 2)]`, `[{"a":2,"b":1},{"z":1},[1,2]]`},
		"an enum of integers": {`import enum; enum.IntEnum("E", "A B").B`, "2"},
		"half a pair":         {`"a\ud800b"`, "a\ufffdb"},
		"a NUL":               {`"a\0b"`, "a\x00b"},
		"Windows' line ends":  {"x = 1\r\nif x:\r\n    x = 2\r\nx\r\n", "2"},
		"leaving":             {"import sys\noutput('a')\nsys.exit()", "a"},
		"leaving with 0":      {"raise SystemExit(0)", ""},
		"names of one's own":  {"output = 1\nredis_get = 2\nCONTEXT_ID = 3\noutput + redis_get + CONTEXT_ID", "6"},
		"main":                {"__name__", "__main__"},
		"exec":                {`exec("y = 41"); eval("y + 1")`, "42"},
		"a wrong escape":      {`len("\d")`, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.output, string(r.Output))
		})
	}
}

// testRaised shows what the message of a failure has in it.
func testRaised(t *testing.T, m *sandbox.Module) {
	for script, want := range map[string]string{
		"x = 1\n  y = 2":                    "SyntaxError: ",
		"def f(:\n  pass":                   "(line 1, column 6)",
		"if True:\nx = 1":                   "SyntaxError: ",
		"return 1":                          "SyntaxError: ",
		"x = [1,\n  2":                      "(line 1, column 5)",
		"import numpy":                      "ModuleNotFoundError: No module named 'numpy' (line 1, column 1)",
		"import json\njson.loads('[')":      "JSONDecodeError: Expecting value: line 1 column 2 (char 1) (line 2, column 1)",
		"def f(n):\n  return 1 / n\n\nf(0)": "ZeroDivisionError: division by zero (line 2, column 10)",
		"raise ValueError":                  "ValueError (line 1, column 1)",
		"import sys\nsys.exit('enough')":    "SystemExit: enough (line 2, column 1)",
		"import sys\nsys.exit(3)":           "SystemExit: 3 (line 2, column 1)",
		"assert 1 > 2, 'so'":                "AssertionError: so (line 1, column 8)",
		"raise HostError('mine', 'why')":    "mine: why (line 1, column 1)",
		"import math\nmath":                 "invalid_argument: a value of type module cannot leave the script",
		"{(1, 2): 3}":                       "invalid_argument: the keys of a map that leaves the script are texts or whole numbers, and not of type tuple",
		"a = []\na.append(a)\na":            "invalid_argument: a value has more than 64 levels",
		"redis_get()":                       "invalid_argument: redis_get takes 1 arguments, and not 0",
		"redis_get(key='a')":                "invalid_argument: redis_get takes no named arguments",
		"redis_set('a', 1 << 70)":           "invalid_argument: an integer has more than 64 bits",
		"class E(Exception):\n  def __str__(self): raise E\nraise E": "E: <E that cannot be shown> (line 3, column 1)",
	} {
		t.Run(script, func(t *testing.T) {
			r := run(m, script)
			require.Equal(t, job.ScriptError, r.End, string(r.Output))
			require.Contains(t, r.Error, want)
		})
	}
}

// testLog shows what is written to the log.
func testLog(t *testing.T, m *sandbox.Module) {
	r := run(m, `
import sys, warnings
print("a", 1, None, sep="-")
print("b\nc", end="")
print("d")
print()
print("w", file=sys.stderr)
sys.stdout.write("begun")
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as caught:
    print("kept")
log_error(caught.getvalue().strip(), {"n": 1})
`)
	require.Equal(t, job.Success, r.End, r.Error)
	var lines []string
	for _, l := range r.Log {
		lines = append(lines, l.Level.String()+": "+l.Text)
	}
	require.Equal(t, []string{
		"info: a-1-None", "info: b", "info: cd", "info: ", "warn: w", "error: kept", "info: begun",
	}, lines)
}

// testClosed tries to get out of the sandbox.
func testClosed(t *testing.T, m *sandbox.Module) {
	for script, want := range map[string]string{
		`open("/etc/passwd")`:        "UnsupportedOperation",
		`open("x", "w")`:             "UnsupportedOperation",
		`import io; io.FileIO(0)`:    "UnsupportedOperation",
		`import os; os.stat("/")`:    "FileNotFoundError",
		`import os; os.system("id")`: "AttributeError",
		`import subprocess`:          "ModuleNotFoundError",
		`import ctypes`:              "ModuleNotFoundError",
		`import socket`:              "ModuleNotFoundError",
		`import _socket; _socket.socket().connect(("127.0.0.1", 80))`: "Error",
		`input("?")`: "Error",
		`import sys; sys.path.append("/"); import etc`: "ModuleNotFoundError",
		`__import__("marshal").loads(b"\x00")`:         "Error",
	} {
		t.Run(script, func(t *testing.T) {
			r := run(m, script)
			require.Equal(t, job.ScriptError, r.End, string(r.Output))
			require.Contains(t, r.Error, want)
		})
	}
}

// testDepth goes as deep as it can, in Python and in the interpreter.
func testDepth(t *testing.T, m *sandbox.Module) {
	for name, c := range map[string]struct{ script, output string }{
		"900 calls": {"def f(n): return n and 1 + f(n - 1)\nf(900)", "900"},
		"caught":    {"def f(): return f()\ntry:\n    f()\nexcept RecursionError as e:\n    output('caught')", "caught"},
		"literals":  {"eval('[' * 90 + ']' * 90) != []", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, c.script)
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.output, string(r.Output))
		})
	}
	// What is beyond the interpreter's own limits ends with the sandbox's reasons.
	for name, script := range map[string]string{
		"a higher limit": "import sys\nsys.setrecursionlimit(10**6)\ndef f(): return f()\nf()",
		"repr":           "a = []\nfor _ in range(100000): a = [a]\nrepr(a)",
		"brackets":       "eval('(' * 100000)",
		"lists":          "a = []\nfor _ in range(10**7): a = [a]\ndel a",
	} {
		t.Run(name, func(t *testing.T) {
			r := run(m, script)
			require.Contains(t, []job.End{job.ScriptError, job.Stack, job.Memory}, r.End, r.Error)
		})
	}
}
