package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/wasm"
)

// countExport is the global in which a counted module counts.
const countExport = "count"

// counted makes a module count the instructions that it executes, each as one,
// in the plainest way: a number is added before every stretch of code that
// control can neither enter nor leave midway, however short. It reads the code
// by itself and shares nothing with metering, for which it is the measure.
// The words else and end are not instructions here: nothing is done for them.
func counted(t testing.TB, module []byte) []byte {
	t.Helper()
	m, err := wasm.Decode(module)
	require.NoError(t, err)
	global := len(m.Globals)
	for _, imp := range m.Imports {
		require.Equal(t, wasm.KindFunction, imp.Kind)
	}
	for i := range m.Functions {
		m.Functions[i].Code = countedCode(m.Functions[i].Code, global)
	}
	m.Globals = append(m.Globals, wasm.Global{
		GlobalType: wasm.GlobalType{Type: wasm.I64, Mutable: true}, Init: wasm.Expr{opI64Const, 0, opEnd},
	})
	m.Exports = append(m.Exports, wasm.Export{Name: countExport, Kind: wasm.KindGlobal, Index: uint32(global)})
	return m.Encode()
}

func countedCode(code []byte, global int) []byte {
	var out []byte
	begin, n := 0, 0 // of the stretch that is being read
	for at := 0; at < len(code); {
		op := code[at]
		at = behindInstruction(code, at)
		if op != opElse && op != opEnd {
			n++
		}
		if !transfers(op) && at < len(code) && n < longStretch {
			continue
		}
		if n > 0 {
			out = append(out, join([]byte{opGlobalGet}, leb(global), []byte{opI64Const}, signedLEB(n), []byte{opI64Add, opGlobalSet}, leb(global))...)
		}
		out = append(out, code[begin:at]...)
		begin, n = at, 0
	}
	return out
}

// longStretch is the most instructions that are counted at once.
const longStretch = 1000

const (
	opNop          = 0x01
	opCallIndirect = 0x11
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	prefixMisc     = 0xfc
	prefixSIMD     = 0xfd
)

// transfers says whether control may go elsewhere at an instruction, or come
// to what follows it from elsewhere.
func transfers(op byte) bool { return op <= opCallIndirect && op != opNop }

// signedLEB writes a number that is not negative in the form of a signed one.
func signedLEB(n int) []byte {
	b := leb(n << 1) // makes room for a sign
	b = b[:0]
	for {
		low := byte(n & 0x7f)
		if n >>= 7; n == 0 && low < 0x40 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

// behindInstruction is where the instruction ends that begins at an offset.
//
// Specification: WebAssembly Core 2.0, section 5.4.
func behindInstruction(code []byte, at int) int {
	op := code[at]
	at++
	number := func() (n int) {
		for shift := 0; ; shift += 7 {
			b := code[at]
			at++
			n |= int(b&0x7f) << shift
			if b < 0x80 {
				return n
			}
		}
	}
	numbers := func(n int) {
		for range n {
			number()
		}
	}
	switch {
	case op == opBlock || op == opLoop || op == opIf, op == opBr || op == 0x0d, op == opCall, op >= 0x20 && op <= 0x26,
		op >= 0x3f && op <= 0x42, op == 0xd0 || op == 0xd2:
		number()
	case op == opBrTable:
		numbers(number() + 1)
	case op == opCallIndirect, op >= 0x28 && op <= 0x3e:
		numbers(2)
	case op == 0x1c:
		at += number()
	case op == 0x43:
		at += 4
	case op == 0x44:
		at += 8
	case op == prefixMisc:
		numbers([...]int{8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}[number()])
	case op == prefixSIMD:
		switch sub := number(); {
		case sub <= 11 || sub == 92 || sub == 93:
			numbers(2)
		case sub == 12 || sub == 13:
			at += 16
		case sub >= 21 && sub <= 34:
			at++
		case sub >= 84 && sub <= 91:
			numbers(2)
			at++
		}
	}
	return at
}

// TestCounted counts by hand what the exact counter counts.
func TestCounted(t *testing.T) {
	for name, c := range map[string]struct {
		run  []byte
		want uint64
	}{
		"nothing":        {nil, 0},
		"a constant":     {[]byte{opI32Const, 7, opDrop}, 2},
		"a skipped arm":  {[]byte{opI32Const, 0, opIf, noResult, opI32Const, 7, opDrop, opEnd, opI32Const, 7, opDrop}, 4},
		"one arm of two": {[]byte{opI32Const, 1, opIf, noResult, opI32Const, 7, opDrop, opElse, opUnreachable, opEnd}, 4},
		"ten rounds": { // 2 before, then 1 for loop, then 6 a round
			[]byte{opI32Const, 10, opLocalSet, 0, opLoop, noResult, opLocalGet, 0, opI32Const, 1, 0x6b, 0x22, 0, 0x0d, 0, opEnd}, 3 + 10*5},
		"a table":   {[]byte{opBlock, noResult, opBlock, noResult, opI32Const, 1, opBrTable, 2, 0, 1, 0, opEnd, opUnreachable, opEnd}, 4},
		"a return":  {[]byte{opBlock, noResult, opReturn, opEnd, opUnreachable}, 2},
		"no return": {[]byte{opI32Const, 0, 0x0d, 0, opI32Const, 1, 0x0d, 0, opUnreachable}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuest(t, counted(t, plainFunction(c.run)), nil)
			_, err := g.ExportedFunction("f").Call(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, g.ExportedGlobal(countExport).Get(), fmt.Sprintf("% x", c.run))
		})
	}
}

// plainFunction is a module that exports the function f, () -> (), with a
// local of type i32.
func plainFunction(code []byte) []byte {
	return module(
		section(sectionType, vector([]byte{0x60, 0, 0})),
		section(sectionFunction, vector([]byte{0})),
		section(sectionExport, vector(join(text("f"), []byte{0, 0}))),
		section(sectionCode, vector(body([]byte{1, 1, i32}, code))),
	)
}
