package rhai_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// value is a reply of Redis.
func value(v any) abi.Value { return abi.Value{V: v} }

func answers(a ...any) []any { return a }

// TestHost has scripts call the host: what it is asked, and what the script
// makes of the answer.
func TestHost(t *testing.T) {
	h := &captest.Contract{}
	m := loadWith(t, sandbox.Options{Capabilities: h.Capabilities()})
	denied := &abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}
	rows := abi.Rows{Columns: []string{"id", "name"}, Rows: [][]abi.Value{{value(int64(1)), value("a")}, {value(int64(2)), value(nil)}}}

	for name, c := range map[string]struct {
		script  string
		answers []any
		asked   string // one line for each call
		output  string
	}{
		"redis_get":                {`redis_get("k")`, answers(value("v")), `redis.do ["GET","k"]`, "v"},
		"redis_get of nothing":     {`redis_get("k") == ()`, answers(value(nil)), `redis.do ["GET","k"]`, "true"},
		"redis_get of bytes":       {`redis_get(blob(2, 255)).type_of()`, answers(value([]byte{0xff})), `redis.do ["GET",{"$bytes":"//8="}]`, "blob"},
		"redis_set":                {`redis_set("k", 7)`, answers(value("OK")), `redis.do ["SET","k",7]`, "true"},
		"redis_set for a time":     {`redis_set("k", 1.5, 60)`, answers(value("OK")), `redis.do ["SET","k",1.5,"EX",60]`, "true"},
		"redis_setnx":              {`redis_setnx("k", 'c')`, answers(value(int64(0))), `redis.do ["SETNX","k","c"]`, "false"},
		"redis_mget":               {`redis_mget(["a", "b"])`, answers(value([]any{"1", nil})), `redis.do ["MGET","a","b"]`, `["1", ()]`},
		"redis_del":                {`redis_del(["a", "b"])`, answers(value(int64(2))), `redis.do ["DEL","a","b"]`, "2"},
		"redis_exists":             {`redis_exists("k")`, answers(value(int64(1))), `redis.do ["EXISTS","k"]`, "true"},
		"redis_incr":               {`redis_incr("k")`, answers(value(int64(1)<<60 + 1)), `redis.do ["INCR","k"]`, "1152921504606846977"},
		"redis_decr":               {`redis_decr("k")`, answers(value(int64(-1))), `redis.do ["DECR","k"]`, "-1"},
		"redis_expire":             {`redis_expire("k", 60)`, answers(value(int64(1))), `redis.do ["EXPIRE","k",60]`, "true"},
		"redis_ttl":                {`redis_ttl("k")`, answers(value(int64(-2))), `redis.do ["TTL","k"]`, "-2"},
		"redis_hset":               {`redis_hset("k", "f", "v")`, answers(value(int64(1))), `redis.do ["HSET","k","f","v"]`, "1"},
		"redis_hset of a map":      {`redis_hset("k", #{b: 2, a: 1})`, answers(value(int64(2))), `redis.do ["HSET","k","a",1,"b",2]`, "2"},
		"redis_hget":               {`redis_hget("k", "f")`, answers(value("v")), `redis.do ["HGET","k","f"]`, "v"},
		"redis_hgetall":            {`redis_hgetall("k").f`, answers(value(map[string]any{"f": "v"})), `redis.do ["HGETALL","k"]`, "v"},
		"redis_keys":               {`redis_keys("a*")`, answers(value([]any{"7", []any{"a1"}}), value([]any{"0", []any{"a2"}})), `redis.do ["SCAN","0","MATCH","a*"]` + "\n" + `redis.do ["SCAN","7","MATCH","a*"]`, `["a1", "a2"]`},
		"redis_hdel":               {`redis_hdel("k", ["f", "g"])`, answers(value(int64(2))), `redis.do ["HDEL","k","f","g"]`, "2"},
		"redis_lpush":              {`redis_lpush("k", "v")`, answers(value(int64(1))), `redis.do ["LPUSH","k","v"]`, "1"},
		"redis_rpush":              {`redis_rpush("k", [1, 2])`, answers(value(int64(2))), `redis.do ["RPUSH","k",1,2]`, "2"},
		"redis_lpop":               {`redis_lpop("k")`, answers(value("v")), `redis.do ["LPOP","k"]`, "v"},
		"redis_rpop":               {`redis_rpop("k")`, answers(value("v")), `redis.do ["RPOP","k"]`, "v"},
		"redis_lrange":             {`redis_lrange("k", 0, -1)`, answers(value([]any{"a"})), `redis.do ["LRANGE","k",0,-1]`, `["a"]`},
		"redis_llen":               {`redis_llen("k")`, answers(value(int64(3))), `redis.do ["LLEN","k"]`, "3"},
		"redis_sadd":               {`redis_sadd("k", ["a"])`, answers(value(int64(1))), `redis.do ["SADD","k","a"]`, "1"},
		"redis_smembers":           {`redis_smembers("k")`, answers(value([]any{"a"})), `redis.do ["SMEMBERS","k"]`, `["a"]`},
		"redis_srem":               {`redis_srem("k", "a")`, answers(value(int64(1))), `redis.do ["SREM","k","a"]`, "1"},
		"redis_zadd":               {`redis_zadd("k", 1.5, "a")`, answers(value(int64(1))), `redis.do ["ZADD","k",1.5,"a"]`, "1"},
		"redis_zrange":             {`redis_zrange("k", 0, -1)`, answers(value([]any{"a"})), `redis.do ["ZRANGE","k",0,-1]`, `["a"]`},
		"redis":                    {`redis("GETRANGE", "k", 0, 3)`, answers(value("abcd")), `redis.do ["GETRANGE","k",0,3]`, "abcd"},
		"redis of an array":        {`redis(["PING"])`, answers(value("PONG")), `redis.do ["PING"]`, "PONG"},
		"redis of twelve":          {`redis("A",1,2,3,4,5,6,7,8,9,10,11)`, answers(value(nil)), `redis.do ["A",1,2,3,4,5,6,7,8,9,10,11]`, ""},
		"redis_pipeline":           {`let r = redis_pipeline([["INCR", "k"], ["X"]]); r[0] + r[1].code`, answers([]any{[]any{true, 3}, []any{false, int64(abi.AccessDenied), "X is not allowed"}}), `redis.pipeline [["INCR","k"],["X"]]`, "3access_denied"},
		"method call":              {`"k".redis_get()`, answers(value("v")), `redis.do ["GET","k"]`, "v"},
		"sql_query":                {`let r = sql_query("select"); [r[0].id + 1, r[0].name, r[1].name]`, answers(rows), `sql.query {"sql":"select","max_rows":10000}`, `[2, "a", ()]`},
		"sql_query with a list":    {`sql_query("select", [1, "b", (), true]).len()`, answers(rows), `sql.query {"sql":"select","args":[1,"b",null,true],"max_rows":10000}`, "2"},
		"sql_query with names":     {`sql_query("select", #{a: 1}).len()`, answers(rows), `sql.query {"sql":"select","args":{"a":1},"max_rows":10000}`, "2"},
		"sql_query of some":        {`sql_query("select", (), 2).len()`, answers(abi.Rows{Columns: rows.Columns, Rows: rows.Rows, More: true}), `sql.query {"sql":"select","max_rows":2}`, "2"},
		"sql_query of too many":    {`try { sql_query("select") } catch (e) { output(e.code) }`, answers(abi.Rows{More: true}), `sql.query {"sql":"select","max_rows":10000}`, "too_large"},
		"sql_exec":                 {`let d = sql_exec("insert", [2.0]); [d.changes, d.last_id]`, answers(abi.Changes{Changes: 1, LastID: 9}), `sql.exec {"sql":"insert","args":[2.0]}`, "[1, 9]"},
		"kv_get":                   {`kv_get("k")`, answers(captest.Raw("v")), `kv.get k`, "v"},
		"kv_get of nothing":        {`kv_get("k") == ()`, answers(&abi.Error{Code: abi.NotFound, Message: "no"}), `kv.get k`, "true"},
		"kv_get of bytes":          {`kv_get("k").len()`, answers(captest.Raw("\xff\xfe")), `kv.get k`, "2"},
		"kv_get of much":           {`kv_get("k").len()`, answers(captest.Raw(strings.Repeat("x", 100_000))), `kv.get k`, "100000"},
		"kv_set":                   {`kv_set("k", "v"); kv_set("k", blob(1, 255), 50)`, answers(nil, nil), `kv.set {"key":"k","value":"v"}` + "\n" + `kv.set {"key":"k","value":{"$bytes":"/w=="},"ttl_ms":50}`, ""},
		"kv_delete":                {`kv_delete("k")`, answers(nil), `kv.delete k`, ""},
		"kv_list":                  {`kv_list("a")`, answers(abi.KVKeys{Keys: []abi.Value{value("a1")}, More: true}, abi.KVKeys{Keys: []abi.Value{value("a2")}}), `kv.list {"prefix":"a"}` + "\n" + `kv.list {"prefix":"a","after":"a1"}`, `["a1", "a2"]`},
		"kv_list of a page":        {`kv_list("a", (), 1)`, answers(abi.KVKeys{Keys: []abi.Value{value("a1")}, More: true}), `kv.list {"prefix":"a","limit":1}`, `["a1"]`},
		"role":                     {`role()`, answers(captest.Raw("reader")), `circle.role`, "reader"},
		"publish":                  {`publish("table", "t")`, answers(nil), `circle.publish {"kind":"table","name":"t"}`, ""},
		"unpublish":                {`unpublish("prefix", "p")`, answers(nil), `circle.unpublish {"kind":"prefix","name":"p"}`, ""},
		"http_get":                 {`let r = http_get("http://a/"); [r.status, r.headers.a, r.body]`, answers(abi.Fetched{Status: 200, Headers: map[string]string{"a": "b"}, Body: value("c")}), `http.fetch {"method":"GET","url":"http://a/"}`, `[200, "b", "c"]`},
		"http_get with headers":    {`http_get("u", #{a: "b"}).status`, answers(abi.Fetched{Status: 404}), `http.fetch {"method":"GET","url":"u","headers":{"a":"b"}}`, "404"},
		"http_post":                {`http_post("u", "body").status`, answers(abi.Fetched{Status: 201}), `http.fetch {"method":"POST","url":"u","body":"body"}`, "201"},
		"http_put":                 {`http_put("u", blob(1, 1), #{a: "b"}).status`, answers(abi.Fetched{Status: 204}), `http.fetch {"method":"PUT","url":"u","headers":{"a":"b"},"body":{"$bytes":"AQ=="}}`, "204"},
		"http_delete":              {`http_delete("u").status`, answers(abi.Fetched{Status: 204}), `http.fetch {"method":"DELETE","url":"u"}`, "204"},
		"http_fetch":               {`http_fetch(#{url: "u", timeout_ms: 5}).status`, answers(abi.Fetched{Status: 200}), `http.fetch {"url":"u","timeout_ms":5}`, "200"},
		"job_submit":               {`job_submit("rhai", "1 + 1")`, answers(abi.SubmittedJob{ID: "j2"}), `queue.submit {"type":"rhai","payload":"1 + 1"}`, "j2"},
		"job_submit with options":  {`job_submit("rhai", "1", #{retries: 2, env: #{A: "b"}})`, answers(abi.SubmittedJob{ID: "j2"}), `queue.submit {"type":"rhai","payload":"1","retries":2,"env":{"A":"b"}}`, "j2"},
		"job_submit of a map":      {`job_submit(#{type: "sum", payload: "1"})`, answers(abi.SubmittedJob{ID: "j2"}), `queue.submit {"type":"sum","payload":"1"}`, "j2"},
		"job_wait":                 {`let e = job_wait("j2"); e.status + e.output + e.error`, answers(abi.WaitedJobs{"j2": {Status: "succeeded", Output: value("42")}}), `queue.wait {"ids":["j2"]}`, "succeeded42"},
		"job_wait in vain":         {`job_wait("j2", 5) == ()`, answers(abi.WaitedJobs{}), `queue.wait {"ids":["j2"],"timeout_ms":5}`, "true"},
		"job_wait of two":          {`job_wait(["a", "b"], 5).b.error`, answers(abi.WaitedJobs{"b": {Status: "failed", Error: "why"}}), `queue.wait {"ids":["a","b"],"timeout_ms":5}`, "why"},
		"caught":                   {`try { redis_get("k") } catch (e) { output(e.code + ", " + e.message) }`, answers(denied), `redis.do ["GET","k"]`, "access_denied, Insufficient authorization"},
		"caught in a function":     {`fn f() { redis_get("k") } try { f() } catch (e) { output(e.code) }`, answers(denied), `redis.do ["GET","k"]`, "access_denied"},
		"thrown again":             {`try { try { redis_get("k") } catch (e) { throw e } } catch (e) { output(e.code) }`, answers(denied), `redis.do ["GET","k"]`, "access_denied"},
		"what cannot be sent":      {`try { redis_set("k", |x| x) } catch (e) { output(e.code) }`, nil, "", "invalid_argument"},
		"what has itself inside":   {`let a = []; let f = || a; a.push(a); let i = 0; while i < 100 { a = [a]; i += 1 } try { redis(a) } catch (e) { output(e.code) }`, nil, "", "invalid_argument"},
		"a field nobody knows":     {`try { http_fetch(#{url: "u", metod: "GET"}) } catch (e) { output(e.code) }`, nil, "", "invalid_argument"},
		"a script's own functions": {`fn role() { "mine" } fn output(x) { 2 } role() + output(1)`, nil, "", "mine2"},
	} {
		t.Run(name, func(t *testing.T) {
			h.Asked, h.Answers = nil, c.answers
			got := run(m, c.script, time.Minute)
			require.True(t, got.OK, got.Text)
			require.Equal(t, c.output, got.Text)
			require.Equal(t, c.asked, strings.Join(h.Asked, "\n"))
			require.Empty(t, h.Answers, "every answer was asked for")
		})
	}
}

