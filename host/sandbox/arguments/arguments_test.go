package arguments_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/sandbox/arguments"
)

const request = `{
	"type": "object",
	"required": ["url"],
	"additionalProperties": false,
	"properties": {
		"url": {"type": "string", "pattern": "^https?://", "maxLength": 40},
		"method": {"enum": ["GET", "POST"]},
		"headers": {"type": "object", "additionalProperties": {"type": "string"}},
		"retries": {"type": "integer", "minimum": 0, "maximum": 9223372036854775807},
		"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
		"args": {"oneOf": [{"type": "array"}, {"type": "object"}]},
		"tree": {"$ref": "#/$defs/tree"}
	},
	"$defs": {"tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}}
}`

func TestCheck(t *testing.T) {
	s, err := arguments.Compile([]byte(request))
	require.NoError(t, err)
	for payload, want := range map[string]string{
		`{"url":"http://a"}`: "",
		" \n{\"url\":\"http://a\",\"headers\":{\"a\":\"b\"},\"retries\":9223372036854775807,\"args\":[1],\"tree\":{\"a\":{\"b\":{}}}}\n": "",
		`{"url":"http://a","retries":3.0}`:  "",
		``:                                  "the payload is empty, and should be the module's arguments as JSON",
		`  `:                                "the payload is empty, and should be the module's arguments as JSON",
		`{"url":`:                           "the payload should be the module's arguments as JSON: unexpected EOF",
		`http://a`:                          "the payload should be the module's arguments as JSON: invalid character 'h' looking for beginning of value",
		`{"url":"http://a"} {}`:             "the payload should be the module's arguments as JSON: something follows behind its end",
		`"http://a"`:                        "the payload does not fit the module's arguments: at the top: got string, want object",
		`{}`:                                "the payload does not fit the module's arguments: at the top: missing property 'url'",
		`{"url":7}`:                         "the payload does not fit the module's arguments: at /url: got number, want string",
		`{"url":"ftp://a"}`:                 "the payload does not fit the module's arguments: at /url: 'ftp://a' does not match pattern '^https?://'",
		`{"url":"http://a","method":"PUT"}`: "the payload does not fit the module's arguments: at /method: value must be one of 'GET', 'POST'",
		`{"url":"http://a","metod":"PUT"}`:  `the payload does not fit the module's arguments: at the top: there is no "metod"; there are args, headers, method, retries, tags, tree, url`,
		`{"url":"http://a","headers":{"a/b~":7}}`:                            "the payload does not fit the module's arguments: at /headers/a~1b~0: got number, want string",
		`{"url":"http://a","tags":["a","b","a"]}`:                            "the payload does not fit the module's arguments: at /tags: items at 0 and 2 are equal",
		`{"url":"http://a","tags":["a",2,3,4,5]}`:                            "the payload does not fit the module's arguments: at /tags/1: got number, want string; at /tags/2: got number, want string; at /tags/3: got number, want string; and 1 more",
		`{"url":"http://a","args":1}`:                                        "the payload does not fit the module's arguments: at /args: got number, want array; at /args: got number, want object",
		`{"url":"http://a","retries":-1}`:                                    "the payload does not fit the module's arguments: at /retries: minimum: got -1, want 0",
		`{"url":"http://a","retries":1e999999}`:                              "the payload should be the module's arguments as JSON: the number 1e999999 is beyond 64 bits",
		`{"url":"http://a","tree":{"a":{"b":1}}}`:                            "the payload does not fit the module's arguments: at /tree/a/b: got number, want object",
		`{"url":"http://a","args":` + deep(65) + `}`:                         "the payload should be the module's arguments as JSON: it has more than 64 levels",
		`{"url":"http://a","args":[` + strings.Repeat("1,", 100_000) + `1]}`: "the payload should be the module's arguments as JSON: it has more than 100000 values",
	} {
		err := s.Check([]byte(payload))
		if want == "" {
			require.NoError(t, err, payload)
			continue
		}
		require.EqualError(t, err, want, "%.80s", payload)
	}
}

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestSameWords shows that a payload with many faults is told the same each
// time, and not at length.
func TestSameWords(t *testing.T) {
	s, err := arguments.Compile([]byte(`{"additionalProperties":{"type":"null"}}`))
	require.NoError(t, err)
	many := map[string]string{}
	for i := range 1000 {
		many[strings.Repeat("é", 100)+fmt.Sprint(i)] = "x"
	}
	payload, err := json.Marshal(many)
	require.NoError(t, err)
	want := s.Check(payload).Error()
	require.Less(t, len(want), 700)
	for range 20 {
		require.EqualError(t, s.Check(payload), want)
	}
}

