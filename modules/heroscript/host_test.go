package heroscript_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

const file = "../../bin/modules/heroscript.wasm"

// value is a reply of Redis.
func value(v any) abi.Value { return abi.Value{V: v} }

func answers(a ...any) []any { return a }

// TestHost has actions call the host: what it is asked, and what they answer.
func TestHost(t *testing.T) {
	c := &captest.Contract{}
	h := hosttest.New(t, hosttest.Options{Capabilities: c.Capabilities()})
	m := h.LoadFile(file)
	rows := abi.Rows{Columns: []string{"id", "name"}, Rows: [][]abi.Value{{value(int64(1)), value("a")}, {value(int64(2)), value(nil)}}}

	for name, test := range map[string]struct {
		script  string
		answers []any
		asked   string // one line for each call
		output  string
	}{
		"redis.get":              {"!!redis.get k", answers(value("v")), `redis.do ["GET","k"]`, "v"},
		"redis.get of nothing":   {"!!redis.get k", answers(value(nil)), `redis.do ["GET","k"]`, ""},
		"redis.get of bytes":     {"!!redis.get k", answers(value([]byte{0xff})), `redis.do ["GET","k"]`, "\xff"},
		"redis.set":              {"!!redis.set k 'a b'", answers(value("OK")), `redis.do ["SET","k","a b"]`, "true"},
		"redis.set of a list":    {"!!redis.set key:k value:a,b", answers(value("OK")), `redis.do ["SET","k","a,b"]`, "true"},
		"redis.set for a time":   {"!!redis.set key:k value:v seconds:60", answers(value("OK")), `redis.do ["SET","k","v","EX",60]`, "true"},
		"redis.setnx":            {"!!redis.setnx k v", answers(value(int64(0))), `redis.do ["SETNX","k","v"]`, "false"},
		"redis.mget":             {"!!redis.mget key:a, b", answers(value([]any{"1", nil})), `redis.do ["MGET","a","b"]`, `["1",null]`},
		"redis.del":              {"!!redis.del a b", answers(value(int64(2))), `redis.do ["DEL","a","b"]`, "2"},
		"redis.exists":           {"!!redis.exists k", answers(value(int64(1))), `redis.do ["EXISTS","k"]`, "true"},
		"redis.incr":             {"!!redis.incr k", answers(value(int64(1)<<60 + 1)), `redis.do ["INCR","k"]`, "1152921504606846977"},
		"redis.incrby":           {"!!redis.incrby k n:5", answers(value(int64(5))), `redis.do ["INCRBY","k",5]`, "5"},
		"redis.hset":             {"!!redis.hset k field:f value:'v w'", answers(value(int64(1))), `redis.do ["HSET","k","f","v w"]`, "1"},
		"redis.hgetall":          {"!!redis.hgetall k", answers(value(map[string]any{"f": "v"})), `redis.do ["HGETALL","k"]`, `{"f":"v"}`},
		"redis.hmget":            {"!!redis.hmget k f g", answers(value([]any{"1", "2"})), `redis.do ["HMGET","k","f","g"]`, `["1","2"]`},
		"redis.keys":             {"!!redis.keys a*", answers(value([]any{"7", []any{"a1"}}), value([]any{"0", []any{"a2"}})), `redis.do ["SCAN","0","MATCH","a*"]` + "\n" + `redis.do ["SCAN","7","MATCH","a*"]`, `["a1","a2"]`},
		"redis.rpush":            {"!!redis.rpush k value:1, 2", answers(value(int64(2))), `redis.do ["RPUSH","k",1,2]`, "2"},
		"redis.lrange":           {"!!redis.lrange k 0 -1", answers(value([]any{"a"})), `redis.do ["LRANGE","k",0,-1]`, `["a"]`},
		"redis.ltrim":            {"!!redis.ltrim k 0 1", answers(value("OK")), `redis.do ["LTRIM","k",0,1]`, "true"},
		"redis.zadd":             {"!!redis.zadd k 1.5 a", answers(value(int64(1))), `redis.do ["ZADD","k",1.5,"a"]`, "1"},
		"redis.zscore":           {"!!redis.zscore k a", answers(value(1.5)), `redis.do ["ZSCORE","k","a"]`, "1.5"},
		"redis.set of a number":  {"!!redis.set k 007\n!!redis.set k '7'\n!!redis.set k 7", answers(value("OK"), value("OK"), value("OK")), `redis.do ["SET","k","007"]` + "\n" + `redis.do ["SET","k","7"]` + "\n" + `redis.do ["SET","k",7]`, "true"},
		"redis.pipeline":         {"!!redis.pipeline '\n  INCR k\n\n  SET a \"b c\"\n  '", answers([]any{[]any{true, 3}, []any{false, int64(abi.AccessDenied), "no"}}), `redis.pipeline [["INCR","k"],["SET","a","b c"]]`, `[3,{"code":"access_denied","message":"no"}]`},
		"redis.do":               {"!!redis.do GETRANGE k 0 3", answers(value("abcd")), `redis.do ["GETRANGE","k",0,3]`, "abcd"},
		"sql.query":              {"!!sql.query 'select'", answers(rows), `sql.query {"sql":"select","max_rows":10000}`, `[{"id":1,"name":"a"},{"id":2,"name":null}]`},
		"sql.query with a list":  {"!!sql.query sql:'select' args:1, 'b', null, true, 2.5, c", answers(rows), `sql.query {"sql":"select","args":[1,"b",null,true,2.5,"c"],"max_rows":10000}`, `[{"id":1,"name":"a"},{"id":2,"name":null}]`},
		"sql.query with names":   {"!!sql.query 'select' id:1 name:'7'", answers(rows), `sql.query {"sql":"select","args":{"id":1,"name":"7"},"max_rows":10000}`, `[{"id":1,"name":"a"},{"id":2,"name":null}]`},
		"sql.query of some":      {"!!sql.query 'select' max_rows:2", answers(abi.Rows{Columns: rows.Columns, More: true}), `sql.query {"sql":"select","max_rows":2}`, "[]"},
		"sql.query of too many":  {"!!on_error continue\n!!sql.query 'select'", answers(abi.Rows{More: true}), `sql.query {"sql":"select","max_rows":10000}`, `{"code":"too_large","message":"there are more than 10000 rows: add a LIMIT, or say max_rows"}`},
		"sql.exec":               {"!!sql.exec sql:'\n  insert\n  into\n  '\n  args:'x',", answers(abi.Changes{Changes: 1, LastID: 9}), `sql.exec {"sql":"insert\ninto","args":["x"]}`, `{"changes":1,"last_id":9}`},
		"kv.get":                 {"!!kv.get k", answers(captest.Raw("v")), `kv.get k`, "v"},
		"kv.get of nothing":      {"!!kv.get k", answers(&abi.Error{Code: abi.NotFound, Message: "no"}), `kv.get k`, ""},
		"kv.get of bytes":        {"!!kv.get k", answers(captest.Raw("\xff\xfe")), `kv.get k`, "\xff\xfe"},
		"kv.set":                 {"!!kv.set k v\n!!kv.set key:k value:w ttl_ms:50", answers(nil, nil), `kv.set {"key":"k","value":"v"}` + "\n" + `kv.set {"key":"k","value":"w","ttl_ms":50}`, ""},
		"kv.delete":              {"!!kv.delete k", answers(nil), `kv.delete k`, ""},
		"kv.list":                {"!!kv.list a", answers(abi.KVKeys{Keys: []abi.Value{value("a1")}, More: true}, abi.KVKeys{Keys: []abi.Value{value("a2")}}), `kv.list {"prefix":"a"}` + "\n" + `kv.list {"prefix":"a","after":"a1"}`, `["a1","a2"]`},
		"kv.list of a page":      {"!!kv.list a limit:1", answers(abi.KVKeys{Keys: []abi.Value{value("a1")}, More: true}), `kv.list {"prefix":"a","limit":1}`, `["a1"]`},
		"role":                   {"!!role", answers(captest.Raw("reader")), `circle.role`, "reader"},
		"publish":                {"!!publish table t", answers(nil), `circle.publish {"kind":"table","name":"t"}`, ""},
		"unpublish":              {"!!unpublish kind:prefix name:p", answers(nil), `circle.unpublish {"kind":"prefix","name":"p"}`, ""},
		"http.get of an address": {"!!http.get url:http://a/", answers(abi.Fetched{Status: 200, Headers: map[string]string{"a": "b"}, Body: value("c")}), `http.fetch {"method":"GET","url":"http://a/"}`, `{"status":200,"headers":{"a":"b"},"body":"c"}`},
		"http.get with headers":  {"!!http.get 'u' headers:'\n  Accept: text/plain\n  X-A: b:c\n  '", answers(abi.Fetched{Status: 404}), `http.fetch {"method":"GET","url":"u","headers":{"Accept":"text/plain","X-A":"b:c"}}`, `{"status":404,"headers":{},"body":null}`},
		"http.post":              {"!!http.post u 'a body' headers:'A: b'", answers(abi.Fetched{Status: 201}), `http.fetch {"method":"POST","url":"u","headers":{"A":"b"},"body":"a body"}`, `{"status":201,"headers":{},"body":null}`},
		"http.put":               {"!!http.put u body:b timeout_ms:5", answers(abi.Fetched{Status: 204}), `http.fetch {"method":"PUT","url":"u","body":"b","timeout_ms":5}`, `{"status":204,"headers":{},"body":null}`},
		"http.delete":            {"!!http.delete u", answers(abi.Fetched{Status: 204}), `http.fetch {"method":"DELETE","url":"u"}`, `{"status":204,"headers":{},"body":null}`},
		"http.fetch":             {"!!http.fetch u method:patch body:b max_body:9", answers(abi.Fetched{Status: 200}), `http.fetch {"method":"PATCH","url":"u","body":"b","max_body":9}`, `{"status":200,"headers":{},"body":null}`},
		"http.fetch of nothing":  {"!!http.fetch u", answers(abi.Fetched{Status: 200}), `http.fetch {"url":"u"}`, `{"status":200,"headers":{},"body":null}`},
		"job.submit":             {"!!job.submit rhai '1 + 1'", answers(abi.SubmittedJob{ID: "j2"}), `queue.submit {"type":"rhai","payload":"1 + 1"}`, "j2"},
		"job.submit in full":     {"!!job.submit\n  type:rhai\n  payload:'\n    40 + 2\n    '\n  retries:2 timeout_ms:9 delay_ms:1\n  env:A=b, 'C=d e'", answers(abi.SubmittedJob{ID: "j2"}), `queue.submit {"type":"rhai","payload":"40 + 2","timeout_ms":9,"retries":2,"delay_ms":1,"env":{"A":"b","C":"d e"}}`, "j2"},
		"job.wait":               {"!!job.wait j2", answers(abi.WaitedJobs{"j2": {Status: "succeeded", Output: value("42")}}), `queue.wait {"ids":["j2"]}`, `{"j2":{"status":"succeeded","output":"42","error":""}}`},
		"job.wait for its own":   {"!!job.submit rhai 1\n!!job.submit rhai 2\n!!job.wait timeout_ms:5", answers(abi.SubmittedJob{ID: "a"}, abi.SubmittedJob{ID: "b"}, abi.WaitedJobs{"b": {Status: "failed", Error: "why"}}), `queue.submit {"type":"rhai","payload":"1"}` + "\n" + `queue.submit {"type":"rhai","payload":"2"}` + "\n" + `queue.wait {"ids":["a","b"],"timeout_ms":5}`, `{"b":{"status":"failed","output":null,"error":"why"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			c.Asked, c.Answers = nil, test.answers
			r := h.Run(m, newJob(test.script))
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, test.output, string(r.Output))
			require.Equal(t, test.asked, strings.Join(c.Asked, "\n"))
			require.Empty(t, c.Answers, "every answer was asked for")
		})
	}
}

// TestRefusal shows what the host refuses: the job's end, or an answer.
func TestRefusal(t *testing.T) {
	c := &captest.Contract{}
	h := hosttest.New(t, hosttest.Options{Capabilities: c.Capabilities()})
	m := h.LoadFile(file)
	denied := &abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}

	c.Answers = answers(denied)
	r := h.Run(m, newJob("// first\n  !!redis.get k"))
	require.Equal(t, job.ScriptError, r.End)
	require.Equal(t, "access_denied: Insufficient authorization (line 2, position 3)", r.Error)
	require.False(t, r.NoRetry, "it may be allowed the next time")

	c.Answers = answers(denied, value("OK"))
	r = h.Run(m, newJob("!!on_error continue\n!!redis.get k\n!!redis.set k v"))
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, "true", string(r.Output))
	require.Len(t, r.Log, 1)
	require.Equal(t, "access_denied: Insufficient authorization (line 2, position 1)", r.Log[0].Text)

	for script, want := range map[string]string{
		"!!http.get u headers:abc":       `invalid_argument: a header is written Name: value, and not "abc"`,
		"!!job.submit rhai 1 env:A":      `invalid_argument: a variable is written NAME=value, and not "A"`,
		"!!job.wait":                     "invalid_argument: there is no job to wait for",
		"!!sql.query s args:1, 2 name:b": "invalid_argument: values are either args or named",
	} {
		require.Contains(t, h.Run(m, newJob(script)).Error, want, script)
	}
	require.True(t, h.Run(m, newJob("!!echo 'a")).NoRetry, "it will not be a script the next time")
	require.True(t, h.Run(m, newJob("!!fail no retry:false")).NoRetry)
}

func TestIdentity(t *testing.T) {
	h, m := load(t)
	run := func(script string) string {
		j := newJob(script)
		j.ID, j.Circle, j.Caller, j.Attempt, j.Env = "j1", "acme", "alice", 2, map[string]string{"A": "b c"}
		r := h.Run(m, j)
		require.Equal(t, job.Success, r.End, r.Error)
		return string(r.Output)
	}
	require.Equal(t, "acme", run("!!context_id"))
	require.Equal(t, "alice", run("!!caller_id"))
	require.Equal(t, `{"id":"j1","circle":"acme","caller":"alice","type":"heroscript","dialect":"local","attempt":2}`, run("!!identity"))
	require.Equal(t, "b c", run("!!env A"))
	require.Equal(t, "", run("!!env B"))
	require.Equal(t, `{"A":"b c"}`, run("!!env"))
}

func TestLogAndProgress(t *testing.T) {
	h, m := load(t)
	r := h.Run(m, newJob("!!print so far\n!!log.debug a\n!!log.info 'b c'\n!!log.warn text:d n:7\n!!log.error e f why:'g h'\n!!progress 1\n!!progress 0.5 total:4 text:half"))
	require.Equal(t, job.Success, r.End, r.Error)
	var lines []string
	for _, l := range r.Log {
		fields, err := abi.Encode(abi.JSON, abi.Value{V: l.Fields})
		require.NoError(t, err)
		lines = append(lines, l.Level.String()+" "+l.Text+" "+string(fields))
	}
	require.Equal(t, []string{"info so far {}", "debug a {}", "info b c {}", `warn d {"n":7}`, `error e f {"why":"g h"}`}, lines[:5])
	require.Contains(t, lines[6], "half")
	require.Contains(t, h.Run(m, newJob("!!progress much")).Error, "done is a number")
}

// TestRandomIsNew draws with the host's own randomness: no two jobs get the
// same.
func TestRandomIsNew(t *testing.T) {
	rt, err := sandbox.New(t.Context(), sandbox.Options{})
	require.NoError(t, err)
	binary, err := os.ReadFile(file)
	require.NoError(t, err)
	m, err := rt.Load(t.Context(), binary, &abi.Manifest{Name: "heroscript"}, job.Limits{})
	require.NoError(t, err)
	defer func() { require.NoError(t, rt.Close(t.Context())) }()
	const jobs = 300
	for _, script := range []string{"!!rand", "!!random", "!!random_bytes 8"} {
		seen := map[string]bool{}
		for range jobs {
			j := newJob(script)
			j.Circle = "acme"
			r := m.Run(t.Context(), j)
			require.Equal(t, job.Success, r.End, r.Error)
			seen[string(r.Output)] = true
		}
		require.Len(t, seen, jobs, script)
	}
	require.Empty(t, m.NotReset)
}

// TestEveryActionIsDocumented compares what the engine says of itself with the
// list for people.
func TestEveryActionIsDocumented(t *testing.T) {
	h, m := load(t)
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var documented []string
	for _, match := range regexp.MustCompile("`(!!\\w+\\.[^`]*)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, match[1])
	}
	r := h.Run(m, newJob("!!help"))
	require.Equal(t, job.Success, r.End, r.Error)
	require.ElementsMatch(t, strings.Split(string(r.Output), "\n"), documented)
}
