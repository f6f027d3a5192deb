package wasm

import "slices"

const (
	// short is the most that a function may execute without looking at fuel
	// where it begins.
	short = 500

	// moment is the most bytes that a bulk instruction of a known length may
	// move and stay as it is.
	moment = 1 << 16
)

// edit puts raw in place of the code between two offsets.
type edit struct {
	from, to         int
	rawFrom, rawUpTo int
}

// function rewrites one of the module's own functions.
func (t *meter) function(own int) {
	f := &t.m.Functions[own]
	t.read(f, t.calls.recurs[own])
	t.charges.compute(&t.flow)
	c := &t.charges
	index := t.imported + uint32(own)
	if !t.calls.recursive[own] && c.free[0] <= short {
		// Whoever calls it looks at fuel soon enough, though nobody may know
		// who that is.
		c.check[0] = false
		t.unlooked[index] = c.free[0]
		t.bounds[index] = !slices.Contains(c.check, true)
	}
	if !t.entrance[own] && !t.calls.recursive[own] {
		t.paidByCaller[index] = c.charge[0]
		c.charge[0] = 0
	}
	if t.entrance[own] {
		c.joinEntry()
	}
	if slices.Contains(c.check, true) {
		if t.scratch = t.m.localCount(f); t.scratch < maxLocals {
			f.Locals = append(f.Locals[:len(f.Locals):len(f.Locals)], Locals{1, I64})
		}
	}
	f.Code = t.write(f.Code)
}

// read fills the flow and the edits of a function. recurs are the calls to
// count the depth of.
func (t *meter) read(f *Function, recurs []uint32) {
	t.flow.reset()
	t.edits, t.raw = t.edits[:0], t.raw[:0]
	deep := 1 + int64(t.m.localCount(f))/localsPerDepth
	r := &t.reader
	r.cursor = cursor{b: f.Code, end: len(f.Code)}
	var before instruction
	for on := true; on; {
		in := r.next()
		t.flow.charge(weight(in.op))
		switch in.op {
		case opCall:
			_, found := slices.BinarySearch(recurs, in.index)
			t.call(in, found, deep)
		case opCallIndirect:
			t.flow.charge(deep)
			t.flow.current().called += short
			t.edit(in, t.nested(f.Code[in.from:in.to], deep))
		case opRefFunc:
			t.edit(in, appendU32([]byte{byte(opRefFunc)}, t.moved(in.index)))
		case opMemoryFill, opMemoryCopy:
			if n := uint32(before.value); before.op == opI32Const && n <= moment {
				t.flow.charge(int64(n) >> bytesPerUnit)
			} else {
				t.flow.current().called += breath >> bytesPerUnit
				t.edit(in, appendU32([]byte{byte(opCall)}, t.helpers.bulk(in.op)))
			}
		case opMemoryInit, opTableInit, opTableCopy, opTableFill, opTableGrow:
			pay := appendU32([]byte{byte(opCall)}, t.helpers.pay(in.op))
			t.edit(in, append(pay, f.Code[in.from:in.to]...))
		}
		on = t.flow.step(in, r.labels)
		if on {
			t.flow.split(in.to, t.looks(in))
		}
		before = in
	}
}

// looks says whether an instruction calls what looks at fuel by itself.
func (t *meter) looks(in instruction) bool {
	return in.op == opCallIndirect || in.op == opCall && in.index >= t.imported && !t.bounds[in.index]
}

func (t *meter) call(in instruction, recurs bool, deep int64) {
	if in.index < t.imported {
		t.flow.charge(weightCallImported)
		return
	}
	t.flow.charge(t.paidByCaller[in.index])
	t.flow.current().called += t.unlooked[in.index]
	call := appendU32([]byte{byte(opCall)}, t.moved(in.index))
	if recurs {
		t.flow.charge(deep)
		call = t.nested(call, deep)
	}
	t.edit(in, call)
}

// nested takes from the depth for as long as a call takes. Below zero it traps:
// a call of the host there would make the compiler keep what is live out of
// registers, and there is nothing to go on with.
func (t *meter) nested(call []byte, deep int64) []byte {
	b := t.addDepth(nil, opI32Sub, deep)
	b = appendU32(append(b, byte(opGlobalGet)), t.depth)
	b = append(b, byte(opI32Const), 0, byte(opI32LtS), byte(opIf), 0x40, byte(opUnreachable), byte(opEnd))
	b = append(b, call...)
	return t.addDepth(b, opI32Add, deep)
}

