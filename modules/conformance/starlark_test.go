package conformance_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
)

// TestStarlark has what is Starlark's alone.
func TestStarlark(t *testing.T) {
	h := hosttest.New(t, hosttest.Options{CacheDir: compiled})
	m := h.LoadFile(built + "/starlark.wasm")
	for script, want := range map[string]string{
		"result = 1 << 70":                                                                  "1180591620717411303424",
		"result = [1 << 70, 2.0, float('nan')]":                                             "[1180591620717411303424,2.0,null]",
		"result = {'a': (1, None), 'b': b'\\xff'}":                                          `{"a":[1,null],"b":{"$bytes":"/w=="}}`,
		"result = struct(a = 1)":                                                            `{"a":1}`,
		"result = set([1, 2])":                                                              "[1,2]",
		"result = range(3)":                                                                 "[0,1,2]",
		"result = 'a\\n\\x01\"'":                                                            "a\n\x01\"",
		"result = ['a\\n\\x01\"']":                                                          `["a\n\u0001\""]`,
		"result = json.encode(json.decode('{\"a\":[1]}'))":                                  `{"a":[1]}`,
		"result = math.floor(2.5)":                                                          "2",
		"def f(n): return n if n == 0 else f(n - 1)\nresult = f(900)":                       "0",
		"t = attempt(lambda a, b: a + b, 1, b = 2)\nresult = [t.value, t.error]":            "[3,null]",
		"result = attempt(lambda: 1 // 0).error.message":                                    "floored division by zero",
		"result = attempt(fail, 'a', 1, sep = '-', code = 'mine').error.code":               "mine",
		"result = attempt(lambda: fail(attempt(kv_get, 1).error)).error.code":               "invalid_argument",
		"result = attempt(redis_get).error.message":                                         "redis_get takes 1 argument, and got 0",
		"result = attempt(redis_get, key = 'a').error.message":                              "redis_get takes no named arguments",
		"result = attempt(kv_set, 'a', 1).error.message":                                    "a value is a text or bytes, and not a number",
		"result = attempt(sql_query, 'SELECT 1', 2).error.message":                          "the arguments of a statement are a list or a map, and not a number",
		"result = attempt(redis_pipeline, [1]).error.message":                               "redis_pipeline takes a list of lists",
		"result = attempt(kv_list, 'a', 'b', -1).error.message":                             "the number of keys is a whole number from 0 to 4294967295",
		"result = attempt(progress, 'a').error.message":                                     "progress takes numbers, and not a text",
		"result = attempt(log_info, 'a', 1).error.message":                                  "what stands beside a line is a map, and not a number",
		"result = rand(-9223372036854775807 - 1, 9223372036854775807) in (0, 1) or 'other'": "other",
	} {
		r := h.Run(m, &job.Job{Payload: []byte(script)})
		require.Equal(t, job.Success, r.End, "%s: %s", script, r.Error)
		require.Equal(t, want, string(r.Output), script)
	}
	for script, want := range map[string]string{
		"x = 1\nresult = seen":               "script:2:10: undefined: seen",
		"load('a', 'b')":                     "script:1:1: load not implemented by this application",
		"def f():\n  return 1 + f()\nf()":    "calls are nested too deeply",
		"def f(): attempt(f)\nf()":           "calls are nested too deeply",
		"result = {1: 2}":                    "invalid_argument: the keys of a map that leaves the script are texts, and not of type int",
		"def f(): pass\nresult = [f]":        "invalid_argument: a value of type function cannot leave the script",
		"result = []\nresult.append(result)": "invalid_argument: a value has more than 64 levels",
		"json.x = 1":                         "script:1:5: ",
		"print = 1\nprint(2)":                "script:2:6: invalid call of non-function (int)",
	} {
		r := h.Run(m, &job.Job{Payload: []byte(script)})
		require.Equal(t, job.ScriptError, r.End, script)
		require.Contains(t, r.Error, want, script)
	}
}
