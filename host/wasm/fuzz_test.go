package wasm_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// FuzzDecode gives the reader any bytes. It refuses them, with an offset
// within the file, or what it has read can be written, and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, binary []byte) {
		refusal := func(err error) {
			var e *wasm.Error
			require.ErrorAs(t, err, &e)
			require.GreaterOrEqual(t, e.Offset, 0)
			require.LessOrEqual(t, e.Offset, len(binary))
			require.Less(t, len(e.Message), 1000)
		}
		m, err := wasm.Decode(binary)
		content, found, customErr := wasm.CustomSection(binary, "henge.manifest")
		if customErr != nil {
			refusal(customErr)
			require.Error(t, err, "Decode reads all sections")
		}
		require.True(t, found || content == nil)
		if err != nil {
			refusal(err)
			return
		}
		encoded := m.Encode()
		again, err := wasm.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, encoded, again.Encode())
		rewrites(t, binary)
	})
}

// FuzzMeter rewrites two functions of any instructions, which may call
// themselves and each other.
func FuzzMeter(f *testing.F) {
	for _, seed := range seeds(f) {
		m, err := wasm.Decode(seed)
		if err != nil {
			continue
		}
		for i := 1; i < len(m.Functions); i++ {
			f.Add(m.Functions[i-1].Code, m.Functions[i].Code)
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		rewrites(t, []byte(header+
			section(types, list(plain, "\x60\x01\x7f\x01\x7f", "\x60\x02\x7e\x7f\x00"))+
			section(imports, list(text("env")+text("f")+"\x00\x01", text("env")+text("g")+"\x00\x00"))+
			section(functions, list("\x00", "\x01", "\x01"))+
			section(tables, list("\x70\x00\x02", "\x6f\x00\x02"))+
			section(memories, list("\x00\x01"))+
			section(globals, list("\x7f\x01\x41\x00\x0b", "\x7e\x01\x42\x00\x0b", "\x7d\x00\x43\x00\x00\x00\x00\x0b"))+
			section(exports, list(text("f")+"\x00\x03"))+
			section(elements, list("\x03\x00"+list("\x02", "\x04")))+
			section(dataCount, "\x01")+
			section(code, list(body(), text(list("\x09\x7e")+string(first)), text(list("\x03\x7f", "\x08\x7e")+string(second))))+
			section(data, list("\x01"+text("x")))))
	})
}

// FuzzFreeze takes the state out of modules with any globals and segments,
// each a list in its binary form.
func FuzzFreeze(f *testing.F) {
	f.Add([]byte("\x02\x7f\x00\x41\x08\x0b\x7e\x01\x42\x08\x0b"), []byte("\x00"), []byte("\x01\x00\x23\x00\x0b\x02ab"), []byte("\x0b"))
	f.Add([]byte("\x02\x7f\x01\x41\x08\x0b\x70\x00\xd2\x00\x0b"), []byte("\x01\x05\x70\x01\xd2\x00\x0b"), []byte("\x02\x01\x01a\x00\x41\x02\x41\x03\x6c\x0b\x01b"), []byte("\xfc\x09\x00\x0b"))
	f.Add([]byte("\x01\x7b\x01\xfd\x0c0123456789abcdef\x0b"), []byte("\x01\x00\x41\x00\x0b\x01\x00"), []byte("\x00"), []byte("\x41\x00\x41\x00\x41\x00\xfc\x08\x00\x00\x0b"))
	f.Fuzz(func(t *testing.T, global, element, segment, instructions []byte) {
		file := header + section(types, list(plain)) + section(functions, list("\x00")) +
			section(tables, list("\x70\x00\x01")) + section(memories, list("\x00\x01")) +
			section(globals, string(global)) + section(exports, list(text("mine")+"\x00\x00")) + section(start, "\x00") +
			section(elements, string(element)) +
			section(code, list(text("\x00"+string(instructions)))) + section(data, string(segment))
		rewrites(t, []byte(file))
	})
}

// rewrites checks that whatever is accepted can be rewritten in every way, and
// read again but for the names that rewriting has added.
func rewrites(t *testing.T, binary []byte) {
	m, err := wasm.Decode(binary)
	if err != nil {
		return
	}
	bytes, segments, mutable := 0, len(m.Data), 0
	for _, g := range m.Globals {
		if g.Mutable {
			mutable++
		}
	}
	for _, d := range m.Data {
		if d.Mode == wasm.Active {
			bytes += len(d.Bytes)
		}
	}
	state, reason := m.Freeze()
	require.Equal(t, state == nil, reason != "")
	if state != nil {
		for _, d := range state.Data {
			bytes -= len(d.Bytes)
			require.Less(t, d.At, len(binary))
		}
		require.Zero(t, bytes, "all the data is placed")
		require.Len(t, state.Globals, mutable)
		require.Contains(t, []int{0, segments}, len(m.Data), "the segments keep their numbers")
	}
	m.ExportStart()
	m.Meter()
	encoded := m.Encode()
	_, err = wasm.Decode(encoded)
	require.ErrorContains(t, err, "to the host", "nothing else is wrong with it")

	other := decoded(t, binary)
	other.Freeze()
	other.ExportStart()
	other.Meter()
	require.Equal(t, encoded, other.Encode())
}

// TestMeterAddsNoLocalTooMany meters a function with as many locals as there
// may be.
func TestMeterAddsNoLocalTooMany(t *testing.T) {
	for _, n := range []int{49_999, 50_000} {
		rewrites(t, []byte(functionsOf(1, bodyWith("\x01"+leb(n)+"\x7f", "\x03\x40\x41\x00\x0d\x00\x0b"))))
	}
}

// seeds are small modules of every kind.
func seeds(t testing.TB) [][]byte {
	const large = 2 << 10
	var out [][]byte
	for _, path := range corpus(t) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		if version := filepath.Base(filepath.Dir(filepath.Dir(path))); info.Size() <= large && version != "v1" && version != "typed-function-references" {
			out = append(out, read(t, path))
		}
	}
	for _, shape := range shapes() {
		out = append(out, []byte(shape(3)))
	}
	return out
}
