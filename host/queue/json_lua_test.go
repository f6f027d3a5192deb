package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/localredis/redistest"
)

// The Lua's answers about a text: why it is refused, or {last, {name, from,
// to, text, number, how many of this name}, ...}.
const membersLua = `
local members, last = json_members(ARGV[1])
if not members then
  return last
end
local all = {last}
for name, span in pairs(members) do
  local n, one = 0, span
  while one do
    n, one = n + 1, one.earlier
  end
  all[#all + 1] = {name, span[1], span[2], json_text(ARGV[1], span) or false, json_number(ARGV[1], span) or false, n}
end
return all`

// A text with new values, given as names and values in turns; or {why}.
const spliceLua = `
local changes = {}
for i = 2, #ARGV, 2 do
  changes[#changes + 1] = {ARGV[i], ARGV[i + 1]}
end
local fresh, why = json_splice(ARGV[1], changes)
if fresh and fresh ~= json_splice(ARGV[1], changes, json_members(ARGV[1])) then
  return redis.error_reply('it matters who calls json_members')
end
return fresh or {why}`

// behind runs body behind a part of the lua folder.
func behind(t testing.TB, rdb *redis.Client, part, body string) func(t require.TestingT, args ...any) any {
	script, ctx := redis.NewScript(source(part)+body), t.Context()
	return func(each require.TestingT, args ...any) any {
		reply, err := script.Run(ctx, rdb, nil, args...).Result()
		require.NoError(each, err)
		return reply
	}
}

// member is a member of an object: its value is text[from:to], and is a string
// or a whole number, or both are nil.
type member struct {
	name         string
	from, to     int
	text, number any
}

// parsed returns the members of the object in text as encoding/json sees them.
func parsed(t require.TestingT, text string) []member {
	d := json.NewDecoder(strings.NewReader(text))
	next := func() any {
		token, err := d.Token()
		require.NoError(t, err)
		return token
	}
	require.Equal(t, json.Delim('{'), next())
	var all []member
	for d.More() {
		m := member{name: next().(string)}
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
		m.to = int(d.InputOffset())
		m.from = m.to - len(value)
		require.Equal(t, string(value), text[m.from:m.to])
		if value[0] == '"' {
			var s string
			require.NoError(t, json.Unmarshal(value, &s))
			m.text = s
		} else if !bytes.ContainsAny(value, ".eE{[nlu") { // null, true and false have one of these
			m.number = string(value)
		}
		all = append(all, m)
	}
	return all
}

// isObject is what the Lua must accept, and nothing else.
func isObject(text string) bool {
	return json.Valid([]byte(text)) && strings.HasPrefix(strings.TrimLeft(text, " \t\n\r"), "{")
}

// asUTF8 is s with U+FFFD for each byte that is in no character, which is how
// encoding/json reads and writes it.
func asUTF8(s string) string { return string([]rune(s)) }

// requireMembers checks what the Lua says of text by encoding/json.
func requireMembers(t require.TestingT, text string, reply any) {
	if !isObject(text) {
		require.Contains(t, reply, "its text is not a JSON object: ", "%q", text)
		return
	}
	last, times, want := strings.Index(text, "{")+1, map[string]int64{}, map[string]member{}
	for _, m := range parsed(t, text) {
		last, want[m.name] = m.to, m
		times[m.name]++
	}
	require.IsType(t, []any{}, reply, "%q", text)
	all := reply.([]any)
	require.EqualValues(t, last, all[0], "%q", text)
	found, got := map[string]int64{}, map[string]member{}
	for _, one := range all[1:] {
		v := one.([]any)
		if s, ok := v[3].(string); ok {
			v[3] = asUTF8(s)
		}
		name := asUTF8(v[0].(string))
		got[name] = member{name, int(v[1].(int64)) - 1, int(v[2].(int64)), v[3], v[4]}
		found[name] = v[5].(int64)
	}
	require.Equal(t, want, got, "%q", text)
	require.Equal(t, times, found, "%q", text)
}

