package guest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/job"
)

// made is one call of a kit: what the host was asked, what it answered, and
// what the guest made of it.
type made struct {
	answer any
	asked  string
	output string
}

func value(v any) abi.Value { return abi.Value{V: v} }

// TestCallsOfGo makes each call of the kit for Go. That for Rust is tried by the
// Rhai engine.
func TestCallsOfGo(t *testing.T) {
	testCalls(t, "go", map[string]made{
		"meta":      {output: "1 acme alice greet 1 b 50000"},
		"progress":  {},
		"clock":     {output: "true"},
		"redis":     {value("OK"), `redis.do ["SET","k",1.5,{"$bytes":"/w=="}]`, "OK"},
		"pipeline":  {[]any{[]any{true, 3}, []any{false, int64(abi.AccessDenied), "X is not allowed"}}, `redis.pipeline [["INCR","k"],["X"]]`, "3 access_denied: X is not allowed"},
		"query":     {abi.Rows{Columns: []string{"a"}, Rows: [][]abi.Value{{value(int64(7))}}, More: true}, `sql.query {"sql":"select","args":[1,null],"max_rows":2}`, "[a] [[7]] true"},
		"exec":      {abi.Changes{Changes: 1, LastID: 9}, `sql.exec {"sql":"insert","args":{"a":true}}`, "{1 9}"},
		"get":       {captest.Raw(strings.Repeat("x", 5000)), `kv.get k`, strings.Repeat("x", 5000) + " true"},
		"set":       {nil, `kv.set {"key":"k","value":{"$bytes":"/w=="},"ttl_ms":50}`, ""},
		"delete":    {&abi.Error{Code: abi.NotFound, Message: "no"}, `kv.delete k`, ""},
		"list":      {abi.KVKeys{Keys: []abi.Value{value("a2")}, More: true}, `kv.list {"prefix":"a","after":"a1","limit":3}`, "[a2] true"},
		"role":      {captest.Raw("reader"), `circle.role`, "reader"},
		"publish":   {nil, `circle.publish {"kind":"table","name":"t"}`, ""},
		"unpublish": {nil, `circle.unpublish {"kind":"prefix","name":"p"}`, ""},
		"fetch":     {abi.Fetched{Status: 404, Headers: map[string]string{"a": "b"}, Body: value([]byte("\xff"))}, `http.fetch {"method":"PUT","url":"u","headers":{"a":"b"},"body":{"$bytes":"Yw=="},"timeout_ms":5,"max_body":6}`, "404 map[a:b]\xff"},
		"submit":    {abi.SubmittedJob{ID: "j2"}, `queue.submit {"type":"rhai","payload":{"$bytes":"MQ=="},"retries":2,"env":{"A":"b"}}`, "j2"},
		"wait":      {abi.WaitedJobs{"j2": {Status: "failed", Output: value("part"), Error: "why"}}, `queue.wait {"ids":["j2"],"timeout_ms":5}`, "failed part why"},
	})
}

// TestCallsOfC makes each call of the kit for C, and reads what a reply can have.
func TestCallsOfC(t *testing.T) {
	exec := `sql.exec {"sql":"select"}`
	wanted := []any{-500, 0.5, true, nil, "t", map[string]any{}, "no number"}
	testCalls(t, "c", map[string]made{
		"progress":    {},
		"redis":       {captest.Raw("OK"), `redis.do ["SET","k","v"]`, "OK"},
		"query":       {captest.Raw("rows"), `sql.query {"sql":"select","args":[-1,{"$int":"9223372036854775807"},0.5,null,true,{"$bytes":"/w=="}],"max_rows":1000}`, "rows"},
		"plain query": {captest.Raw("rows"), `sql.query {"sql":"select"}`, "rows"},
		"exec":        {captest.Raw("done"), `sql.exec {"sql":"insert"}`, "done"},
		"get":         {captest.Raw("v"), `kv.get k`, "v"},
		"set":         {nil, `kv.set {"key":"k","value":"v"}`, ""},
		"publish":     {nil, `circle.publish {"kind":"table","name":"t"}`, ""},
		"unpublish":   {nil, `circle.unpublish {"kind":"prefix","name":"p"}`, ""},
		"fetch":       {captest.Raw("page"), `http.fetch {"url":"u"}`, "page"},
		"submit":      {captest.Raw("id"), `queue.submit {"type":"rhai","payload":"1"}`, "id"},
		"role":        {captest.Raw("owner"), `circle.role`, "owner"},
	})
	testCalls(t, "c", map[string]made{"field": {map[string]any{"a": []any{1, "x", map[string]any{"wanted": 1}}, "b": 1.5, "wanted": wanted}, exec, "ifbntmx0"}})
	// What is malformed is nothing found, and no way out of the reply.
	for _, reply := range []string{"", "\xa1", "\xa1\x66wanted", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "\xa1\x7b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa1\x61a\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00", "\x01", "\xff", "\xa1\x61a\x5f", "\xa1\x66wanted\x99"} {
		testCalls(t, "c", map[string]made{"field": {captest.Raw(reply), exec, "not found"}})
	}
}

func testCalls(t *testing.T, kit string, calls map[string]made) {
	t.Helper()
	host := &captest.Contract{}
	m := load(t, kit, "calls", host.Capabilities()...)
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			host.Asked, host.Answers = nil, []any{c.answer}
			r := run(m, name)
			require.Equal(t, job.Success, r.End, r.Error)
			require.Equal(t, c.output, string(r.Output))
			require.Equal(t, c.asked, strings.Join(host.Asked, "\n"))
			if c.asked == "" {
				return
			}
			host.Answers = []any{&abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}}
			if name == "field" {
				return
			}
			r = run(m, name)
			require.Equal(t, job.ScriptError, r.End)
			require.Contains(t, r.Error, "Insufficient authorization")
		})
	}
}
