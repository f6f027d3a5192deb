package sandbox_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Sections by the names and numbers of the specification.
//
// Specification: WebAssembly Core 2.0, section 5.5.2.
const (
	sectionCustom byte = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
)

// leb writes an unsigned number as it stands in a module, as short as may be.
func leb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// join puts pieces of a module one after another.
func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }

// repeat is n times the same piece.
func repeat(n int, piece ...byte) []byte { return bytes.Repeat(piece, n) }

// vector writes a list with its length before it.
func vector(items ...[]byte) []byte { return join(leb(len(items)), join(items...)) }

// text writes a name.
func text(s string) []byte { return join(leb(len(s)), []byte(s)) }

// section writes a section with its size.
func section(id byte, content ...[]byte) []byte {
	body := join(content...)
	return join([]byte{id}, leb(len(body)), body)
}

// module writes a module of the sections.
func module(sections ...[]byte) []byte {
	return join([]byte("\x00asm\x01\x00\x00\x00"), join(sections...))
}

// body writes the code of a function, with its locals before it.
func body(locals []byte, code ...[]byte) []byte {
	b := join(locals, join(code...), []byte{opEnd})
	return join(leb(len(b)), b)
}

// Types of values, and the instructions that are used here.
const (
	i32, i64, funcref = 0x7f, 0x7e, 0x70

	noResult = 0x40

	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opCall        = 0x10
	opDrop        = 0x1a
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI64Ne       = 0x52
	opI64Add      = 0x7c
	opI64DivU     = 0x80
)

// noLocals begins the code of a function without any.
var noLocals = []byte{0}

// engine is a module with henge_run, which returns 0 at once where there is a
// payload; if not, it does what run says and then returns 0. Function 0 is
// henge_job_v1.input, 1 is henge_run, and the further functions are those
// given, each taking and giving nothing.
func engine(run []byte, functions ...[]byte) []byte {
	innocent := join(
		repeat(4, opI32Const, 0), []byte{opCall, 0, opI64Const, 0, opI64Ne},
		[]byte{opIf, noResult, opI32Const, 0, opReturn, opEnd},
	)
	code := append([][]byte{body(noLocals, innocent, run, []byte{opI32Const, 0})}, functions...)
	return module(
		section(sectionType, vector(
			[]byte{0x60, 0, 1, i32},
			[]byte{0x60, 4, i32, i32, i32, i32, 1, i64},
			[]byte{0x60, 0, 0},
		)),
		section(sectionImport, vector(join(text("henge_job_v1"), text("input"), []byte{0, 1}))),
		section(sectionFunction, leb(len(code)), []byte{0}, repeat(len(functions), 2)),
		section(sectionMemory, []byte{1, 0, 1}),
		section(sectionExport, vector(join(text("memory"), []byte{2, 0}), join(text("henge_run"), []byte{0, 1}))),
		section(sectionCode, vector(code...)),
	)
}

// forever does something without end.
func forever(code ...byte) []byte {
	return join([]byte{opLoop, noResult}, code, []byte{opBr, 0, opEnd})
}

// exponentialCalls attacks a check that stands at loops only: 32 functions, of
// which each calls the next one twice, make 2^32 calls without a loop and
// without ever being deep.
func exponentialCalls() []byte {
	const first, count = 2, 32
	var functions [][]byte
	for i := range count - 1 {
		next := join([]byte{opCall}, leb(first+i+1))
		functions = append(functions, body(noLocals, next, next))
	}
	functions = append(functions, body(noLocals))
	return engine([]byte{opCall, first}, functions...)
}

// longFunction attacks a check that stands at entries and loops only: between
// two of them lie a million instructions (fewer with the race detector), a quarter of them divisions.
func longFunction() []byte {
	third := []byte{opLocalGet, 0, opI64Const, 3, opI64DivU, opLocalSet, 0}
	return engine(forever(opCall, 2), body([]byte{1, 1, i64}, repeat(250_000/slower, third...)))
}

