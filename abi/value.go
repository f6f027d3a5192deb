package abi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxSafeInt is the largest integer that every JSON reader keeps exact.
const maxSafeInt = 1 << 53

// Value is any value that can cross between host and guest. V holds nil, bool,
// int64, float64, string, []byte, []any or map[string]any, and nothing else
// inside the last two.
//
// CBOR has all of these. JSON writes {"$bytes": "<base64>"} for bytes and
// {"$int": "<decimal>"} for an integer that goes beyond ±2^53, so a map with
// that one key and a text cannot be sent as such; a float has a point or an exponent, and
// one that JSON cannot write (NaN, infinities) becomes null.
type Value struct{ V any }

// TextOrBytes returns b as a text where it is UTF-8, and as bytes otherwise:
// what comes from outside is usually a text, and a script wants it as one.
func TextOrBytes(b []byte) Value {
	if utf8.Valid(b) {
		return Value{string(b)}
	}
	return Value{b}
}

// Bytes returns what a text or bytes are made of, and false for any other
// value.
func (v Value) Bytes() ([]byte, bool) {
	switch v := v.V.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	}
	return nil, false
}

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) {
	tree, err := walk(v.V, 0, toJSON)
	if err != nil {
		return nil, err
	}
	return Encode(JSON, tree)
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return err
	}
	var err error
	v.V, err = walk(tree, 0, fromJSON)
	return err
}

// MarshalCBOR implements cbor.Marshaler.
func (v Value) MarshalCBOR() ([]byte, error) {
	if _, err := walk(v.V, 0, same); err != nil {
		return nil, err
	}
	return cborWriter().Marshal(v.V)
}

// UnmarshalCBOR implements cbor.Unmarshaler.
func (v *Value) UnmarshalCBOR(b []byte) error {
	v.V = nil // or the reader would keep to its type
	if err := cborReader().Unmarshal(b, &v.V); err != nil {
		return err
	}
	var err error
	v.V, err = walk(v.V, 0, same)
	return err
}

// walk copies a tree of values, with what visit makes of each. Where visit
// says that it is done with a value, what is inside it is left as it is.
func walk(v any, depth int, visit func(any) (w any, done bool, err error)) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	w, done, err := visit(v)
	if err != nil || done {
		return w, err
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if out[i], err = walk(e, depth+1, visit); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if out[k], err = walk(e, depth+1, visit); err != nil {
				return nil, err
			}
		}
		return out, nil
	default:
		return nil, fmt.Errorf("a %T is no value of the contract", v)
	}
}

// toJSON gives the kinds that JSON lacks their written form.
func toJSON(v any) (any, bool, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, true, nil
	case int64:
		if v > maxSafeInt || v < -maxSafeInt {
			return map[string]string{"$int": strconv.FormatInt(v, 10)}, true, nil
		}
		return v, true, nil
	case float64:
		return jsonFloat(v), true, nil
	case []byte:
		return map[string]string{"$bytes": base64.StdEncoding.EncodeToString(v)}, true, nil
	default:
		return nil, false, nil
	}
}

// jsonFloat writes a float so that it is read as one: encoding/json gives 3,
// which is an integer, and 1e20 in digits, which is one beyond 64 bits.
func jsonFloat(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return json.Number(s)
}

// fromJSON undoes toJSON and keeps integers exact.
func fromJSON(v any) (any, bool, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, true, nil
	case json.Number:
		n, err := number(string(v))
		return n, true, err
	case map[string]any:
		if len(v) != 1 {
			return nil, false, nil
		}
		if s, ok := v["$bytes"].(string); ok {
			b, err := base64.StdEncoding.DecodeString(s)
			return b, true, err
		}
		if s, ok := v["$int"].(string); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, true, err
		}
	}
	return nil, false, nil
}

// number refuses an integer beyond 64 bits; what is written with a point or
// an exponent is a float.
func number(s string) (any, error) {
	if strings.ContainsAny(s, ".eE") {
		return strconv.ParseFloat(s, 64)
	}
	return strconv.ParseInt(s, 10, 64)
}

// same leaves the contract's own kinds as they are: CBOR has them all, and its
// reader may give others.
func same(v any) (any, bool, error) {
	switch v.(type) {
	case nil, bool, string, int64, float64, []byte:
		return v, true, nil
	}
	return nil, false, nil
}
