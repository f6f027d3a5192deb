package wasm_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// TestEncodeGivesBack decodes every module at hand and encodes it: nothing is
// lost, and doing so again changes nothing. What a compiler writes comes back
// byte for byte, but for custom sections; what was written longer than need be
// comes back shorter.
func TestEncodeGivesBack(t *testing.T) {
	all, same := 0, 0
	for _, path := range corpus(t) {
		b := read(t, path)
		m, err := wasm.Decode(b)
		if err != nil {
			continue
		}
		all++
		encoded, want := string(m.Encode()), string(withoutCustom(b))
		if encoded == want {
			same++
		} else {
			require.Less(t, len(encoded), len(want), path)
		}
		again, err := wasm.Decode([]byte(encoded))
		require.NoError(t, err, path)
		require.True(t, encoded == string(again.Encode()), path)
	}
	require.NotZero(t, all, "run: make modules")
	require.Greater(t, float64(same), 0.95*float64(all))
}

// withoutCustom leaves out custom sections, which Decode drops.
func withoutCustom(module []byte) []byte {
	out := []byte(header)
	for at := len(header); at < len(module); {
		size, n := binary.Uvarint(module[at+1:])
		end := at + 1 + n + int(size)
		if module[at] != custom {
			out = append(out, module[at:end]...)
		}
		at = end
	}
	return out
}

// TestEncodeSegments writes the eight forms of an element segment in the one
// that says the same.
func TestEncodeSegments(t *testing.T) {
	const null, offset = "\xd0\x70\x0b", "\x41\x00\x0b"
	for name, c := range map[string]struct{ from, to string }{
		"0 active":                            {"\x00" + offset + list("\x00"), "\x00" + offset + list("\x00")},
		"1 passive":                           {"\x01\x00" + list("\x00"), "\x01\x00" + list("\x00")},
		"2 active, table 0":                   {"\x02\x00" + offset + "\x00" + list("\x00"), "\x00" + offset + list("\x00")},
		"2 active, table 1":                   {"\x02\x01" + offset + "\x00" + list("\x00"), "\x02\x01" + offset + "\x00" + list("\x00")},
		"3 declarative":                       {"\x03\x00" + list("\x00"), "\x03\x00" + list("\x00")},
		"4 active, expressions":               {"\x04" + offset + list(null), "\x04" + offset + list(null)},
		"5 passive, expressions":              {"\x05\x70" + list(null), "\x05\x70" + list(null)},
		"6 active, table 0, expressions":      {"\x06\x00" + offset + "\x70" + list(null), "\x04" + offset + list(null)},
		"6 active, table 2, references":       {"\x06\x02" + offset + "\x6f" + list("\xd0\x6f\x0b"), "\x06\x02" + offset + "\x6f" + list("\xd0\x6f\x0b")},
		"7 declarative, expressions":          {"\x07\x70" + list("\xd2\x00\x0b"), "\x07\x70" + list("\xd2\x00\x0b")},
		"5 passive, references without any":   {"\x05\x6f\x00", "\x05\x6f\x00"},
		"7 declarative, expressions, no item": {"\x07\x70\x00", "\x03\x00\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			file := func(segment string) string {
				return header + section(types, list(plain)) + section(functions, list("\x00")) +
					section(tables, list("\x70\x00\x01", "\x70\x00\x01", "\x6f\x00\x01")) +
					section(elements, list(segment)) + section(code, list(body()))
			}
			require.Equal(t, file(c.to), string(decoded(t, []byte(file(c.from))).Encode()))
		})
	}
}