func TestBadSchemas(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for schema, want := range map[string]string{
		``:                                "EOF",
		`{`:                               "unexpected EOF",
		`null`:                            "the schema is none: at the top: got null, want boolean or object",
		`7`:                               "the schema is none: at the top: got number, want boolean or object",
		`{"type":"text"}`:                 "the schema is none: at /type: ",
		`{"minLength":-1}`:                "the schema is none: at /minLength: minimum: got -1, want 0",
		`{"pattern":"("}`:                 "missing closing )",
		`{"pattern":"(?=a)"}`:             "invalid or unsupported Perl syntax",
		`{"pattern":"((a{30}){30}){30}"}`: "repeat",
		`{"pattern":"(a{900})(b{900})(c{900})(d{900})(e{900})"}`:       "a pattern takes 4512 steps, and may take 4096",
		`{"pattern":"` + strings.Repeat("a", 1025) + `"}`:              "a pattern has 1025 bytes, and may have 1024",
		`{"$ref":"` + server.URL + `/s.json"}`:                         "other schemas are not fetched",
		`{"$ref":"file:///etc/passwd"}`:                                "other schemas are not fetched",
		`{"$ref":"other.json"}`:                                        "other schemas are not fetched",
		`{"$ref":"#/$defs/a"}`:                                         "the schema: ",
		`{"$schema":"` + server.URL + `/s.json"}`:                      "other schemas are not fetched",
		`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a"}}}`:    "$dynamicRef and $recursiveRef are not supported",
		`{"minimum":1e999999}`:                                         "the number 1e999999 is beyond 64 bits",
		`{"const":` + deep(65) + `}`:                                   "it has more than 64 levels",
		`{"const":"` + strings.Repeat("a", arguments.MaxSchema) + `"}`: "the schema has 65548 bytes, and may have 65536",
	} {
		_, err := arguments.Compile([]byte(schema))
		require.ErrorContains(t, err, want, "%.80s", schema)
	}
	require.False(t, asked, "a schema was fetched")
}

// TestOtherDrafts shows that a schema may say which draft it is.
func TestOtherDrafts(t *testing.T) {
	for _, draft := range []string{"http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2019-09/schema"} {
		s, err := arguments.Compile([]byte(`{"$schema":"` + draft + `","type":"array","items":[{"type":"string","format":"uri"}]}`))
		require.NoError(t, err, draft)
		require.NoError(t, s.Check([]byte(`["format is not looked at"]`)), draft)
		require.Error(t, s.Check([]byte(`[1]`)), draft)
	}
}

