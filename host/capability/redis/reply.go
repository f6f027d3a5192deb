package redis

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value makes what the client gives a value of the contract. A map is one
// where all of its keys are texts, and a list of pairs otherwise; a number
// beyond 64 bits is a text.
func value(reply any) any {
	switch v := reply.(type) {
	case string:
		if utf8.ValidString(v) {
			return reply // as it is, and in no new place
		}
		return []byte(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = value(e)
		}
		return out
	case map[any]any:
		return valueOfMap(v)
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		return v.String()
	case error:
		return strings.ToValidUTF8(v.Error(), "\uFFFD")
	}
	return reply
}

func valueOfMap(m map[any]any) any {
	out := make(map[string]any, len(m))
	for k, e := range m {
		name, ok := value(k).(string)
		if !ok {
			return pairsOf(m)
		}
		out[name] = value(e)
	}
	return out
}

func pairsOf(m map[any]any) any {
	out := make([]any, 0, len(m))
	for k, e := range m {
		out = append(out, []any{value(k), value(e)})
	}
	return out
}

// finish gives the reply of a command its form: names of keys without the
// circle's prefix, numbers where a script of Redis has only texts.
func (p *prepared) finish(prefix string, v any) any {
	if p.named {
		v = unprefixed(prefix, v)
	}
	if p.floats {
		v = floats(v)
	}
	if text, ok := v.(string); ok && strings.Contains(p.flags, "i") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return value(v)
}

// unprefixed takes the prefix off the keys of a reply: the first of a pair, as
// LMPOP has it, or the keys of a map.
func unprefixed(prefix string, v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			if key, ok := v[0].(string); ok {
				v[0] = strings.TrimPrefix(key, prefix)
			}
		}
	case map[any]any:
		out := make(map[any]any, len(v))
		for k, e := range v {
			if key, ok := k.(string); ok {
				k = strings.TrimPrefix(key, prefix)
			}
			out[k] = e
		}
		return out
	}
	return v
}

func floats(v any) any {
	switch v := v.(type) {
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f
		}
	case []any:
		for i, e := range v {
			v[i] = floats(e)
		}
	}
	return v
}
