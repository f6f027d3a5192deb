package wasm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// TestFreezeGivesReasons has one module for each thing that cannot be read and
// written from outside as a whole. Such a module stays as it is.
func TestFreezeGivesReasons(t *testing.T) {
	imported := func(kind string) string { return header + section(imports, list(text("env")+text("shared")+kind)) }
	global := func(t string) string { return header + section(globals, list("\x7f\x01\x41\x00\x0b", t)) }
	placed := func(offset string) string {
		return header + section(memories, list("\x00\x01")) +
			section(globals, list("\x7e\x00\x42\x01\x0b", "\x7f\x00\x23\x00\x0b")) +
			section(data, list("\x01\x00", "\x00"+offset+"\x0b"+text("x")))
	}
	for name, c := range map[string]struct{ module, want string }{
		"shares a table":          {imported("\x01\x70\x00\x01"), `it shares the table "shared" with another module`},
		"shares a memory":         {imported("\x02\x00\x01"), `it shares the memory "shared"`},
		"shares a global":         {imported("\x03\x7f\x01"), `it shares the global "shared"`},
		"shares a constant":       {imported("\x03\x7f\x00"), `it shares the global "shared"`},
		"mutable vector":          {global("\x7b\x01\xfd\x0c" + string(make([]byte, 16)) + "\x0b"), "its global 1 may change and is a vector or a reference"},
		"mutable funcref":         {global("\x70\x01\xd0\x70\x0b"), "its global 1 may change"},
		"mutable externref":       {global("\x6f\x01\xd0\x6f\x0b"), "its global 1 may change"},
		"table.set":               {function("\x41\x00\xd0\x70\x26\x00"), fmt.Sprintf("its function 0 (code at byte %d) changes a table", strings.Index(function("\x41\x00\xd0\x70\x26\x00"), "\x41\x00\xd0"))},
		"table.init":              {function("\x41\x00\x41\x00\x41\x00\xfc\x0c\x00\x00"), "changes a table"},
		"table.copy":              {function("\x41\x00\x41\x00\x41\x00\xfc\x0e\x00\x00"), "changes a table"},
		"table.grow":              {function("\xd0\x70\x41\x00\xfc\x0f\x00\x1a"), "changes a table"},
		"table.fill":              {function("\x41\x00\xd0\x70\x41\x00\xfc\x11\x00"), "changes a table"},
		"elem.drop":               {function("\xfc\x0d\x00"), "drops an element segment"},
		"data.drop":               {function("\xfc\x09\x00"), "drops a data segment"},
		"where nothing gets to":   {function("\x00\xfc\x09\x00"), "drops a data segment"},
		"data at an i64":          {placed("\x42\x00"), "the place of its data segment 1 is not a constant of type i32"},
		"data at an i64 global":   {placed("\x23\x00"), "the place of its data segment 1"},
		"data at a bad global":    {placed("\x23\x01"), "the place of its data segment 1"},
		"data nowhere":            {placed(""), "the place of its data segment 1"},
		"data at a sum of one":    {placed("\x41\x01\x6a"), "the place of its data segment 1"},
		"data at two places":      {placed("\x41\x01\x41\x02"), "the place of its data segment 1"},
		"data at a sum of wrongs": {placed("\x41\x01\x42\x02\x6a"), "the place of its data segment 1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := decoded(t, []byte(c.module))
			state, reason := m.Freeze()
			require.Nil(t, state)
			require.Contains(t, reason, c.want)
			require.Equal(t, c.module, string(m.Encode()))
		})
	}
}

// TestFreezeParts shows what is taken out of a module and what stays.
func TestFreezeParts(t *testing.T) {
	const at8 = "\x41\x08\x0b"
	file := header + section(types, list(plain)) + section(functions, list("\x00")) +
		section(memories, list("\x00\x01")) +
		section(globals, list(
			"\x7f\x01\x41\x01\x0b", // mutable
			"\x7f\x00\x41\x05\x0b",
			"\x7c\x01\x44"+string(make([]byte, 8))+"\x0b",  // mutable
			"\x7f\x00\x23\x01\x41\x03\x6c\x41\x01\x6b\x0b", // 5 * 3 - 1
			"\x70\x00\xd0\x70\x0b",
		)) +
		section(exports, list(text("mine")+"\x03\x00")) +
		section(start, "\x00") +
		section(code, list(body()))
	segments := section(data, list("\x00"+at8+text("abc"), "\x01"+text("passive"), "\x02\x00\x23\x03\x0b"+text("de"), "\x00"+at8+text("xy")))
	added := list(text("mine")+"\x03\x00", text("henge.start")+"\x00\x00", text("henge.global.0")+"\x03\x00", text("henge.global.2")+"\x03\x02")

	m := decoded(t, []byte(file+segments))
	m.ExportStart()
	state, reason := m.Freeze()
	require.Empty(t, reason)
	require.Equal(t, []string{"henge.global.0", "henge.global.2"}, state.Globals)
	at := func(segment string) int { return strings.Index(file+segments, segment) }
	require.Equal(t, []wasm.Placed{
		{Offset: 8, Bytes: []byte("abc"), At: at("\x00" + at8 + text("abc"))},
		{Offset: 5*3 - 1, Bytes: []byte("de"), At: at("\x02\x00\x23\x03")},
		{Offset: 8, Bytes: []byte("xy"), At: at("\x00" + at8 + text("xy"))},
	}, state.Data, "in the order in which they are copied")
	require.Nil(t, m.Start)

	// A passive segment keeps its number; the others are as empty as they are
	// once they were copied.
	encoded := string(m.Encode())
	require.Contains(t, encoded, section(exports, added))
	require.Contains(t, encoded, section(data, list("\x01\x00", "\x01"+text("passive"), "\x01\x00", "\x01\x00")))
}

// TestFreezeDropsWhatNothingNames leaves no data section where nothing can
// name its segments.
func TestFreezeDropsWhatNothingNames(t *testing.T) {
	bare := header + section(memories, list("\x00\x01"))
	m := decoded(t, []byte(bare+section(data, list("\x00\x41\x00\x0b"+text("abc")))))
	state, reason := m.Freeze()
	require.Empty(t, reason)
	require.Equal(t, []wasm.Placed{{Offset: 0, Bytes: []byte("abc"), At: len(bare) + 3}}, state.Data)
	require.Equal(t, bare, string(m.Encode()))
}

// TestExportStartWithoutStart changes nothing.
func TestExportStartWithoutStart(t *testing.T) {
	m := decoded(t, []byte(function()))
	m.ExportStart()
	require.Equal(t, function(), string(m.Encode()))
}
