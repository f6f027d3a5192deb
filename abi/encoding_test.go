package abi_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
)

// unhex reads hex with spaces.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

func requireCode(t *testing.T, want abi.Code, err error) {
	t.Helper()
	var e *abi.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Code, e.Message)
	require.NotEmpty(t, e.Message)
}

func TestEncodingByFirstByte(t *testing.T) {
	for b := range 256 {
		enc, err := abi.EncodingOf([]byte{byte(b)})
		switch {
		case b == '{' || b == '[':
			require.NoError(t, err)
			require.Equal(t, abi.JSON, enc, "byte %#02x", b)
		case b >= 0x80 && b <= 0xbf:
			require.NoError(t, err)
			require.Equal(t, abi.CBOR, enc, "byte %#02x", b)
		default:
			requireCode(t, abi.InvalidArgument, err)
		}
	}
	_, err := abi.EncodingOf(nil)
	requireCode(t, abi.InvalidArgument, err)
}

func TestDecode(t *testing.T) {
	no := false
	want := abi.Fail{Message: "no", Code: "c", Data: abi.Value{V: []any{int64(1), []byte{0xff}}}, Retry: &no}
	for name, c := range map[string]struct {
		request string
		enc     abi.Encoding
	}{
		"cbor":                   {string(unhex(t, "a4 67 6d657373616765 62 6e6f 64 636f6465 61 63 64 64617461 82 01 41 ff 65 7265747279 f4")), abi.CBOR},
		"cbor, unbounded map":    {string(unhex(t, "bf 67 6d657373616765 62 6e6f 64 636f6465 61 63 64 64617461 9f 01 41 ff ff 65 7265747279 f4 ff")), abi.CBOR},
		"json":                   {`{"message":"no","code":"c","data":[1,{"$bytes":"/w=="}],"retry":false}`, abi.JSON},
		"json with a line break": {"{\"message\":\"no\",\"code\":\"c\",\n\"data\":[1,{\"$bytes\":\"/w==\"}],\"retry\":false}\n", abi.JSON},
	} {
		t.Run(name, func(t *testing.T) {
			var got abi.Fail
			enc, err := abi.Decode([]byte(c.request), &got)
			require.NoError(t, err)
			require.Equal(t, c.enc, enc)
			require.Equal(t, want, got)
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, request := range map[string]string{
		"nothing":                     "",
		"cbor, a text":                string(unhex(t, "62 6e6f")),
		"cbor, cut off":               string(unhex(t, "a1 67 6d6573")),
		"cbor, trailing byte":         string(unhex(t, "a1 67 6d657373616765 62 6e6f 00")),
		"cbor, unknown field":         string(unhex(t, "a1 64 6e6f7065 01")),
		"cbor, other case":            string(unhex(t, "a1 67 4d657373616765 62 6e6f")),
		"cbor, duplicate key":         string(unhex(t, "a2 67 6d657373616765 62 6e6f 67 6d657373616765 62 6e6f")),
		"cbor, duplicate inside data": string(unhex(t, "a1 64 64617461 a2 61 61 01 61 61 02")),
		"cbor, tag":                   string(unhex(t, "a1 67 6d657373616765 c1 00")),
		"cbor, tag inside data":       string(unhex(t, "a1 64 64617461 c1 00")),
		"cbor, bignum":                string(unhex(t, "a1 64 64617461 c2 49 010000000000000000")),
		"cbor, 2^63":                  string(unhex(t, "a1 64 64617461 1b 8000000000000000")),
		"cbor, -2^63-1":               string(unhex(t, "a1 64 64617461 3b 8000000000000000")),
		"cbor, simple value":          string(unhex(t, "a1 64 64617461 e0")),
		"cbor, integer key":           string(unhex(t, "a1 64 64617461 a1 01 01")),
		"cbor, bytes as key":          string(unhex(t, "a1 64 64617461 a1 41 61 01")),
		"cbor, text not UTF-8":        string(unhex(t, "a1 67 6d657373616765 61 ff")),
		"cbor, bytes for text":        string(unhex(t, "a1 67 6d657373616765 42 6e6f")),
		"cbor, reserved length":       string(unhex(t, "bc")),
		"json, cut off":               `{"message":"no"`,
		"json, trailing object":       `{"message":"no"} {}`,
		"json, trailing brace":        `{"message":"no"}}`,
		"json, trailing bracket":      `{"message":"no"}]`,
		"json, trailing NUL":          "{\"message\":\"no\"}\x00",
		"json, unknown field":         `{"nope":1}`,
		"json, list for a map":        `["message"]`,
		"json, number for text":       `{"message":1}`,
		"json, 2^63":                  `{"data":9223372036854775808}`,
		"json, $int beyond 64 bits":   `{"data":{"$int":"9223372036854775808"}}`,
		"json, $int no number":        `{"data":{"$int":"x"}}`,
		"json, $bytes no base64":      `{"data":{"$bytes":"*"}}`,
		"json, float beyond 64 bits":  `{"data":1e999}`,
	} {
		t.Run(name, func(t *testing.T) {
			var f abi.Fail
			_, err := abi.Decode([]byte(request), &f)
			requireCode(t, abi.InvalidArgument, err)
		})
	}
}

// A message nested a hundred thousand deep costs a guest a hundred kilobytes;
// a reader that follows it down would cost the host its stack.
func TestDeepNesting(t *testing.T) {
	const levels = 100_000
	head := string(unhex(t, "a1 64 64617461"))
	for name, request := range map[string]string{
		"cbor arrays":           head + strings.Repeat("\x81", levels) + "\x00",
		"cbor maps":             head + strings.Repeat("\xa1\x61a", levels) + "\x00",
		"cbor unbounded arrays": head + strings.Repeat("\x9f", levels),
		"cbor unknown field":    "\xa1\x61x" + strings.Repeat("\x81", levels) + "\x00",
		"json arrays":           `{"data":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "}",
		"json maps":             `{"data":` + strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) + "}",
		"json never closed":     `{"data":` + strings.Repeat("[", levels),
		"json 1,000 levels":     `{"data":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}",
		"json unknown field":    `{"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var f abi.Fail
			_, err := abi.Decode([]byte(request), &f)
			requireCode(t, abi.InvalidArgument, err)
			require.Less(t, time.Since(start), time.Second)
		})
	}
}

func TestHonestNesting(t *testing.T) {
	deep := any(int64(1))
	for range 60 {
		deep = []any{deep}
	}
	for _, enc := range []abi.Encoding{abi.CBOR, abi.JSON} {
		b, err := abi.Encode(enc, abi.Fail{Message: "m", Data: abi.Value{V: deep}})
		require.NoError(t, err)
		var f abi.Fail
		_, err = abi.Decode(b, &f)
		require.NoError(t, err)
		require.Equal(t, deep, f.Data.V)
	}
}

func TestEncodeTooDeep(t *testing.T) {
	deep := any(int64(1))
	for range 100 {
		deep = map[string]any{"a": deep}
	}
	for _, enc := range []abi.Encoding{abi.CBOR, abi.JSON} {
		_, err := abi.Encode(enc, abi.Value{V: deep})
		require.ErrorContains(t, err, "nested deeper")
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	env := map[string]string{}
	for c := 'a'; c <= 'z'; c++ {
		env[strings.Repeat(string(c), int(c-'a')%5+1)] = string(c)
	}
	for _, enc := range []abi.Encoding{abi.CBOR, abi.JSON} {
		first, err := abi.Encode(enc, abi.Meta{Env: env})
		require.NoError(t, err)
		for range 20 {
			again, err := abi.Encode(enc, abi.Meta{Env: env})
			require.NoError(t, err)
			require.Equal(t, first, again)
		}
	}
}

func TestEncodedForm(t *testing.T) {
	for name, c := range map[string]struct {
		v    any
		cbor string
		json string
	}{
		"nil":              {nil, "f6", `null`},
		"keys are sorted":  {map[string]any{"bb": true, "a": false, "c": nil}, "a3 6161 f4 6163 f6 626262 f5", `{"a":false,"bb":true,"c":null}`},
		"small":            {int64(-1), "20", `-1`},
		"2^53":             {int64(1) << 53, "1b 0020000000000000", `9007199254740992`},
		"2^53+1":           {int64(1)<<53 + 1, "1b 0020000000000001", `{"$int":"9007199254740993"}`},
		"-2^53-1":          {-int64(1)<<53 - 1, "3b 0020000000000000", `{"$int":"-9007199254740993"}`},
		"largest":          {int64(math.MaxInt64), "1b 7fffffffffffffff", `{"$int":"9223372036854775807"}`},
		"smallest":         {int64(math.MinInt64), "3b 7fffffffffffffff", `{"$int":"-9223372036854775808"}`},
		"float":            {1.5, "fb 3ff8000000000000", `1.5`},
		"whole float":      {3.0, "fb 4008000000000000", `3.0`},
		"huge float":       {1e20, "fb 4415af1d78b58c40", `1e+20`},
		"minus zero":       {math.Copysign(0, -1), "fb 8000000000000000", `-0.0`},
		"NaN":              {math.NaN(), "fb 7ff8000000000001", `null`},
		"infinity":         {math.Inf(1), "fb 7ff0000000000000", `null`},
		"bytes":            {[]byte{0, 0xff}, "42 00ff", `{"$bytes":"AP8="}`},
		"no bytes":         {[]byte{}, "40", `{"$bytes":""}`},
		"text is as it is": {"<&>é\u2028", "68 3c263e c3a9 e280a8", `"<&>é\u2028"`},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := abi.Encode(abi.CBOR, abi.Value{V: c.v})
			require.NoError(t, err)
			require.Equal(t, unhex(t, c.cbor), b)
			b, err = abi.Encode(abi.JSON, abi.Value{V: c.v})
			require.NoError(t, err)
			require.Equal(t, c.json, string(b))
		})
	}
}

// What is no value of the contract is a mistake of a host function, and shows
// in either encoding.
func TestEncodeRefuses(t *testing.T) {
	for _, v := range []any{1, uint64(1), float32(1), []string{"a"}, map[string]string{}, struct{}{}, []any{1}, map[string]any{"a": []any{'x'}}} {
		for _, enc := range []abi.Encoding{abi.CBOR, abi.JSON} {
			_, err := abi.Encode(enc, abi.Value{V: v})
			require.ErrorContains(t, err, "no value of the contract", "%T", v)
		}
	}
}

func TestEncodeNoLineBreak(t *testing.T) {
	b, err := abi.Encode(abi.JSON, map[string]any{"a": "b"})
	require.NoError(t, err)
	require.False(t, bytes.HasSuffix(b, []byte("\n")))
}
