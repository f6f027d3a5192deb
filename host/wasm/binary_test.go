package wasm_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// header begins every module.
const header = "\x00asm\x01\x00\x00\x00"

// here marks the byte of a module that its error should name. It is taken out
// before the module is used and counts in no length.
const here = "<here>"

// Sections by the names and numbers of the specification.
//
// Specification: WebAssembly Core 2.0, section 5.5.2.
const (
	custom = iota
	types
	imports
	functions
	tables
	memories
	globals
	exports
	start
	elements
	code
	data
	dataCount
)

// leb writes an unsigned number as short as may be.
func leb(n int) string { return string(binary.AppendUvarint(nil, uint64(n))) }

// length is how long b will be in the module.
func length(b string) int { return len(strings.ReplaceAll(b, here, "")) }

// section writes a section with its size before it.
func section(id byte, content ...string) string {
	body := strings.Join(content, "")
	return string(id) + leb(length(body)) + body
}

// list writes a list with its length before it.
func list(items ...string) string { return leb(len(items)) + strings.Join(items, "") }

// text writes a name.
func text(s string) string { return leb(length(s)) + s }

// body writes a function without locals.
func body(instructions ...string) string { return bodyWith("\x00", instructions...) }

// bodyWith writes a function with its locals.
func bodyWith(locals string, instructions ...string) string {
	return text(locals + strings.Join(instructions, "") + "\x0b")
}

// function is a module with one function () -> () of these instructions, which
// may name local 0 to 2, global 0, table 0, memory 0 and one segment of each
// kind.
func function(instructions ...string) string {
	return header + section(types, list(plain, "\x60\x01\x7f\x01\x7f")) +
		section(functions, list("\x00")) +
		section(tables, list("\x70\x00\x01")) +
		section(memories, list("\x00\x01")) +
		section(globals, list("\x7f\x01\x41\x00\x0b")) +
		section(elements, list("\x03\x00"+list("\x00"))) +
		section(dataCount, "\x01") +
		section(code, list(bodyWith(list("\x03\x7f"), instructions...))) +
		section(data, list("\x01"+text("x")))
}

// plain is the type () -> ().
const plain = "\x60\x00\x00"

// module takes the mark out, and returns its offset; -1 without one.
func module(marked string) ([]byte, int) {
	return []byte(strings.ReplaceAll(marked, here, "")), strings.Index(marked, here)
}

// decoded reads a module that is right.
func decoded(t testing.TB, binary []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Decode(binary)
	require.NoError(t, err)
	return m
}

// damaged is a module that is to be refused, with a mark where it is wrong.
type damaged struct{ module, want string }

// refused checks that each module is refused with its reason and offset.
func refused(t *testing.T, cases map[string]damaged) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			binary, offset := module(c.module)
			m, err := wasm.Decode(binary)
			require.ErrorContains(t, err, c.want)
			require.Nil(t, m)
			var e *wasm.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, offset, e.Offset, e)
		})
	}
}
