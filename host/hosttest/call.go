package hosttest

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/henge-run/henge/abi"
)

// Call is one call of a host function. Request and Reply are Nothing, Raw, or
// what an abi.Value holds: nil, bool, int64, float64, string, []byte, []any or
// map[string]any.
type Call struct {
	// Function is "redis.do" for the function do of henge_redis_v1; a
	// capability that is not the contract's keeps its whole name.
	Function string

	Request, Reply any

	// Err is the error that the guest got in place of a reply; nil for none.
	Err *abi.Error

	// live says that it was expected without an answer, and Reply is that of
	// the capability itself.
	live bool
}

// Nothing is a message of length 0, Any a request that may be whatever it is.
type (
	Nothing struct{}
	Any     struct{}
)

// Raw is a message that is bytes and no structured value.
type Raw string

// unstructured are the functions of the contract that take or give raw bytes.
// Of all others the bytes themselves decide, which a key such as "[1]" would
// mislead.
var unstructured = []struct {
	function       string
	request, reply bool
}{
	{"job.input", false, true},
	{"job.output", true, false},
	{"clock.*", true, true},
	{"kv.get", true, true},
	{"kv.delete", true, false},
	{"circle.role", false, true},
}

func rawRequest(function string) bool {
	request, _ := rawOf(function)
	return request
}

func rawReply(function string) bool {
	_, reply := rawOf(function)
	return reply
}

func rawOf(function string) (request, reply bool) {
	for _, u := range unstructured {
		if matches(u.function, function) {
			return u.request, u.reply
		}
	}
	return false, false
}

// matches says whether a pattern such as "redis.*" is for a function.
func matches(pattern, function string) bool {
	ok, err := path.Match(pattern, function)
	return ok && err == nil
}

// functionName shortens the names of the contract.
func functionName(capability, function string) string {
	if short, ok := strings.CutPrefix(capability, "henge_"); ok {
		capability = strings.TrimSuffix(short, "_v1")
	}
	return capability + "." + function
}

// requestOf reads a request, and the encoding that the reply is to have.
func requestOf(function string, b []byte) (any, abi.Encoding) {
	if len(b) == 0 {
		return Nothing{}, abi.CBOR
	}
	if enc, err := abi.EncodingOf(b); err == nil && !rawRequest(function) {
		if v, ok := decode(enc, b); ok {
			return v, enc
		}
	}
	return Raw(b), abi.CBOR
}

// replyOf reads the reply to a request.
func replyOf(function string, request any, enc abi.Encoding, b []byte) any {
	if len(b) == 0 {
		return Nothing{}
	}
	_, unstructured := request.(Raw)
	if !unstructured && !rawReply(function) {
		if v, ok := decode(enc, b); ok {
			return v
		}
	}
	return Raw(b)
}

func decode(enc abi.Encoding, b []byte) (any, bool) {
	var v abi.Value
	if enc == abi.JSON {
		// Unlike Value.UnmarshalJSON it refuses what follows.
		return v.V, json.Unmarshal(b, &v) == nil
	}
	return v.V, v.UnmarshalCBOR(b) == nil
}

// bytesOf writes a reply.
func bytesOf(enc abi.Encoding, message any) ([]byte, error) {
	switch m := message.(type) {
	case Nothing:
		return nil, nil
	case Raw:
		return []byte(m), nil
	}
	return abi.Encode(enc, abi.Value{V: message})
}

// messageOf makes a message of what a test gives: a Go value of any type that
// the contract can write, such as abi.Query or []string.
func messageOf(v any, raw bool) (any, error) {
	switch v := v.(type) {
	case Nothing, Any, Raw:
		return v, nil
	case string:
		if raw {
			return Raw(v), nil
		}
	case []byte:
		if raw {
			return Raw(v), nil
		}
	}
	b, err := abi.Encode(abi.CBOR, v)
	if err != nil {
		return nil, fmt.Errorf("a %s is no message: %w", reflect.TypeOf(v), err)
	}
	var value abi.Value
	if err := value.UnmarshalCBOR(b); err != nil {
		return nil, fmt.Errorf("a %s is no message: %w", reflect.TypeOf(v), err)
	}
	return value.V, nil
}
