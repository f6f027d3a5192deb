package sandbox_test

import (
	"pgregory.net/rapid"
)

// A generated module has a few functions (i32) -> (i32), the first exported as
// f, which call each other by name and through a table, a memory of a
// mebibyte, two global variables and a host function. Each round and each call
// takes from a third variable, so that every one ends.
const (
	generatedFunctions = 3
	generatedPages     = 16
	generatedRounds    = 300

	roundsGlobal = 2
	probeIndex   = 0
)

// generator writes the code of one function.
type generator struct {
	*rapid.T
	code []byte

	// labels is how many blocks are open.
	labels int

	// left is how many more statements there may be.
	left int
}

// generated draws a module.
func generated(t *rapid.T) []byte {
	var bodies, indices [][]byte
	for i := range generatedFunctions {
		g := &generator{T: t, left: rapid.IntRange(1, 25).Draw(t, "statements")}
		g.round()
		g.statements(3)
		g.value(2)
		bodies = append(bodies, body([]byte{1, 3, i32}, g.code))
		indices = append(indices, leb(probeIndex+1+i))
	}
	variable := func(n int) []byte { return join([]byte{i32, 1, opI32Const}, signedLEB(n), []byte{opEnd}) }
	return module(
		section(sectionType, vector([]byte{0x60, 1, i32, 1, i32}, []byte{0x60, 1, i32, 0})),
		section(sectionImport, vector(join(text("host"), text("probe"), []byte{0, 1}))),
		section(sectionFunction, vector(repeatPiece(generatedFunctions, []byte{0})...)),
		section(sectionTable, vector([]byte{funcref, 0, generatedFunctions + 1})),
		section(sectionMemory, vector([]byte{0, generatedPages})),
		section(sectionGlobal, vector(variable(1), variable(2), variable(generatedRounds))),
		section(sectionExport, vector(
			join(text("f"), []byte{0, probeIndex + 1}), join(text("memory"), []byte{2, 0}),
			join(text("g0"), []byte{3, 0}), join(text("g1"), []byte{3, 1}),
		)),
		section(sectionElement, vector(join([]byte{0, opI32Const, 0, opEnd}, vector(indices...)))),
		section(sectionCode, vector(bodies...)),
		section(sectionData, vector(join([]byte{0, opI32Const, 16, opEnd}, text("what the memory begins with")))),
	)
}

func repeatPiece(n int, piece []byte) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = piece
	}
	return out
}

func (g *generator) emit(code ...byte) { g.code = append(g.code, code...) }

func (g *generator) pick(n int, what string) int { return rapid.IntRange(0, n-1).Draw(g.T, what) }

func (g *generator) local() byte { return byte(g.pick(4, "local")) }

func (g *generator) constant(n int) { g.emit(join([]byte{opI32Const}, signed32(int32(n)))...) }