// TestEvil has schemas that would take for ever, and payloads that are made for
// them. Each is given up within a time that no machine should reach.
func TestEvil(t *testing.T) {
	doubling := func(keyword, leaf string) string {
		var b strings.Builder
		b.WriteString(`{"$ref":"#/$defs/a0","$defs":{`)
		for i := range 60 {
			fmt.Fprintf(&b, `"a%d":{"%s":[{"$ref":"#/$defs/a%d"},{"$ref":"#/$defs/a%d"}]},`, i, keyword, i+1, i+1)
		}
		return b.String() + `"a60":` + leaf + `}}`
	}
	nested := func(keyword string) string {
		return `{"` + keyword + `":[{"properties":{"a":{"$ref":"#"}},"required":["a"],"type":"object"},{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}]}`
	}
	for name, c := range map[string]struct{ schema, payload string }{
		"anyOf that fits nowhere":  {doubling("anyOf", `{"type":"string"}`), `1`},
		"allOf that fits":          {doubling("allOf", `{"type":"number"}`), `1`},
		"oneOf that fits":          {doubling("oneOf", `{"type":"number"}`), `1`},
		"oneOf that fits nowhere":  {doubling("oneOf", `{"const":2}`), `1`},
		"not of anyOf":             {`{"not":` + doubling("anyOf", `{"type":"string"}`) + `,"$defs":{` + strings.SplitN(doubling("anyOf", `{"type":"string"}`), `"$defs":{`, 2)[1], `1`},
		"one level deeper each":    {nested("anyOf"), strings.Repeat(`{"a":`, 63) + `1` + strings.Repeat(`}`, 63)},
		"all one level deeper":     {nested("allOf"), strings.Repeat(`{"a":`, 63) + `1` + strings.Repeat(`}`, 63)},
		"a pattern on a long text": {`{"type":"array","items":{"pattern":"^(a?){300}a{300}$"}}`, `["` + strings.Repeat("a", 1<<20) + `"]`},
		"many patterns":            {`{"patternProperties":{"(a|aa)+$":{},"(a*)*b":{},"(.*)(.*)(.*)c":{}}}`, `{"` + strings.Repeat("a", 4<<20) + `":1}`},
		"equal elements":           {`{"uniqueItems":true}`, `[` + strings.TrimSuffix(strings.Repeat(`[`+strings.TrimSuffix(strings.Repeat("1,", 4_000), ",")+`],`, 20), ",") + `]`},
		"equal elements, again":    {`{"allOf":[` + strings.TrimSuffix(strings.Repeat(`{"uniqueItems":true},`, 900), ",") + `]}`, `[` + strings.TrimSuffix(strings.Repeat(`[`+strings.TrimSuffix(strings.Repeat("1,", 1_000), ",")+`],`, 20), ",") + `]`},
		"a reference to itself":    {`{"$ref":"#"}`, `1`},
		"references in a circle":   {`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}`, `1`},
		"many faults":              {`{"items":{"type":"string"}}`, `[` + strings.Repeat("1,", 90_000) + `1]`},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			s, err := arguments.Compile([]byte(c.schema))
			require.NoError(t, err)
			require.Error(t, s.Check([]byte(c.payload)))
			t.Log(time.Since(start))
			require.Less(t, time.Since(start), 20*time.Second)
		})
	}
}

func TestSideBySide(t *testing.T) {
	s, err := arguments.Compile([]byte(request))
	require.NoError(t, err)
	var jobs sync.WaitGroup
	for range 4 {
		jobs.Go(func() {
			for range 200 {
				if s.Check([]byte(`{"url":"http://a"}`)) != nil || s.Check([]byte(`{"url":7}`)) == nil {
					t.Error("the answer was not its own")
				}
			}
		})
	}
	jobs.Wait()
}

// TestAnySchema tries to make it panic.
func TestAnySchema(t *testing.T) {
	word := rapid.SampledFrom([]string{"type", "enum", "items", "properties", "$ref", "allOf", "not", "if", "then", "pattern", "$id", "$anchor", "$defs", "const", "required", "contains", "unevaluatedProperties", "a"})
	scalar := rapid.SampledFrom([]any{nil, true, false, 0, -1, 1.5, "object", "array", "#", "#/$defs/a", "", "^a", []any{}, map[string]any{}})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
			case depth == 0 || kind == 0:
				return scalar.Draw(t, "scalar")
			case kind == 1:
				return rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "list")
			}
			return rapid.MapOfN(word, value(depth-1), 0, 4).Draw(t, "map")
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		schema, err := json.Marshal(value(4).Draw(t, "schema"))
		require.NoError(t, err)
		payload, err := json.Marshal(value(3).Draw(t, "payload"))
		require.NoError(t, err)
		if s, err := arguments.Compile(schema); err == nil {
			_ = s.Check(payload)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	s, err := arguments.Compile([]byte(request))
	require.NoError(b, err)
	payload := []byte(`{"url":"http://a","headers":{"a":"b"},"retries":3}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Check(payload); err != nil {
			b.Fatal(err)
		}
	}
}
