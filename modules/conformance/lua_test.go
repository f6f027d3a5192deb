package conformance_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
)

// luaTests are the files with which Lua 5.1 tests itself, as gopher-lua carries
// them, and what is cut out of one: from a text up to another, or to the end.
var luaTests = map[string]struct{ from, to string }{
	"calls.lua": {}, "closure.lua": {}, "events.lua": {}, "locals.lua": {}, "math.lua": {},
	"sort.lua": {}, "vararg.lua": {},
	"constructs.lua": {"-- creates all combinations of", ""},      // 131,072 programs, which take minutes
	"pm.lua":         {"-- big strings", "-- deep nest of gsubs"}, // gopher-lua matches by recursion, and needs over 64 MiB
	"literals.lua":   {"-- testing decimal point", ""},            // there are no locales
	"strings.lua":    {"local locales = {", ""},                   // nor here
}

// leftOut are the others, and why.
var leftOut = map[string]string{
	"all.lua":        "runs the others",
	"api.lua":        "needs the interpreter in C",
	"attrib.lua":     "loads modules from files, in C too",
	"big.lua":        "needs memory of 2 GiB",
	"checktable.lua": "checks tables of the interpreter in C",
	"code.lua":       "looks at the code of the interpreter in C",
	"db.lua":         "debug hooks, which gopher-lua has none of",
	"errors.lua":     "compares messages with those of the interpreter in C",
	"files.lua":      "files",
	"gc.lua":         "counts what the collector of the interpreter in C keeps",
	"main.lua":       "the program lua, with its arguments",
	"nextvar.lua":    "table.foreach, which gopher-lua has none of",
	"verybig.lua":    "writes a file of its own",
}

// TestLuasOwnTests runs what Lua tests itself with, where that needs no C.
func TestLuasOwnTests(t *testing.T) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua")
	list.Dir = "../lua"
	dir, err := list.Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "_lua5.1-tests", "*.lua"))
	require.NoError(t, err)
	require.Len(t, files, len(luaTests)+len(leftOut))
	h := hosttest.New(t, hosttest.Options{CacheDir: compiled})
	m := h.LoadFile(built + "/lua.wasm")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if why := leftOut[filepath.Base(file)]; why != "" {
				t.Skip(why)
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			// In this one a byte beyond ASCII is part of a program in a string.
			script := strings.ReplaceAll(string(text), "v\xe1rias", "varias")
			if cut := luaTests[filepath.Base(file)]; cut.from != "" {
				before, after, found := strings.Cut(script, cut.from)
				require.True(t, found)
				_, rest, found := strings.Cut(after, cut.to)
				require.True(t, found)
				script = before
				if cut.to != "" {
					script += rest
				}
			}
			// One line, so that messages have the file's own. _soft leaves out
			// what takes long.
			r := h.Run(m, &job.Job{Payload: []byte("_soft = true; local function file(...) " + escaped(script) + "\nend file()")})
			require.Equal(t, job.Success, r.End, r.Error)
		})
	}
}

// escaped writes the bytes beyond ASCII as Lua does: these files are no UTF-8.
func escaped(script string) string {
	var b strings.Builder
	for i := range len(script) {
		if c := script[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%d`, c)
		}
	}
	return b.String()
}

// TestLua has what is Lua's alone.
func TestLua(t *testing.T) {
	h := hosttest.New(t, hosttest.Options{CacheDir: compiled})
	m := h.LoadFile(built + "/lua.wasm")
	for script, want := range map[string]string{
		`return "a\0b"`:                          "a\x00b",
		`return 1, 2`:                            "1",
		`return {}`:                              "[]",
		`return {[2] = "b", [1] = "a"}`:          `["a","b"]`,
		`return {n = 1 / 0}`:                     `{"n":null}`,
		`return 2 ^ 40`:                          "1099511627776",
		`return {s = "\255"}`:                    `{"s":{"$bytes":"/w=="}}`,
		`return os.date("!%Y-%m-%d %H:%M:%S")`:   "2026-01-02 03:04:05",
		`return os.getenv or os.execute or "no"`: "no",
		`return tostring(io or dofile or loadfile or require or module or package)`:                                      "nil",
		`local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return c() + c() + c()`:         "6",
		`local ok, e = pcall(kv_get, 1) return tostring(e)`:                                                              "invalid_argument: a key is a text or bytes, and not a number",
		`local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) return t.hey`:                        "hey!",
		`local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(3000)`:                         "3000",
		`local ok, e = pcall(function() local function f() return 1 + f() end f() end) return e:match("stack overflow")`: "stack overflow",
	} {
		r := h.Run(m, &job.Job{Payload: []byte(script)})
		require.Equal(t, job.Success, r.End, "%s: %s", script, r.Error)
		require.Equal(t, want, string(r.Output), script)
	}
	for script, want := range map[string]string{
		"local x = {}\n\nreturn x.y.z": "script:3: attempt to index a non-table object(nil) with key 'z'",
		"local x = 1\nlocal = 2":       "script:2: syntax error near '='",
		"local x = {1,":                "script: syntax error at the end",
		"goto nowhere":                 "no visible label 'nowhere' for <goto> at line 1",
		"error({})":                    "script:1: the script raised an error that is a table without code and message",
		"error(setmetatable({}, {__tostring = function() return 'mine' end}))": "script:1: mine",
		"error('', 0)":       "script:1: the script raised an error without a word",
		"error(true)":        "script:1: the script raised an error that is a boolean",
		"return {1, a = 2}":  "invalid_argument: a table that leaves the script is a list or a map, and not both",
		"return {1, [3]= 2}": "invalid_argument: the keys of a list that leaves the script are 1, 2, 3 and so on, without a gap",
		"return {[{}] = 1}":  "invalid_argument: the keys of a table that leaves the script are strings, or those of a list, and not of type table",
		"math.random(0)":     "script:1: bad argument #1 to random (interval is empty)",
		"coroutine.wrap(function() error('inside') end)()": "inside",
	} {
		r := h.Run(m, &job.Job{Payload: []byte(script)})
		require.Equal(t, job.ScriptError, r.End, script)
		require.Contains(t, r.Error, want, script)
	}
}
