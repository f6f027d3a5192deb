package abi_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
)

// values draws any value of the contract.
func values() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil),
			rapid.Bool().AsAny(),
			rapid.Int64().AsAny(),
			rapid.Float64().AsAny(),
			rapid.String().AsAny(),
			rapid.SliceOf(rapid.Byte()).AsAny(),
			rapid.SliceOfN(values(), 0, 4).AsAny(),
			rapid.MapOfN(rapid.StringN(0, 6, -1), values(), 0, 4).AsAny(),
		)
	})
}

// written is v as it comes back from an encoding: JSON has no NaN and no
// infinities, and lists and maps are never nil.
func written(v any, enc abi.Encoding) any {
	switch v := v.(type) {
	case float64:
		if enc == abi.JSON && (math.IsNaN(v) || math.IsInf(v, 0)) {
			return nil
		}
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, written(e, enc))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = written(e, enc)
		}
		return out
	}
	return v
}

func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values().Draw(t, "value")
		enc := rapid.SampledFrom([]abi.Encoding{abi.CBOR, abi.JSON}).Draw(t, "encoding")
		b, err := abi.Encode(enc, []abi.Value{{V: v}})
		require.NoError(t, err)
		again, err := abi.Encode(enc, []abi.Value{{V: v}})
		require.NoError(t, err)
		require.Equal(t, b, again)

		var got []abi.Value
		used, err := abi.Decode(b, &got)
		require.NoError(t, err)
		require.Equal(t, enc, used)
		require.Len(t, got, 1)
		requireSame(t, written(v, enc), got[0].V)
	})
}

// requireSame is Equal with NaN equal to itself, and with the kinds compared.
func requireSame(t require.TestingT, want, got any) {
	switch w := want.(type) {
	case float64:
		require.IsType(t, want, got)
		require.Equal(t, math.Float64bits(w), math.Float64bits(got.(float64)))
	case []any:
		require.IsType(t, want, got)
		require.Len(t, got, len(w))
		for i, e := range w {
			requireSame(t, e, got.([]any)[i])
		}
	case map[string]any:
		require.IsType(t, want, got)
		require.Len(t, got, len(w))
		for k, e := range w {
			requireSame(t, e, got.(map[string]any)[k])
		}
	default:
		require.Equal(t, want, got)
	}
}

func TestValueFromJSON(t *testing.T) {
	for text, want := range map[string]any{
		`null`:                              nil,
		`1`:                                 int64(1),
		`-1`:                                int64(-1),
		`1.0`:                               1.0,
		`1e3`:                               1000.0,
		`9223372036854775807`:               int64(math.MaxInt64),
		`{"$int":"5"}`:                      int64(5),
		`{"$bytes":"AP8="}`:                 []byte{0, 0xff},
		`{"$bytes":"AP8=","more":1}`:        map[string]any{"$bytes": "AP8=", "more": int64(1)},
		`{"$bytes":1}`:                      map[string]any{"$bytes": int64(1)},
		`{"$int":null}`:                     map[string]any{"$int": nil},
		`[{"$int":"9007199254740993"},"x"]`: []any{int64(9007199254740993), "x"},
	} {
		var v abi.Value
		require.NoError(t, v.UnmarshalJSON([]byte(text)), text)
		require.Equal(t, want, v.V, text)
	}
}

func TestValueFromCBOR(t *testing.T) {
	for text, want := range map[string]any{
		"f6":                  nil,
		"f7":                  nil, // undefined
		"f9 3e00":             1.5, // 16 bits
		"fa 3fc00000":         1.5, // 32 bits
		"1b 7fffffffffffffff": int64(math.MaxInt64),
		"3b 7fffffffffffffff": int64(math.MinInt64),
		"5f 41 00 41 ff ff":   []byte{0, 0xff}, // in pieces
		"7f 61 61 61 62 ff":   "ab",
		"80":                  []any{},
		"a0":                  map[string]any{},
	} {
		var got []abi.Value
		_, err := abi.Decode(append([]byte{0x81}, unhex(t, text)...), &got)
		require.NoError(t, err, text)
		require.Equal(t, []abi.Value{{V: want}}, got, text)
	}
}

// FuzzDecode feeds the reader what a guest may send. What is accepted must be
// written and read back as the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"{}", "[]", `{"message":"m"}`, `{"message":"m","data":{"$bytes":"AA=="}}`, `{"data":{"$int":"1"}}`, `{"data":[1e5,-0.0]}`,
		"\xa0", "\x80", "\xa1gmessageam", "\xbf\xff", "\xa1ddata\x9f\x01\xff", "\xa1ddata\xf9\x7e\x00", "\xa1ddata\xc1\x00", "\xbc", "\xa1ddata\x5f\x41\x00\xff",
		"[[[[[[", "\x81\x81\x81\x81",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		var fail abi.Fail
		enc, err := abi.Decode(request, &fail)
		if err != nil {
			requireCode(t, abi.InvalidArgument, err)
			return
		}
		b, err := abi.Encode(enc, fail)
		require.NoError(t, err)
		var again abi.Fail
		_, err = abi.Decode(b, &again)
		require.NoError(t, err, "%q", b)
		requireSame(t, fail.Data.V, again.Data.V)
		require.Equal(t, fail.Message, again.Message)
		require.Equal(t, fail.Code, again.Code)
		require.Equal(t, fail.Retry, again.Retry)
	})
}

func TestTextOrBytes(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("plain"), []byte("blåbær"), {0xff, 0}, []byte("a\x00b")} {
		v := abi.TextOrBytes(b)
		got, ok := v.Bytes()
		require.True(t, ok)
		require.Equal(t, string(b), string(got))
	}
	require.Equal(t, abi.Value{V: "blåbær"}, abi.TextOrBytes([]byte("blåbær")))
	require.Equal(t, abi.Value{V: []byte{0xff}}, abi.TextOrBytes([]byte{0xff}))
	_, ok := abi.Value{V: int64(1)}.Bytes()
	require.False(t, ok)
}
