package hosttest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/hosttest"
)

const calls = `redis.do ["GET","name"] => "Ada"
kv.get "greeting" ! not_found "no such key"
kv.get {"$bytes":"/w=="} => {"$bytes":"/g=="}
http.fetch * => {"body":"hi","headers":{},"status":200}
kv.set {"key":"greeting","value":"hi"} =>
redis.do ["INCR","seen"]
circle.role => "owner"
acme_v1.ask raw "plain" => raw "text"
sql.query {"sql":"SELECT name, length(name) FROM people WHERE name LIKE ?","args":["A%"]} ! timeout
sql.query {"args":["A%"],"sql":"SELECT name, length(name) FROM people WHERE name LIKE ?"}
    => {"columns":["name","length(name)"],"more":false,"rows":[["Ada",3]]}
queue.wait {"ids":[]} => {}
`

func TestCallsAsText(t *testing.T) {
	parsed, err := hosttest.ParseCalls(calls)
	require.NoError(t, err)
	require.Len(t, parsed, 11)
	require.Equal(t, hosttest.Call{Function: "kv.get", Request: hosttest.Raw("\xff"), Reply: hosttest.Raw("\xfe")}, parsed[2])
	require.Equal(t, hosttest.Any{}, parsed[3].Request)
	require.Equal(t, &abi.Error{Code: abi.Timeout}, parsed[8].Err)

	again, err := hosttest.ParseCalls(hosttest.FormatCalls(parsed))
	require.NoError(t, err)
	require.Equal(t, parsed, again)

	loose, err := hosttest.ParseCalls("\n# first\n  redis.do [ \"GET\",\n   \"name\" ]\n  # its answer\n=> \"Ada\" # done\r\n\n# last\n")
	require.NoError(t, err)
	require.Equal(t, parsed[:1], loose)
}

func TestCallsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"redis":                          `line 1: "redis" is no host function`,
		"# ok\n\nredis.do [":             `line 3: the request of redis.do: "[" is no value in JSON`,
		"redis.do [1] => [2] x":          `line 1: "x" follows the answer of redis.do`,
		"redis.do [1] ! oops":            `line 1: the error of redis.do: "oops" is no error; it is one of access_denied, not_found`,
		"redis.do [1] ! limit no":        `the error of redis.do: "no" is no value in JSON`,
		"redis.do [1] ! limit 1":         `its message is a text in double quotes`,
		"redis.do [1] [2]":               `"[2]" is no host function`,
		"kv.get [1]":                     "the request of kv.get: it is bytes",
		"kv.get => raw 1":                "the reply of kv.get: it is bytes",
		"redis.do [1e999]":               "the request of redis.do",
		"redis.do [9223372036854775808]": "the request of redis.do",
	} {
		_, err := hosttest.ParseCalls(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseCalls(f *testing.F) {
	f.Add(calls)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := hosttest.ParseCalls(text)
		if err != nil {
			return
		}
		written := hosttest.FormatCalls(parsed)
		again, err := hosttest.ParseCalls(written)
		require.NoError(t, err, written)
		require.Equal(t, written, hosttest.FormatCalls(again))
	})
}

// What is written is read as the same calls.
func TestAnyCallsAsText(t *testing.T) {
	message := rapid.OneOf(
		rapid.Just[any](hosttest.Nothing{}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return hosttest.Raw(b) }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Just[any](nil),
		rapid.Map(rapid.MapOf(rapid.StringMatching(`[a-z$]{0,6}`), rapid.SliceOf(rapid.Byte())), func(m map[string][]byte) any {
			out := map[string]any{}
			for k, v := range m {
				out[k] = []any{v, k, true}
			}
			return out
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		var all []hosttest.Call
		for range rapid.IntRange(0, 5).Draw(t, "calls") {
			c := hosttest.Call{
				Function: "acme_v1." + rapid.StringMatching(`[a-z_]{1,9}`).Draw(t, "function"),
				Request:  message.Draw(t, "request"), Reply: message.Draw(t, "reply"),
			}
			if rapid.Bool().Draw(t, "fails") {
				c.Reply, c.Err = hosttest.Nothing{}, &abi.Error{Code: abi.Code(-rapid.IntRange(1, 12).Draw(t, "code")), Message: rapid.String().Draw(t, "message")}
			}
			all = append(all, c)
		}
		again, err := hosttest.ParseCalls(hosttest.FormatCalls(all))
		require.NoError(t, err)
		require.Equal(t, all, again)
	})
}