// requireSplice checks a text with new values, byte for byte.
func requireSplice(t require.TestingT, text string, changes []any, reply any) {
	if !isObject(text) {
		require.IsType(t, []any{}, reply, "%q", text)
		return
	}
	var b strings.Builder
	at, comma, done := 0, "", map[any]bool{}
	for _, m := range parsed(t, text) {
		comma = ","
		b.WriteString(text[at:m.from])
		value := text[m.from:m.to]
		for i := 0; i < len(changes); i += 2 {
			if changes[i] == m.name {
				value, done[m.name] = changes[i+1].(string), true
			}
		}
		b.WriteString(value)
		at = m.to
	}
	if comma == "" {
		at = strings.Index(text, "{") + 1
		b.WriteString(text[:at])
	}
	for i := 0; i < len(changes); i += 2 {
		if !done[changes[i]] {
			fmt.Fprintf(&b, `%s"%s":%s`, comma, changes[i], changes[i+1])
			comma = ","
		}
	}
	b.WriteString(text[at:])
	require.Equal(t, b.String(), reply, "%q", text)
	require.True(t, isObject(b.String()))
}

var jsonTexts = map[string]string{
	"a job": `{"jobid":"7","sessionkey":"s","circleid":"c","topic":"t","params":"{\"a\":[1,\"\\\"\"]}",` +
		`"params_type":"rhaiscript","timeout":60,"status":"dispatched","time_scheduled":1735689599123456789,` +
		`"time_start":0,"time_end":0,"error":"","result":"","log":[]}`,
	"nothing in it":          "{}",
	"white space":            " \t\r\n{ \n} ",
	"white space all over":   " { \"a\" : [ 1 , { } , [ ] ] , \"b\" :\r\n null\t} ",
	"a name twice":           `{"status":"a","b":{"status":"c"},"status":"d","status":1}`,
	"a name in escapes":      `{"st\u0061tus":"a","\u00e9\ud83d\ude00\ud800":1}`,
	"halves of pairs":        `{"a":"\ud800","b":"\ud800\ud83d\ude00","c":"\udc00x\ud800\u0041\ud83d\\ude00","d":"\ude00\ude00"}`,
	"all escapes":            `{"a":"\"\\\/\b\f\n\r\t\u0000\uABcd"}`,
	"quotes and backslashes": `{"a":"\\","b":"\\\"","c":"\"\\\\\"","d":"\\u0041"}`,
	"many escapes":           `{"a":"` + strings.Repeat(`x\"`, 3000) + `"}`,
	"bytes that are no text": "{\"a\":\"\xff\xe2\\u0082\xed\xa0\x80\"}",
	"delete":                 "{\"a\":\"\x7f\",\"b\x7f\":\"\x7f\x7f\"}",
	"numbers":                `{"a":-0,"b":0.0,"c":1e5,"d":12345678901234567890123,"e":-1.5E-7,"f":9E+0}`,
	"literals":               `{"a":true,"b":false,"c":null}`,
	"as deep as can be":      `{"a":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + "}",

	"too deep":                 `{"a":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}",
	"empty":                    "",
	"white space alone":        " \n",
	"no object":                `["a"]`,
	"a string":                 `"{}"`,
	"two objects":              `{}{}`,
	"a byte order mark":        "\xef\xbb\xbf{}",
	"another space":            "{\u00a0}",
	"a vertical tab":           "{\v}",
	"a comma too many":         `{"a":1,}`,
	"a comma alone":            `{,}`,
	"a comma in a list":        `{"a":[1,]}`,
	"two commas":               `{"a":1,,"b":2}`,
	"no comma":                 `{"a":1 "b":2}`,
	"no colon":                 `{"a" 1}`,
	"two colons":               `{"a"::1}`,
	"a colon in a list":        `{"a":["b":1]}`,
	"no value":                 `{"a":}`,
	"no name":                  `{1:2}`,
	"single quotes":            `{'a':1}`,
	"brackets crossed":         `{"a":[{]}}`,
	"an end too many":          `{"a":1}}`,
	"not closed":               `{"a":[1`,
	"no end of a name":         `{"a`,
	"no end of a string":       `{"a":"\"}`,
	"no end of an escape":      `{"a":"\`,
	"a line break in a string": "{\"a\":\"\n\"}",
	"nul in a string":          "{\"a\":\"\x00\"}",
	"no such escape":           `{"a":"\x"}`,
	"an escape of four digits": `{"a":"\u12g4"}`,
	"an escape cut short":      `{"a":"\u12"}`,
	"an escape outside":        `{"a":\n1}`,
	"an escape in a literal":   `{"a":t\rue}`,
	"a leading zero":           `{"a":01}`,
	"a plus":                   `{"a":+1}`,
	"a minus alone":            `{"a":-}`,
	"a point alone":            `{"a":1.}`,
	"a point first":            `{"a":.5}`,
	"an exponent alone":        `{"a":1e+}`,
	"hexadecimal":              `{"a":0x1}`,
	"half a literal":           `{"a":tru}`,
	"more than a literal":      `{"a":nulll}`,
	"a literal in capitals":    `{"a":True}`,
	"not a number":             `{"a":NaN}`,
	"a comment":                `{/**/}`,
}

func TestJSONTexts(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		members, splice := behind(t, rdb, "json", membersLua), behind(t, rdb, "json", spliceLua)
		for name, text := range jsonTexts {
			t.Run(name, func(t *testing.T) {
				requireMembers(t, text, members(t, text))
				changes := []any{"status", `"error"`, "z", "[]", "a", "{}"}
				requireSplice(t, text, changes, splice(t, append([]any{text}, changes...)...))
			})
		}
	})
}

// Each byte in a string, in a name, as an escape and between.
func TestJSONBytes(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		members := behind(t, rdb, "json", membersLua)
		for b := range 256 {
			c := string([]byte{byte(b)})
			for _, text := range []string{`{"a":"` + c + `"}`, `{"` + c + `":1}`, `{"a":"\` + c + `"}`, `{"a":1` + c + `}`, c + `{}`} {
				requireMembers(t, text, members(t, text))
			}
		}
	})
}

// What an operator reads who looks for the fault.
func TestJSONSaysWhere(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		members := behind(t, rdb, "json", membersLua)
		for text, why := range map[string]string{
			`[]`:                   "at byte 1 there should be an object",
			`{"a":}`:               "at byte 6 there should be a value",
			`{"a":"b`:              "it ends where there should be the end of a string",
			"{\"a\":\"b\n\"}":      "at byte 8 there should be no control character",
			`{"a":"b\n\x"}`:        "at byte 10 there should be no such escape",
			`{"a":1`:               "it ends where there should be a comma or the end of what is open",
			jsonTexts["too deep"]:  "at byte 10005 there should be no deeper nesting",
			`{"a":{}, "b":[]}  {}`: "at byte 19 there should be nothing more",
		} {
			require.Equal(t, "its text is not a JSON object: "+why, members(t, text))
		}
	})
}