func (t *meter) addDepth(b []byte, op opcode, deep int64) []byte {
	b = appendU32(append(b, byte(opGlobalGet)), t.depth)
	b = appendSigned(append(b, byte(opI32Const)), deep)
	b = append(b, byte(op))
	return appendU32(append(b, byte(opGlobalSet)), t.depth)
}

func (t *meter) edit(in instruction, raw []byte) {
	n := len(t.raw)
	t.raw = append(t.raw, raw...)
	t.edits = append(t.edits, edit{in.from, in.to, n, len(t.raw)})
}

// write returns the code with the edits made and the charges put in.
func (t *meter) write(code []byte) []byte {
	out := make([]byte, 0, len(code)+len(code)/8+32)
	at := 0
	edits := t.edits
	next := func() {
		e := edits[0]
		edits = edits[1:]
		out = append(append(out, code[at:e.from]...), t.raw[e.rawFrom:e.rawUpTo]...)
		at = e.to
	}
	for i := range t.flow.blocks {
		b := &t.flow.blocks[i]
		for len(edits) > 0 && edits[0].from < b.at {
			next()
		}
		out = append(out, code[at:b.at]...)
		at = b.at
		switch check := t.charges.check[i]; {
		case check && b.header && b.bare:
			out = t.take(t.lookAgain(out), t.charges.charge[i])
		case check:
			out = t.takeAndLook(out, t.charges.charge[i])
		default:
			out = t.take(out, t.charges.charge[i])
		}
	}
	for len(edits) > 0 {
		next()
	}
	return slices.Clip(append(out, code[at:]...))
}

// take appends code that takes fuel.
func (t *meter) take(b []byte, cost int64) []byte {
	if cost == 0 {
		return b
	}
	b = appendU32(append(b, byte(opGlobalGet)), t.fuel)
	b = appendSigned(append(b, byte(opI64Const)), cost)
	b = append(b, byte(opI64Sub))
	return appendU32(append(b, byte(opGlobalSet)), t.fuel)
}

// takeAndLook appends code that takes fuel and asks for more.
func (t *meter) takeAndLook(b []byte, cost int64) []byte {
	if t.scratch == maxLocals {
		return t.look(t.take(b, cost)) // there may be no further local
	}
	b = appendU32(append(b, byte(opGlobalGet)), t.fuel)
	b = appendSigned(append(b, byte(opI64Const)), cost)
	b = append(b, byte(opI64Sub))
	b = appendU32(append(b, byte(opLocalTee)), t.scratch)
	b = appendU32(append(b, byte(opGlobalSet)), t.fuel)
	return t.refuelIfBelow(appendU32(append(b, byte(opLocalGet)), t.scratch))
}

// look appends code that asks for more when the fuel is used up.
func (t *meter) look(b []byte) []byte {
	return t.refuelIfBelow(appendU32(append(b, byte(opGlobalGet)), t.fuel))
}

// refuelIfBelow appends a call of Refuel for a number below zero on the stack.
//
// The arm without the call stands first. Where two ways meet, the compiler goes
// on with the registers of the one that comes first in the code, and a call
// leaves nothing in them.
func (t *meter) refuelIfBelow(b []byte) []byte {
	b = append(b, byte(opI64Const), 0, byte(opI64GeS), byte(opIf), 0x40, byte(opElse), byte(opCall))
	b = appendU32(b, t.imported)
	return append(b, byte(opEnd))
}

// lookAgain appends code that asks for more when the fuel is used up, for the
// header of a loop. It goes back to the header then, where ways meet anyhow, so
// that the way of each round has neither a jump nor another such place.
func (t *meter) lookAgain(b []byte) []byte {
	b = appendU32(append(b, byte(opGlobalGet)), t.fuel)
	b = append(b, byte(opI64Const), 0, byte(opI64LtS), byte(opIf), 0x40, byte(opCall))
	b = appendU32(b, t.imported)
	return append(b, byte(opBr), 1, byte(opEnd))
}
