package abi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// Encoding is how a structured message is written down.
type Encoding uint8

// The encodings. The zero value is CBOR.
const (
	CBOR Encoding = iota // RFC 8949
	JSON                 // RFC 8259, for languages that have no CBOR
)

// maxDepth bounds how deep a message may nest: deeper than any honest one,
// and far from where a recursive reader would run out of stack.
const maxDepth = 64

// EncodingOf tells the encoding of a structured request by its first byte.
// Only maps and arrays are requests, and in CBOR the bytes '{' and '[' begin a
// text and a byte string: whoever sends one of them means JSON.
func EncodingOf(request []byte) (Encoding, error) {
	if len(request) == 0 {
		return CBOR, &Error{InvalidArgument, "the request is empty; it takes a map or an array in CBOR or JSON"}
	}
	switch b := request[0]; {
	case b == '{' || b == '[':
		return JSON, nil
	case b >= 0x80 && b <= 0xbf:
		return CBOR, nil
	default:
		return CBOR, &Error{InvalidArgument, fmt.Sprintf("the request begins with byte 0x%02x; it takes a map or an array in CBOR or JSON", b)}
	}
}

// Decode reads a structured request into v and returns the encoding the reply
// should have. A field that v does not know is an error, since a misspelt one
// would otherwise be lost in silence.
func Decode(request []byte, v any) (Encoding, error) {
	enc, err := EncodingOf(request)
	if err != nil {
		return enc, err
	}
	if enc == JSON {
		err = decodeJSON(request, v)
	} else {
		err = cborReader().Unmarshal(request, v)
	}
	if err != nil {
		return enc, &Error{InvalidArgument, err.Error()}
	}
	return enc, nil
}

func decodeJSON(request []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(request))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	return nothingFollows(d)
}

// nothingFollows is not d.More, which takes a stray bracket for an end.
func nothingFollows(d *json.Decoder) error {
	at := d.InputOffset()
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("json: something follows the message at byte %d", at)
	}
	return nil
}

// Encode writes v in the given encoding. The same value gives the same bytes:
// map keys are sorted, so that a guest's fuel repeats.
func Encode(enc Encoding, v any) ([]byte, error) {
	if enc == CBOR {
		if value, ok := v.(Value); ok {
			return value.MarshalCBOR() // what the writer would call, check and copy
		}
		return cborWriter().Marshal(v)
	}
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// cborReader refuses what no guest needs and an attacker would like: tags,
// duplicate keys, deep nesting, integers beyond 64 bits.
var cborReader = lazy(func() (cbor.DecMode, error) {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IntDec:            cbor.IntDecConvertSignedOrFail,
		MaxNestedLevels:   maxDepth,
		TagsMd:            cbor.TagsForbidden,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
})

// cborWriter writes every float in 64 bits, NaN and the infinities too, so
// that a guest's reader can be small.
var cborWriter = lazy(func() (cbor.EncMode, error) {
	return cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		ShortestFloat: cbor.ShortestFloatNone,
		NaNConvert:    cbor.NaNConvertNone,
		InfConvert:    cbor.InfConvertNone,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
	}.EncMode()
})