func TestJSONOfGeneratedObjects(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		members, splice := behind(t, rdb, "json", membersLua), behind(t, rdb, "json", spliceLua)
		rapid.Check(t, func(t *rapid.T) {
			text := space(t) + object(t, 3) + space(t)
			if rapid.Bool().Draw(t, "broken") {
				at := rapid.IntRange(0, len(text)).Draw(t, "at")
				to := rapid.IntRange(at, min(at+2, len(text))).Draw(t, "to")
				instead := rapid.SampledFrom([]string{"", "", "\\", `"`, ",", ":", "}", "]", "{", "[", "0", "-", ".", "e", " ", "\n", "u"})
				text = text[:at] + instead.Draw(t, "instead") + text[to:]
			}
			requireMembers(t, text, members(t, text))
			var changes []any
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(plainNames), rapid.ID).Draw(t, "changed") {
				changes = append(changes, name, value(t, 1))
			}
			requireSplice(t, text, changes, splice(t, append([]any{text}, changes...)...))
		})
	})
}

// Names of which an object has some twice.
var plainNames = []string{"status", "result", "log", "time_end"}

func object(t *rapid.T, depth int) string {
	var b strings.Builder
	b.WriteString("{" + space(t))
	for i := range rapid.IntRange(0, 6).Draw(t, "members") {
		if i > 0 {
			b.WriteString("," + space(t))
		}
		name := rapid.SampledFrom(append([]string{`s\u0074atus`, `\"`, `é\ud83d\ude00`, `\ud800`, "\x7f"}, plainNames...))
		b.WriteString(`"` + name.Draw(t, "name") + `"` + space(t) + ":" + space(t) + value(t, depth-1) + space(t))
	}
	return b.String() + "}"
}