// hugeFrames attacks the stack with frames in place of calls: a thousand
// numbers are kept over each call of a recursion.
func hugeFrames() []byte {
	const locals = 1000
	var before, after []byte
	for i := range locals {
		// Each one depends on the one before it, so none can be made anew.
		before = append(before, join([]byte{opLocalGet}, leb(max(0, i-1)), []byte{opI64Const, 3, opI64Add, opLocalSet}, leb(i))...)
		after = append(after, join([]byte{opLocalGet}, leb(i), []byte{opLocalGet, 0, opI64Add, opLocalSet, 0})...)
	}
	return engine([]byte{opCall, 2}, body(join([]byte{1}, leb(locals), []byte{i64}), before, []byte{opCall, 2}, after))
}

// manyFunctions has n functions that do nothing.
func manyFunctions(n int) []byte {
	functions := make([][]byte, n)
	for i := range functions {
		functions[i] = body(noLocals)
	}
	return engine([]byte{opCall, 2}, functions...)
}

// manyLocals has a function with n locals.
func manyLocals(n int) []byte {
	return engine([]byte{opCall, 2}, body(join([]byte{1}, leb(n), []byte{i64}), []byte{opLocalGet}, leb(n-1), []byte{opDrop}))
}

// manyTargets has a br_table with n targets.
func manyTargets(n int) []byte {
	return engine(join([]byte{opBlock, noResult, opI32Const, 7, opBrTable}, leb(n), repeat(n, 0), []byte{0, opEnd}))
}

// deep has n blocks, each in the one before it; code is what each begins with.
func deep(n int, code ...byte) []byte {
	return engine([]byte{opCall, 2}, body(noLocals, repeat(n, code...), repeat(n, opEnd)))
}

// inARow has n times the same code, one after another.
func inARow(n int, code ...byte) []byte {
	return engine([]byte{opCall, 2}, body([]byte{1, 1, i64}, repeat(n, code...)))
}

// localsInBlocks keeps n locals alive through n branches: what a compiler
// notes of each at each is n by n.
func localsInBlocks(n int) []byte {
	var code []byte
	for i := range n {
		code = append(code, join([]byte{opI32Const, 0, opIf, noResult, opI64Const, 1, opLocalSet}, leb(i), []byte{opElse, opLocalGet}, leb(i), []byte{opDrop, opEnd})...)
	}
	for i := range n {
		code = append(code, join([]byte{opLocalGet}, leb(i), []byte{opDrop})...)
	}
	return engine([]byte{opCall, 2}, body(join([]byte{1}, leb(n), []byte{i64}), code))
}

// before puts a section in front of those of a module that runs.
func before(section []byte) []byte {
	const header = 8
	rest := engine(nil)
	return join(rest[:header], section, rest[header:])
}

// behind puts sections after those of a module that runs.
func behind(sections ...[]byte) []byte { return join(engine(nil), join(sections...)) }

// manyTypes has n types beside those that it needs.
func manyTypes(n int) []byte {
	types := join(leb(n+1), []byte{0x60, 0, 1, i32}, repeat(n, 0x60, 0, 0))
	return module(
		section(sectionType, types),
		section(sectionFunction, []byte{1, 0}),
		section(sectionMemory, []byte{1, 0, 1}),
		section(sectionExport, vector(join(text("memory"), []byte{2, 0}), join(text("henge_run"), []byte{0, 0}))),
		section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}))),
	)
}

// manyGlobals has n variables of 64 bits.
func manyGlobals(n int) []byte {
	return module(
		section(sectionType, vector([]byte{0x60, 0, 1, i32})),
		section(sectionFunction, []byte{1, 0}),
		section(sectionMemory, []byte{1, 0, 1}),
		section(sectionGlobal, leb(n), repeat(n, i64, 1, opI64Const, 0, opEnd)),
		section(sectionExport, vector(join(text("memory"), []byte{2, 0}), join(text("henge_run"), []byte{0, 0}))),
		section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}))),
	)
}

// manyExports exports its one function under n further names.
func manyExports(n int) []byte {
	exports := [][]byte{join(text("memory"), []byte{2, 0}), join(text("henge_run"), []byte{0, 0})}
	for i := range n {
		exports = append(exports, join(text(fmt.Sprint(i)), []byte{0, 0}))
	}
	return module(
		section(sectionType, vector([]byte{0x60, 0, 1, i32})),
		section(sectionFunction, []byte{1, 0}),
		section(sectionMemory, []byte{1, 0, 1}),
		section(sectionExport, vector(exports...)),
		section(sectionCode, vector(body(noLocals, []byte{opI32Const, 0}))),
	)
}
