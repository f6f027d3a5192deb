package postgres

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// parameters are the values of a statement as they are sent, with their formats.
type parameters struct {
	values  [][]byte
	formats []int16
}

// bind gives a statement its parameters, whose types the server has told.
func bind(names []string, types []uint32, args any) (p parameters, err error) {
	if len(types) != len(names) {
		return p, refusal(abi.InvalidArgument, "the statement has %d parameters, and the server counts %d", len(names), len(types))
	}
	n := len(names)
	var given []any
	switch args := args.(type) {
	case nil:
		if n > 0 {
			return p, refusal(abi.InvalidArgument, "the statement has %d parameters and got none", n)
		}
	case []any:
		if len(args) != n {
			return p, refusal(abi.InvalidArgument, "the statement has %d parameters and got %d", n, len(args))
		}
		given = args
	case map[string]any:
		if len(args) > n {
			return p, refusal(abi.InvalidArgument, "the statement has %d parameters and got %d", n, len(args))
		}
		for _, name := range names {
			v, ok := args[name]
			if !ok && name != "" {
				v, ok = args[name[1:]]
			}
			if !ok {
				return p, refusal(abi.InvalidArgument, "there is no value for the parameter %.80q", name)
			}
			given = append(given, v)
		}
	default:
		return p, refusal(abi.InvalidArgument, "parameters are a list or a map")
	}
	p = parameters{make([][]byte, n), make([]int16, n)}
	for i, v := range given {
		if err := p.set(i, types[i], v); err != nil {
			return p, err
		}
	}
	return p, nil
}

const textFormat, binaryFormat = 0, 1

// set writes a value as text, which the server reads as the type that it wants,
// so that numbers and texts may stand for each other as in SQLite. Bytes go as
// they are.
func (p parameters) set(i int, oid uint32, v any) error {
	switch v := v.(type) {
	case nil:
	case bool:
		p.values[i] = []byte(strconv.FormatBool(v))
		if oid != pgtype.BoolOID && oid != pgtype.TextOID {
			p.values[i] = []byte{'0'}
			if v {
				p.values[i] = []byte{'1'}
			}
		}
	case int64:
		p.values[i] = strconv.AppendInt(nil, v, 10)
	case float64:
		p.values[i] = floatText(v)
	case string:
		p.values[i] = []byte(v)
		if oid == pgtype.ByteaOID {
			p.formats[i] = binaryFormat
		} else if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return refusal(abi.InvalidArgument, "parameter %d: a text has no NUL here; give it as bytes, for a column of type bytea", i+1)
		}
	case []byte:
		p.values[i] = v
		if v == nil {
			p.values[i] = []byte{}
		}
		if oid == pgtype.ByteaOID {
			p.formats[i] = binaryFormat
		} else {
			return refusal(abi.InvalidArgument, "parameter %d: bytes are for a column of type bytea, and this is none", i+1)
		}
	default:
		return refusal(abi.InvalidArgument, "parameter %d: a list or a map is no value of a table; write it as JSON", i+1)
	}
	if len(p.values[i]) > circle.MaxValue {
		return refusal(abi.TooLarge, "parameter %d is too long: a value has at most %d bytes", i+1, circle.MaxValue)
	}
	return nil
}

// floatText writes a whole number without a point, as columns of integers want.
func floatText(v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.AppendFloat(nil, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64)
}

// value returns a column, which came as text, and about how many bytes it takes.
// Numbers of any kind are integers or floats, whatever has no counterpart is
// text.
func value(field pgconn.FieldDescription, b []byte) (abi.Value, int, error) {
	if b == nil {
		return abi.Value{}, 16, nil
	}
	size := 16 + len(b)
	text := string(b)
	switch field.DataTypeOID {
	case pgtype.BoolOID:
		return abi.Value{V: text == "t"}, 16, nil
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID, pgtype.NumericOID:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return abi.Value{V: n}, size, nil
		}
		fallthrough // a numeric may be more than that
	case pgtype.Float4OID, pgtype.Float8OID:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return abi.Value{V: text}, size, nil // a numeric that is too large
		}
		return abi.Value{V: f}, size, nil
	case pgtype.ByteaOID:
		raw, err := hex.DecodeString(strings.TrimPrefix(text, `\x`))
		if err != nil {
			return abi.Value{}, 0, fmt.Errorf("the server wrote bytes otherwise than asked: %w", err)
		}
		return abi.Value{V: raw}, size, nil
	}
	return abi.Value{V: text}, size, nil
}
