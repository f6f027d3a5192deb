// Package runners_test runs the runners that come with henge, in the real
// sandbox and with their manifests.
package runners_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// runner is one of them in a circle of its own.
type runner struct {
	*hosttest.Test
	*sandbox.Module
}

func load(t *testing.T, name string) runner {
	t.Helper()
	h := hosttest.New(t, hosttest.Options{})
	return runner{h, h.LoadFile("../../bin/modules/" + name + ".wasm")}
}

func (r runner) do(caller, payload string) *job.Result {
	return r.Test.Run(r.Module, &job.Job{Caller: caller, Payload: []byte(payload)})
}

// gives fails the test unless the payload's result is want.
func (r runner) gives(t *testing.T, payload, want string) {
	t.Helper()
	result := r.do(hosttest.Circle, payload)
	require.Equal(t, job.Success, result.End, result.Error)
	require.Equal(t, want, string(result.Output))
}

// refuses fails the test unless the payload is refused before the job starts.
func (r runner) refuses(t *testing.T, payload, want string) {
	t.Helper()
	result := r.do(hosttest.Circle, payload)
	require.Equal(t, job.Refused, result.End, "%.200s", payload)
	require.Contains(t, result.Error, want)
	require.Empty(t, r.Calls(), "nothing was asked of the host")
}

func TestHTTPRequest(t *testing.T) {
	r := load(t, "http_request")
	for payload, want := range map[string]string{
		``:                                      "the payload is empty",
		`"http://a/"`:                           "at the top: got string, want object",
		`{}`:                                    "at the top: missing property 'url'",
		`{"url":"ftp://a/"}`:                    "at /url: 'ftp://a/' does not match pattern '^https?://'",
		`{"url":"http://a/","method":"get"}`:    "at /method: value must be one of 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'",
		`{"url":"http://a/","headers":{"a":1}}`: "at /headers/a: got number, want string",
		`{"url":"http://a/","body":{}}`:         "at /body: missing property '$bytes'",
		`{"url":"http://a/","timeout_ms":0.5}`:  "at /timeout_ms: got number, want integer",
		`{"url":"http://a/","verb":"GET"}`:      `at the top: there is no "verb"; there are body, headers, max_body, method, timeout_ms, url`,
	} {
		r.refuses(t, payload, want)
	}
	r.Strict()
	require.NoError(t, r.ExpectCalls(`
		http.fetch {"url":"http://a/"} => {"status":200,"headers":{"a":"b"},"body":"hi"}
		http.fetch {"url":"http://a/","method":"POST","headers":{"a":"b"},"body":"x","timeout_ms":5,"max_body":9} => {"status":404,"headers":{},"body":{"$bytes":"/w=="}}
		http.fetch {"url":"http://b/"} ! access_denied "not allowed"`))
	r.gives(t, " \n{\"url\":\"http://a/\"}\n", `{"body":"hi","headers":{"a":"b"},"status":200}`)
	r.gives(t, `{"url":"http://a/","method":"POST","headers":{"a":"b"},"body":"x","timeout_ms":5,"max_body":9}`, `{"body":{"$bytes":"/w=="},"headers":{},"status":404}`)
	denied := r.do(hosttest.Circle, `{"url":"http://b/"}`)
	require.Equal(t, job.ScriptError, denied.End)
	require.Equal(t, "access_denied: not allowed", denied.Error)
}

func TestSQL(t *testing.T) {
	r := load(t, "sql")
	for payload, want := range map[string]string{
		`{"sql":""}`:                        "at /sql: minLength: got 0, want 1",
		`{"sql":"SELECT 1","args":1}`:       "at /args: got number, want array or object",
		`{"sql":"SELECT 1","args":[[1]]}`:   "at /args/0: got array, want null or boolean or number or string or object",
		`{"sql":"SELECT 1","args":[{}]}`:    "at /args/0: minProperties: got 0, want 1",
		`{"sql":"SELECT 1","max_rows":0}`:   "at /max_rows: minimum: got 0, want 1",
		`[]`:                                "at the top: minItems: got 0, want 1",
		`["SELECT 1"]`:                      "at /0: got string, want object",
		`[{"sql":"SELECT 1"},{"args":[1]}]`: "at /1: missing property 'sql'",
		`[{"sql":"SELECT 1","max_rows":1}]`: `at /0: there is no "max_rows"; there are args, sql`,
	} {
		r.refuses(t, payload, want)
	}
	r.gives(t, `[
		{"sql": "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB)"},
		{"sql": "INSERT INTO t (name, data) VALUES (?, ?), ('b', NULL)", "args": ["a", {"$bytes": "/w=="}]},
		{"sql": "UPDATE t SET name = :new WHERE id = :id", "args": {"new": "c", "id": 2}}
	]`, `[{"changes":0,"last_id":0},{"changes":2,"last_id":2},{"changes":1,"last_id":0}]`)
	r.gives(t, `{"sql":"SELECT * FROM t ORDER BY id"}`, `{"columns":["id","name","data"],"rows":[[1,"a",{"$bytes":"/w=="}],[2,"c",null]],"more":false}`)
	r.gives(t, `{"sql":"SELECT name FROM t WHERE id = ?","args":[2]}`, `{"columns":["name"],"rows":[["c"]],"more":false}`)
	r.gives(t, `{"sql":"SELECT id FROM t","max_rows":1}`, `{"columns":["id"],"rows":[[1]],"more":true}`)
	r.gives(t, `{"sql":"INSERT INTO t (name) VALUES ('d') RETURNING id"}`, `{"columns":["id"],"rows":[[3]],"more":false}`)

	failed := r.do(hosttest.Circle, `[{"sql":"DELETE FROM t"},{"sql":"SELEC"}]`)
	require.Equal(t, job.ScriptError, failed.End)
	require.Contains(t, failed.Error, "statement 2: ")
	r.gives(t, `{"sql":"SELECT count(*) FROM t"}`, `{"columns":["count(*)"],"rows":[[3]],"more":false}`)

	denied := r.do("mallory", `{"sql":"SELECT * FROM t"}`)
	require.Equal(t, "access_denied: Insufficient authorization", denied.Error)
}

