package henge

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Major types of CBOR (RFC 8949): the upper three bits of an item's first byte.
const (
	majorUint = iota << 5
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	_
	majorSimple

	simpleFalse = majorSimple | 20
	simpleTrue  = majorSimple | 21
	simpleNull  = majorSimple | 22
	float64Head = majorSimple | 27
)

// maxDepth is the nesting that the contract allows.
const maxDepth = 64

// appendValue appends a value in CBOR. Maps are written in the order of their
// keys, so that the same request is the same bytes.
func appendValue(to []byte, v any) ([]byte, error) { return appendAt(to, v, 0) }

func appendAt(to []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, invalid(fmt.Sprintf("a value has more than %d levels", maxDepth))
	}
	var err error
	switch v := v.(type) {
	case nil:
		return append(to, simpleNull), nil
	case bool:
		if v {
			return append(to, simpleTrue), nil
		}
		return append(to, simpleFalse), nil
	case int:
		return appendInt(to, int64(v)), nil
	case int32:
		return appendInt(to, int64(v)), nil
	case uint32:
		return appendInt(to, int64(v)), nil
	case int64:
		return appendInt(to, v), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(to, float64Head), math.Float64bits(v)), nil
	case string:
		return append(appendHead(to, majorText, uint64(len(v))), v...), nil
	case []byte:
		return append(appendHead(to, majorBytes, uint64(len(v))), v...), nil
	case []any:
		to = appendHead(to, majorArray, uint64(len(v)))
		for _, item := range v {
			if to, err = appendAt(to, item, depth+1); err != nil {
				return nil, err
			}
		}
		return to, nil
	case map[string]any:
		to = appendHead(to, majorMap, uint64(len(v)))
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			to = append(appendHead(to, majorText, uint64(len(key))), key...)
			if to, err = appendAt(to, v[key], depth+1); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	return nil, invalid(fmt.Sprintf("a %T is no value of the contract", v))
}

func appendInt(to []byte, n int64) []byte {
	if n < 0 {
		return appendHead(to, majorNegative, uint64(^n))
	}
	return appendHead(to, majorUint, uint64(n))
}

func appendHead(to []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(to, major|byte(n))
	case n <= math.MaxUint8:
		return append(to, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(to, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(to, major|27), n)
}

// decode reads a reply, which is one value.
func decode(cbor []byte) (any, error) {
	r := reader{rest: cbor}
	v := r.value(0)
	if r.err == nil && len(r.rest) > 0 {
		r.fail("something follows the value")
	}
	return v, r.err
}

// reader carries the first error: what is read after one is zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(why string) {
	if r.err == nil {
		r.err = &Error{Code: Internal, Message: "the host's reply is malformed: " + why}
	}
	r.rest = nil
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail("it ends early")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// head returns the major type, the first byte and the argument of an item.
func (r *reader) head() (major, first byte, n uint64) {
	b := r.take(1)
	if r.err != nil {
		return 0, 0, 0
	}
	first = b[0]
	switch size := first & 0x1f; {
	case size < 24:
		n = uint64(size)
	case size <= 27:
		for _, b := range r.take(1 << (size - 24)) {
			n = n<<8 | uint64(b)
		}
	default:
		r.fail("a length that is left open")
	}
	return first & 0xe0, first, n
}

func (r *reader) value(depth int) any {
	if depth > maxDepth {
		r.fail("too many levels")
	}
	major, first, n := r.head()
	if r.err != nil {
		return nil
	}
	switch {
	case major == majorUint && n <= math.MaxInt64:
		return int64(n)
	case major == majorNegative && n <= math.MaxInt64:
		return ^int64(n)
	case major == majorBytes:
		return slices.Clone(r.take(n))
	case major == majorText:
		return string(r.take(n))
	case major == majorArray:
		return r.array(n, depth)
	case major == majorMap:
		return r.fields(n, depth)
	case first == simpleFalse, first == simpleTrue:
		return first == simpleTrue
	case first == simpleNull:
		return nil
	case first == float64Head:
		return math.Float64frombits(n)
	}
	r.fail("an item that is no value")
	return nil
}

// skip goes on behind a value without making it.
func (r *reader) skip(depth int) {
	if depth > maxDepth {
		r.fail("too many levels")
	}
	major, _, n := r.head()
	switch major {
	case majorBytes, majorText:
		r.take(n)
	case majorMap:
		for ; n > 0 && r.err == nil; n-- {
			r.skip(depth + 1)
			r.skip(depth + 1)
		}
	case majorArray:
		for ; n > 0 && r.err == nil; n-- {
			r.skip(depth + 1)
		}
	}
}

// text reads a text, which is not copied.
func (r *reader) text() []byte {
	major, _, n := r.head()
	if major != majorText {
		r.fail("a text is missing")
	}
	return r.take(n)
}

// array reads n items. n is what the reply claims, so nothing is allocated by
// it.
func (r *reader) array(n uint64, depth int) []any {
	list := []any{}
	for ; n > 0 && r.err == nil; n-- {
		list = append(list, r.value(depth+1))
	}
	return list
}

func (r *reader) fields(n uint64, depth int) map[string]any {
	fields := map[string]any{}
	for ; n > 0 && r.err == nil; n-- {
		key, ok := r.value(depth + 1).(string)
		if !ok {
			r.fail("a key that is no text")
			break
		}
		fields[key] = r.value(depth + 1)
	}
	return fields
}

func invalid(message string) error { return &Error{Code: InvalidArgument, Message: message} }

// validText replaces what is not UTF-8, which a text may not have.
func validText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