// TestRefusalEndsJob shows what a job says whose script does not catch.
func TestRefusalEndsJob(t *testing.T) {
	h := &captest.Contract{}
	m := loadWith(t, sandbox.Options{Capabilities: h.Capabilities()})
	denied := &abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}
	for script, want := range map[string]string{
		"let x = 1;\nredis_get(\"k\")":                 "access_denied: Insufficient authorization (line 2, position 1)",
		"fn f() {\n redis_get(\"k\") }\n\nf()":         "access_denied: Insufficient authorization (line 2, position 2)",
		`try { redis_get("k") } catch (e) { throw e }`: "access_denied: Insufficient authorization (line 1, position 36)",
		`kv_get(1)`: "invalid_argument: a key is a text or a blob, and not of type i64 (line 1, position 1)",
		`throw #{code: "mine", message: "of the script"}`: "mine: of the script (line 1, position 1)",
		`throw #{code: 1}`: `Runtime error: #{"code": 1} (line 1, position 1)`,
	} {
		h.Answers = answers(denied)
		r := m.Run(context.Background(), newJob(script, time.Minute))
		require.Equal(t, job.ScriptError, r.End)
		require.Equal(t, want, r.Error)
	}
}

// TestOutput shows who decides on the result.
func TestOutput(t *testing.T) {
	m := load(t)
	for script, want := range map[string]string{
		`output("a"); output(1); 7`:             "a1",
		`output(()); 7`:                         "",
		`output(blob(2, 65)); output([1, 'c'])`: "AA[1, 'c']",
		`fn f() { output("f") } f(); "x"`:       "f",
		`"x"`:                                   "x",
	} {
		// Twice, so that what one job wrote is not taken for the next one's.
		for range 2 {
			require.Equal(t, want, run(m, script, time.Minute).Text, script)
		}
	}
}

