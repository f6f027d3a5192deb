package spectest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// value is an argument or an expected result. Numbers are the decimal of
// their bits, so that a float is exact; a NaN whose bits are left open is
// written as nan:canonical or nan:arithmetic, in results alone.
type value struct {
	Type  string   `json:"type"`
	Lane  string   `json:"lane_type"` // of a v128
	Value literals `json:"value"`     // one, or one for each lane
}

// literals reads a text as a list of one.
type literals []string

func (l *literals) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(l))
	}
	*l = literals{""}
	return json.Unmarshal(b, &(*l)[0])
}

// elements gives the type of a value's lanes, which for all but a v128 is its
// own type.
func (v value) elements() string {
	if v.Type == "v128" {
		return v.Lane
	}
	return v.Type
}

// words is how many of the runtime's 64-bit words hold the value.
func (v value) words() int {
	if v.Type == "v128" {
		return 2
	}
	return 1
}

// width gives the bits of a number, or of a reference as the runtime hands it
// out.
func width(element string) (int, error) {
	switch element {
	case "i8":
		return 8, nil
	case "i16":
		return 16, nil
	case "i32", "f32":
		return 32, nil
	case "i64", "f64", "funcref", "externref":
		return 64, nil
	}
	return 0, fmt.Errorf("values of type %q are not known", element)
}

// bits gives one literal as a word. A reference to nothing is 0 in the
// runtime, so the script's references are counted from 1.
func bits(element, literal string) (uint64, error) {
	size, err := width(element)
	if err != nil {
		return 0, err
	}
	isRef := strings.HasSuffix(element, "ref")
	if isRef && literal == "null" {
		return 0, nil
	}
	n, err := strconv.ParseUint(literal, 10, size)
	if err == nil && isRef {
		n++
	}
	return n, err
}

// encode gives the value as the runtime takes it, the low word first.
func (v value) encode() ([]uint64, error) {
	size, err := width(v.elements())
	if err != nil {
		return nil, err
	}
	words := make([]uint64, v.words())
	for i, literal := range v.Value {
		n, err := bits(v.elements(), literal)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", v, err)
		}
		words[i*size/64] |= n << (i * size % 64)
	}
	return words, nil
}

// matches says whether the words are the value, with the freedom that the
// specification gives for the bits of a NaN.
func (v value) matches(words []uint64) (bool, error) {
	size, err := width(v.elements())
	if err != nil {
		return false, err
	}
	for i, literal := range v.Value {
		got := words[i*size/64] >> (i * size % 64) & (1<<size - 1)
		if strings.HasPrefix(literal, "nan:") {
			if !isNaN(literal, got, size) {
				return false, nil
			}
			continue
		}
		want, err := bits(v.elements(), literal)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", v, err)
		}
		if got != want {
			return false, nil
		}
	}
	return true, nil
}

// isNaN says whether a float of that many bits is a NaN of that class: with
// the topmost bit of its significand set, and in a canonical one no other.
//
// Specification: WebAssembly Core 2.0, section 2.2.3.
func isNaN(class string, got uint64, size int) bool {
	significand := 52
	if size == 32 {
		significand = 23
	}
	sign := uint64(1) << (size - 1)
	quiet := sign - 1<<(significand-1) // the exponent and the topmost bit
	switch class {
	case "nan:canonical":
		return got&^sign == quiet
	case "nan:arithmetic":
		return got&quiet == quiet
	}
	return false
}

func (v value) String() string {
	return v.elements() + "(" + strings.Join(v.Value, " ") + ")"
}

func TestValuesMatch(t *testing.T) {
	const quiet32, quiet64 = 0x7fc00000, 0x7ff8000000000000
	for _, tc := range []struct {
		name  string
		value value
		words []uint64
		want  bool
	}{
		{"same number", value{"i32", "", literals{"7"}}, []uint64{7}, true},
		{"other number", value{"i32", "", literals{"7"}}, []uint64{8}, false},
		{"negative zero is not zero", value{"f32", "", literals{"2147483648"}}, []uint64{0}, false},
		{"canonical NaN", value{"f32", "", literals{"nan:canonical"}}, []uint64{quiet32}, true},
		{"canonical NaN of either sign", value{"f64", "", literals{"nan:canonical"}}, []uint64{quiet64 | 1<<63}, true},
		{"a payload is not canonical", value{"f64", "", literals{"nan:canonical"}}, []uint64{quiet64 | 1}, false},
		{"a payload is arithmetic", value{"f32", "", literals{"nan:arithmetic"}}, []uint64{quiet32 | 1}, true},
		{"a signalling NaN is not arithmetic", value{"f32", "", literals{"nan:arithmetic"}}, []uint64{0x7fa00000}, false},
		{"a number is no NaN", value{"f64", "", literals{"nan:arithmetic"}}, []uint64{0}, false},
		{"a class that does not exist", value{"f64", "", literals{"nan:other"}}, []uint64{quiet64}, false},
		{"null", value{"externref", "", literals{"null"}}, []uint64{0}, true},
		{"a reference is not null", value{"externref", "", literals{"0"}}, []uint64{0}, false},
		{"lanes", value{"v128", "i32", literals{"1", "2", "3", "4"}}, []uint64{1 | 2<<32, 3 | 4<<32}, true},
		{"another last lane", value{"v128", "i32", literals{"1", "2", "3", "4"}}, []uint64{1 | 2<<32, 3 | 5<<32}, false},
		{"a NaN in a lane", value{"v128", "f64", literals{"0", "nan:canonical"}}, []uint64{0, quiet64}, true},
		{"no NaN in a lane", value{"v128", "f64", literals{"0", "nan:canonical"}}, []uint64{0, 0}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.value.matches(tc.words)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}