func signed32(v int32) []byte {
	var b []byte
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low < 0x40 || v == -1 && low >= 0x40 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

// round takes a round, and returns where none is left.
func (g *generator) round() {
	g.emit(opGlobalGet, roundsGlobal, opI32Const, 1, 0x6b, opGlobalSet, roundsGlobal)
	g.emit(opGlobalGet, roundsGlobal, opI32Const, 0, 0x48, opIf, noResult, opI32Const, 7, opReturn, opEnd)
}

// inside puts code into a block.
func (g *generator) inside(op byte, code func()) {
	g.emit(op, noResult)
	g.labels++
	code()
	g.labels--
	g.emit(opEnd)
}

// statements writes a few, with at most so many blocks within each other.
func (g *generator) statements(depth int) {
	for range g.pick(5, "in a row") + 1 {
		if g.left--; g.left < 0 {
			return
		}
		g.statement(depth)
	}
}

func (g *generator) statement(depth int) {
	kinds := 11
	if depth > 0 {
		kinds = 15
	}
	switch g.pick(kinds, "statement") {
	case 0, 1:
		g.value(2)
		g.emit(opLocalSet, g.local())
	case 2:
		g.value(2)
		g.emit(opGlobalSet, byte(g.pick(2, "global")))
	case 3:
		g.address()
		g.value(1)
		g.emit(0x36, 2, 0) // i32.store
	case 4:
		g.value(1)
		g.emit(opCall, probeIndex)
	case 5:
		if g.labels > 0 {
			g.value(1)
			g.emit(0x0d, byte(g.pick(g.labels, "label")))
		}
	case 6:
		if g.labels > 0 {
			g.branchTable()
		}
	case 7:
		g.value(1)
		g.inside(opIf, func() {
			g.value(1)
			g.emit(opReturn)
		})
	case 8:
		g.bulk()
	case 9:
		g.value(2)
		g.emit(opDrop)
	case 10:
		g.emit(opNop)
		if g.pick(20, "end") == 0 {
			g.emit(opUnreachable)
		}
	case 11:
		g.inside(opBlock, func() { g.statements(depth - 1) })
	case 12:
		g.inside(opLoop, func() {
			g.round()
			g.statements(depth - 1)
			g.value(1)
			g.emit(0x0d, byte(g.pick(g.labels, "label")))
		})
	default:
		g.value(1)
		g.inside(opIf, func() {
			g.statements(depth - 1)
			if g.pick(2, "else") == 1 {
				g.emit(opElse)
				g.statements(depth - 1)
			}
		})
	}
}

// branchTable goes to one of several labels; what stands behind it in its
// block is never reached.
func (g *generator) branchTable() {
	g.value(1)
	g.emit(opI32Const, 3, 0x71, opBrTable, 3)
	for range 4 {
		g.emit(byte(g.pick(g.labels, "target")))
	}
}

// address is one that a word fits to, nearly always.
func (g *generator) address() {
	g.value(1)
	if g.pick(30, "wild") > 0 {
		g.constant(0xffff)
		g.emit(0x71)
	}
}

// value pushes a number.
func (g *generator) value(depth int) {
	kinds := 3
	if depth > 0 {
		kinds = 9
	}
	switch g.pick(kinds, "value") {
	case 0:
		g.emit(opLocalGet, g.local())
	case 1:
		g.constant(int(rapid.SampledFrom([]int32{0, 1, 2, 3, -1, 1000, 1 << 30}).Draw(g.T, "constant")))
	case 2:
		g.emit(opGlobalGet, byte(g.pick(2, "global")))
	case 3, 4, 5:
		g.value(depth - 1)
		g.value(depth - 1)
		// add, sub, mul, and, xor, shift, less, equal; divide, which may trap
		g.emit(rapid.SampledFrom([]byte{0x6a, 0x6b, 0x6c, 0x71, 0x73, 0x74, 0x48, 0x46, 0x6e}).Draw(g.T, "operation"))
	case 6:
		g.address()
		g.emit(0x28, 2, 0) // i32.load
	case 7:
		g.value(depth - 1)
		g.emit(opCall, byte(probeIndex+1+g.pick(generatedFunctions, "function")))
	default:
		g.value(depth - 1)
		g.value(depth - 1)
		g.emit(opI32Const, 3, 0x71, opCallIndirect, 0, 0) // one of four entries is empty
	}
}

// bulk fills or copies, with lengths around those at which metering parts the
// work, and in places at the memory's end.
func (g *generator) bulk() {
	const piece, size = 1 << 18, generatedPages << 16
	n := rapid.SampledFrom([]int{0, 1, 31, 32, 33, 1 << 16, 1<<16 + 1, piece - 1, piece, piece + 1, 2 * piece, 2*piece + 1, 3*piece + 7, size, size + 1, -1}).Draw(g.T, "length")
	place := func(what string) int {
		return rapid.SampledFrom([]int{0, 1, 40, 1000, piece - 1, piece + 3, size - n, size - n - 1, size - n + 1, size, size + 1, -1}).Draw(g.T, what)
	}
	g.constant(place("to"))
	isCopy := g.pick(2, "copy") == 1
	if isCopy {
		g.constant(place("from"))
	} else {
		g.value(0)
	}
	g.constant(n)
	if g.pick(2, "known") == 1 {
		g.emit(opLocalSet, 3, opLocalGet, 3)
	}
	if isCopy {
		g.emit(prefixMisc, 10, 0, 0)
	} else {
		g.emit(prefixMisc, 11, 0)
	}
}
