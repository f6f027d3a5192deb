package goengine

import (
	"encoding/base64"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	henge "github.com/henge-run/henge/guest/go"
)

// Text is a value as a result: a text and bytes as they are, nothing for nil,
// and anything else in JSON, as the contract writes it: names in order, bytes as
// {"$bytes": "<base64>"}, a float with a point, null for what is no number.
func Text(v any) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return appendJSON(nil, v)
}

func appendJSON(to []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(to, v)
	case int64:
		return strconv.AppendInt(to, v, 10)
	case float64:
		return appendFloat(to, v)
	case Literal:
		return append(to, v...)
	case string:
		return appendQuoted(to, v)
	case []byte:
		to = append(to, `{"$bytes":"`...)
		return append(base64.StdEncoding.AppendEncode(to, v), `"}`...)
	case []any:
		to = append(to, '[')
		for i, item := range v {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendJSON(to, item)
		}
		return append(to, ']')
	case map[string]any:
		to = append(to, '{')
		for i, name := range Names(v) {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(appendQuoted(to, name), ':')
			to = appendJSON(to, v[name])
		}
		return append(to, '}')
	}
	return append(to, "null"...)
}

// Literal is a value that stands in JSON as it is: a number that is larger than
// the contract has.
type Literal string

func appendFloat(to []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(to, "null"...)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	from := len(to)
	to = strconv.AppendFloat(to, f, format, -1, 64)
	for _, c := range to[from:] {
		if c == '.' || c == 'e' {
			return to
		}
	}
	return append(to, ".0"...)
}

func appendQuoted(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			to = append(to, '\\', byte(r))
		case r == '\n':
			to = append(to, `\n`...)
		case r == '\r':
			to = append(to, `\r`...)
		case r == '\t':
			to = append(to, `\t`...)
		case r < ' ':
			to = append(to, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return append(to, '"')
}

// Names are the names of a map, in their order: that of the map itself is the
// same in each job, and not the same in each worker.
func Names(fields map[string]any) []string { return slices.Sorted(maps.Keys(fields)) }

// Described is an error as a value for a script.
func Described(err error) map[string]any {
	var refusal *henge.Error
	if errors.As(err, &refusal) {
		return map[string]any{"code": refusal.Code.String(), "message": refusal.Message}
	}
	return map[string]any{"code": ScriptError, "message": err.Error()}
}
