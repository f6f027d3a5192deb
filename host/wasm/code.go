package wasm

import "slices"

// traits are the kinds of instruction that a function has, as far as they
// decide how its module can be run.
type traits uint16

const (
	callsIndirectly traits = 1 << iota
	writesTables
	dropsData
	dropsElements
	initsMemory
)

// maxLocals is how many locals one function may have, its parameters
// included. The runtime has the same limit.
const maxLocals = 50_000

// Compilers take a time that grows with the square of a function's blocks, and
// with its locals times its blocks: 40,000 empty loops, which are 120 kB, took
// 19 s. The largest functions of real modules are below a tenth of this.
const (
	maxBlocks       = 20_000
	maxTargets      = 100_000
	maxBlocksLocals = 16_000_000
)

// code reads the code of all functions.
//
// Specification: WebAssembly Core 2.0, section 5.5.13.
func (d *decoder) code(c *cursor) {
	d.bodies = c.count("functions")
	if d.bodies != len(d.m.Functions) {
		c.at = c.end // finish says so
		return
	}
	r := &reader{counts: counts{
		types: len(d.m.Types), functions: d.m.functionCount(), tables: d.m.tableCount(),
		memories: d.m.memoryCount(), globals: d.m.globalCount(), elements: len(d.m.Elements),
	}}
	if d.m.HasDataCount {
		r.counts.data = d.dataCount
	}
	called := make([]uint32, d.m.functionCount())
	for i := range d.m.Functions {
		f := &d.m.Functions[i]
		r.cursor = c.part(c.u32())
		r.locals(f, len(d.m.Types[f.Type].Params))
		f.at = r.at
		f.Code = r.b[r.at:r.end:r.end]
		r.walk(f, called, uint32(i)+1)
		if r.err != nil {
			c.err = r.err
		}
		if c.err != nil {
			c.at = c.end
			return
		}
	}
}

// locals reads what a function declares.
func (r *reader) locals(f *Function, params int) {
	r.counts.locals = uint64(params)
	for range r.count("groups of locals") {
		at := r.at
		l := Locals{Count: r.u32()}
		l.Type = r.valueType()
		if r.counts.locals += uint64(l.Count); r.counts.locals > maxLocals {
			r.fail(at, "a function has more than %d locals", maxLocals)
			return
		}
		f.Locals = append(f.Locals, l)
	}
}

// walk reads a function's instructions to the end. called remembers, by
// function, who was the last to call it, so that calls names each once; mark
// is the caller.
func (r *reader) walk(f *Function, called []uint32, mark uint32) {
	depth, blocks, targets := 1, 0, 0
	var ifs []bool // per open block, whether an else may follow
	ifs = append(ifs, false)
	for depth > 0 && r.err == nil {
		in := r.next()
		switch in.op {
		case opBlock, opLoop, opIf:
			if blocks++; blocks > maxBlocks || uint64(blocks)*r.counts.locals > maxBlocksLocals {
				r.fail(in.from, "a function with %d blocks, loops and ifs and %d locals takes too long to compile; build it with smaller functions", blocks, r.counts.locals)
			}
			depth++
			ifs = append(ifs, in.op == opIf)
		case opElse:
			if !ifs[depth-1] {
				r.fail(in.from, "an else stands here without its if")
			}
			ifs[depth-1] = false
		case opEnd:
			depth--
			ifs = ifs[:depth]
		case opBr, opBrIf:
			r.label(in, in.index, depth)
		case opBrTable:
			if targets += len(r.labels); targets > maxTargets {
				r.fail(in.from, "a function with more than %d branch targets takes too long to compile; build it with smaller functions", maxTargets)
				continue
			}
			r.label(in, slices.Max(r.labels), depth)
		case opCall:
			if called[in.index] != mark {
				called[in.index] = mark
				f.calls = append(f.calls, in.index)
			}
		case opCallIndirect:
			f.has |= callsIndirectly
		case opTableSet, opTableInit, opTableCopy, opTableGrow, opTableFill:
			f.has |= writesTables
		case opElemDrop:
			f.has |= dropsElements
		case opDataDrop:
			f.has |= dropsData
		case opMemoryInit:
			f.has |= initsMemory
		}
	}
	r.done("a function")
}

func (r *reader) label(in instruction, label uint32, depth int) {
	if int64(label) >= int64(depth) {
		r.fail(in.from, "a branch goes out of %d blocks, and %d are open", uint64(label)+1, depth)
	}
}