func value(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		piece := rapid.SampledFrom([]string{"a", " ", "é", "€", "😀", "\x7f", "\xff", "\xe2\x82", `\n`, `\"`, `\\`, `\/`,
			`\u0041`, `\u00E9`, `\ud83d\ude00`, `\ud83d`, `\ude00`, "{", "}", ",", strings.Repeat("x", 700)})
		return `"` + strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "string"), "") + `"`
	case 1:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number")
	case 2:
		return rapid.SampledFrom([]string{"true", "false", "null", "{}", "[]"}).Draw(t, "literal")
	case 3:
		return object(t, depth)
	}
	var all []string
	for range rapid.IntRange(0, 4).Draw(t, "elements") {
		all = append(all, space(t)+value(t, depth-1)+space(t))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func space(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r\n  "}).Draw(t, "space")
}

func TestJSONQuotes(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		run := behind(t, rdb, "json", "return json_quote(ARGV[1])")
		check := func(t require.TestingT, s string) {
			text := run(t, s).(string)
			require.True(t, utf8.ValidString(text), "%q", text)
			var back string
			require.NoError(t, json.Unmarshal([]byte(text), &back), "%q", text)
			require.Equal(t, asUTF8(s), back)
		}
		for b := range 256 {
			check(t, string([]byte{byte(b)}))
			for _, lead := range []string{"\xc3", "\xe0", "\xed", "\xf0", "\xf4", "\xe2\x82", "\xf0\x9f\x98"} {
				check(t, lead+string([]byte{byte(b), 0x80})+"\x80a")
			}
		}
		require.Equal(t, `"a\"\\\n\u0001é\u007f"`, run(t, "a\"\\\n\x01é\x7f"))
		piece := rapid.SampledFrom([]string{"a", "\n", `"`, "é", "€", "😀", "\xff", "\x80", "\xed\xa0\x80", "\xf0\x9f",
			strings.Repeat("é", 500), strings.Repeat("😀", 250), strings.Repeat("\x80", 9)})
		rapid.Check(t, func(t *rapid.T) {
			check(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
			check(t, strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), ""))
		})
	})
}

func FuzzSplice(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add(text, "result", "42")
	}
	rdb := redistest.InProcess(f)
	members, splice := behind(f, rdb, "json", membersLua), behind(f, rdb, "json", spliceLua)
	quote := behind(f, rdb, "json", "return json_quote(ARGV[1])")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		if utf8.ValidString(text) || !isObject(text) { // of another name Go does not tell the bytes
			requireMembers(t, text, members(t, text))
		}
		name, value = fixName(name), quote(t, value).(string)
		changes := []any{name, value}
		requireSplice(t, text, changes, splice(t, text, name, value))
	})
}

// What changing a job costs the server, many times in one call, beside cjson,
// which keeps neither the order of members nor long numbers.
func BenchmarkSplice(b *testing.B) {
	rdb := redistest.Real(b)
	long := func(unit string) string {
		return `{"status":"started","params":"` + strings.Repeat(unit, 1<<20/len(unit)) + `","result":""}`
	}
	for _, text := range []struct{ name, of string }{
		{"job", jsonTexts["a job"]},
		{"1 MiB", long("x")},
		{"1 MiB with escapes", long(`line\n` + strings.Repeat("x", 58))},
		{"1 MiB of JSON", long(`{\"a\":12345},`)},
		{"1 MiB of escapes", long(`\"`)},
		{"1 MiB of numbers", `{"status":"started","params":[0` + strings.Repeat(",0", 1<<19) + `],"result":""}`},
	} {
		for _, way := range []struct{ name, body string }{
			{"splice", `json_splice(ARGV[2], {{'status', '"finished"'}, {'result', json_quote('42')}})`},
			{"cjson", `local job = cjson.decode(ARGV[2]) job.status, job.result = 'finished', '42' cjson.encode(job)`},
		} {
			b.Run(text.name+"/"+way.name, func(b *testing.B) {
				run := behind(b, rdb, "json", "for _ = 1, ARGV[1] do "+way.body+" end return 0")
				batch := max(1, 1<<18/len(text.of))
				for n := 0; n < b.N; n += batch {
					run(b, min(batch, b.N-n), text.of)
				}
			})
		}
	}
}