func TestLogAndProgress(t *testing.T) {
	r := load(t).Run(context.Background(), newJob(`log_debug("a"); log_info(1); log_warn([2]); log_error("e", #{n: 1, t: "x"}); progress(1); progress(1, 4); progress(0.5, 4, "half")`, time.Minute))
	require.Equal(t, job.Success, r.End, r.Error)
	var lines []string
	for _, l := range r.Log {
		lines = append(lines, fmt.Sprint(l.Level, " ", l.Text, " ", l.Fields))
	}
	require.Len(t, lines, 7)
	require.Equal(t, []string{"debug a map[]", "info 1 map[]", "warn [2] map[]", "error e map[n:1 t:x]"}, lines[:4])
	require.Contains(t, lines[6], "half")
	require.Contains(t, run(load(t), `progress("a")`, time.Minute).Text, "invalid_argument: progress takes numbers")
}

// TestRandomIsNew shows that no two jobs draw the same.
func TestRandomIsNew(t *testing.T) {
	m := load(t)
	seen := map[string]bool{}
	for range 500 {
		got := run(m, `[rand(), rand_float(), random(), random_bytes(8)]`, time.Minute)
		require.True(t, got.OK, got.Text)
		seen[got.Text] = true
	}
	require.Len(t, seen, 500)
	for script, want := range map[string]string{
		`for i in 0..200 { let r = rand(3, 5); if r < 3 || r > 5 { throw r } }`:                      "",
		`for i in 0..200 { let r = rand(3..5); if r < 3 || r > 4 { throw r } }`:                      "",
		`for i in 0..200 { let r = rand(3..=5); if r < 3 || r > 5 { throw r } }`:                     "",
		`for i in 0..200 { let r = random(); if r < 0.0 || r >= 1.0 { throw r } }`:                   "",
		`let s = [0, 0, 0]; for i in 0..200 { s[rand(0, 2)] += 1; } s.index_of(0)`:                   "-1",
		`let s = [0, 0]; for i in 0..200 { s[if rand_bool() { 1 } else { 0 }] += 1; } s.index_of(0)`: "-1",
		`rand(7, 7)`:                "7",
		`random_bytes(10000).len()`: "10000",
		`try { rand(2, 1) } catch (e) { output(e.code) }`:                             "invalid_argument",
		`try { rand(1..1) } catch (e) { output(e.code) }`:                             "invalid_argument",
		`try { random_bytes(-1) } catch (e) { output(e.code) }`:                       "invalid_argument",
		`for i in 0..20 { rand(-9223372036854775807 - 1, 9223372036854775807) } "ok"`: "ok",
	} {
		require.Equal(t, want, run(m, script, time.Minute).Text, script)
	}
}

// TestUnserved shows an engine on a worker that serves none of it.
func TestUnserved(t *testing.T) {
	got := run(load(t), `try { redis_get("k") } catch (e) { output(e.code + ": " + e.message) }`, time.Minute)
	require.Equal(t, "unsupported: this worker does not serve henge_redis_v1", got.Text)
}

// TestEveryFunctionIsDocumented compares what the engine registers with the
// list for people.
func TestEveryFunctionIsDocumented(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("`(\\w+)\\(").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = true
	}
	files, err := filepath.Glob("src/host/*.rs")
	require.NoError(t, err)
	const commands = "../../guest/rust/src/redis/functions.rs"
	registered := map[string]bool{}
	for _, file := range append(files, commands) {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?:register_fn\(\s*|variadic\(engine, |\(|\[)"(\w+)", (?:\w+, \w+, (?:Plain|Bool)\)|Level::|"[A-Z]+"|)`).FindAllStringSubmatch(string(source), -1) {
			name := m[1]
			if (file == commands || filepath.Base(file) == "redis.rs") && !strings.HasPrefix(name, "redis") {
				name = "redis_" + name
			}
			registered[name] = true
		}
	}
	require.Greater(t, len(registered), 70)
	require.Equal(t, registered, documented)
}