func TestRedis(t *testing.T) {
	r := load(t, "redis")
	for payload, want := range map[string]string{
		`[]`:             "at the top: minItems: got 0, want 1",
		`["GET","k"]`:    "at /0: got string, want array",
		`[[]]`:           "at /0: minItems: got 0, want 1",
		`[[1]]`:          "at /0/0: got number, want string",
		`[["GET",true]]`: "at /0/1: got boolean, want number or string or object",
		`{}`:             "at the top: got object, want array",
		`[` + strings.TrimSuffix(strings.Repeat(`["GET","k"],`, 1001), ",") + `]`: "at the top: maxItems: got 1,001, want 1,000",
	} {
		r.refuses(t, payload, want)
	}
	r.gives(t, `[["SET","k",{"$bytes":"/w=="}],["GET","k"],["INCRBY","n",4],["CONFIG","GET","*"],["GET","none"]]`,
		`[[true,"OK"],[true,{"$bytes":"/w=="}],[true,4],[false,-1,"the Redis command \"CONFIG\" is not among those that a script may use"],[true,null]]`)
	denied := r.do("mallory", `[["GET","k"]]`)
	require.Contains(t, string(denied.Output)+denied.Error, "Insufficient authorization")
}

func TestTemplate(t *testing.T) {
	r := load(t, "template")
	for payload, want := range map[string]string{
		`{"data":{}}`:                         "at the top: missing property 'template'",
		`{"template":"a","data":[]}`:          "at /data: got array, want object",
		`{"template":"a","escape":"latex"}`:   "at /escape: value must be one of 'none', 'html', 'json'",
		`{"template":"a","parts":{"head":1}}`: "at /parts/head: got number, want string",
	} {
		r.refuses(t, payload, want)
	}
	for payload, want := range map[string]string{
		`{"template":"no data"}`: "no data",
		`{"template":"Hello, {{ user.name }}!","data":{"user":{"name":"Zoë"}}}`:                                                           "Hello, Zoë!",
		`{"template":"{% for x in list %}{% if not loop.first %}, {% endif %}{{ x.n }}{% endfor %}","data":{"list":[{"n":1},{"n":2.5}]}}`: "1, 2.5",
		`{"template":"{% if a %}yes{% else %}no{% endif %}","data":{"a":false}}`:                                                          "no",
		`{"template":"{{ a }}|{{ a | html }}|{{ b | json }}","data":{"a":"<'&\">","b":{"c":[1,null]}}}`:                                   `<'&">|&lt;&#39;&amp;&quot;&gt;|{"c":[1,null]}`,
		`{"template":"{{ a }}|{{ a | text }}","escape":"html","data":{"a":"<b>"}}`:                                                        "&lt;b&gt;|<b>",
		`{"template":"{\"a\": {{ a }} }","escape":"json","data":{"a":["<\"b\">",9223372036854775807]}}`:                                   `{"a": ["<\"b\">",9223372036854775807] }`,
		`{"template":"{% include \"head\" %} body","parts":{"head":"<{{ title }}>"},"data":{"title":"T"}}`:                                "<T> body",
		`{"template":"{% with a.b as c %}{{ c }}{% endwith %}","data":{"a":{"b":7}}}`:                                                     "7",
	} {
		r.gives(t, payload, want)
	}
	for payload, want := range map[string]string{
		`{"template":"a\n{{ b"}`:                                                 "the template: ",
		`{"template":"a\n{{ nobody }}","data":{"a":1}}`:                          "not found in this scope",
		`{"template":"{{ a | upper }}","data":{"a":1}}`:                          "unknown",
		`{"template":"x","parts":{"p":"{% if %}"}}`:                              "the part p: ",
		`{"template":"{% include \"p\" %}","parts":{"p":"{% include \"p\" %}"}}`: "the template: ",
	} {
		result := r.do(hosttest.Circle, payload)
		require.Equal(t, job.ScriptError, result.End, "%s: %s", payload, result.Output)
		require.Contains(t, result.Error, want)
		require.True(t, result.NoRetry)
	}
}

// TestSmallAndFresh keeps runners small, and their instances reset: what a
// module weighs, each worker that serves it carries.
func TestSmallAndFresh(t *testing.T) {
	for name, most := range map[string]int{"http_request": 64 << 10, "sql": 64 << 10, "redis": 64 << 10, "template": 256 << 10} {
		r := load(t, name)
		require.Empty(t, r.NotReset, name)
		require.Less(t, r.Size, most, name)
		text, err := os.ReadFile(name + "/manifest.json")
		require.NoError(t, err)
		manifest, err := abi.ParseManifest(text)
		require.NoError(t, err)
		require.Equal(t, manifest.Name, r.Manifest.Name)
	}
}
