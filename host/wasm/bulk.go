package wasm

// helpers are functions that the meter adds to a module for instructions
// whose cost is known only when they run. Each is added when it is first
// needed.
type helpers struct {
	meter *meter

	// first is the index of the first of them.
	first uint32

	// added are what they do, in the order of their indices.
	added []helper
}

// helper says what a helper does: it moves bytes in place of an instruction,
// or, without one, takes the length of a bulk instruction in fuel and gives it
// back.
type helper struct {
	op    opcode
	bytes bool
}

// pay is the function to call before an instruction whose length is on top of
// the stack, where it stays.
func (h *helpers) pay(op opcode) uint32 { return h.index(helper{bytes: op == opMemoryInit}) }

// bulk is the function to call in place of memory.fill or memory.copy.
func (h *helpers) bulk(op opcode) uint32 { return h.index(helper{op: op}) }

func (h *helpers) index(want helper) uint32 {
	for i, have := range h.added {
		if have == want {
			return h.first + uint32(i)
		}
	}
	h.added = append(h.added, want)
	return h.first + uint32(len(h.added)-1)
}

// finish adds the functions to the module.
func (h *helpers) finish() {
	if len(h.added) == 0 {
		return
	}
	m := h.meter.m
	pay := m.addType(FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}})
	bulk := m.addType(FuncType{Params: []ValueType{I32, I32, I32}})
	for _, a := range h.added {
		if a.op == 0 {
			m.Functions = append(m.Functions, Function{Type: pay, Code: h.payCode(a.bytes)})
		} else {
			m.Functions = append(m.Functions, Function{Type: bulk, Code: h.bulkCode(a.op)})
		}
	}
}

// mostEntries is the longest table that there can be. A longer length traps,
// or is refused with -1, and costs no more.
const mostEntries = 1 << 20

// payCode is (func (param $n i32) (result i32).
func (h *helpers) payCode(bytes bool) []byte {
	const n = 0
	c := &code{}
	if bytes {
		h.payFor(c, n)
	} else {
		c.get(n).i32(mostEntries).get(n).i32(mostEntries).op(opI32LeU).op(opSelect)
		h.takeAndLook(c)
	}
	c.get(n)
	return append(*c, byte(opEnd))
}

// takeAndLook takes the i32 on the stack in fuel and looks at what is left.
func (h *helpers) takeAndLook(c *code) {
	h.take(c)
	*c = h.meter.look(*c)
}

// take takes the i32 on the stack in fuel.
func (h *helpers) take(c *code) {
	// fuel += -1 * n, since n lies on the stack first.
	c.op(opI64ExtendU).op(opI64Const).signed(-1).op(opI64Mul)
	c.op(opGlobalGet).u32(h.meter.fuel).op(opI64Add).op(opGlobalSet).u32(h.meter.fuel)
}

const (
	// piece is how many bytes are moved at once: about 30 µs of work.
	piece = 1 << 18

	// breath is how many bytes are moved without a look at fuel. Most moves are
	// that short, and a look costs more than they do.
	breath = 1 << 10
)

// bulkCode is memory.fill or memory.copy in pieces, with a call of Refuel before
// each. A range that is not inside the memory traps before a byte is written,
// as the instruction does; memory cannot shrink meanwhile.
//
//	(func (param $to i32) (param $from i32) (param $n i32)
func (h *helpers) bulkCode(op opcode) []byte {
	const to, from, n = 0, 1, 2
	isCopy := op == opMemoryCopy
	move := func(c *code) {
		c.op(op)
		if isCopy {
			*c = append(*c, 0)
		}
		*c = append(*c, 0)
	}
	all := func(c *code) {
		c.get(to).get(from).get(n)
		move(c)
	}
	c := &code{}
	// if n <= breath: take, move, return
	c.get(n).i32(breath).op(opI32LeU).op(opIf).empty()
	c.get(n).i32(bytesPerUnit).op(opI32ShrU)
	h.take(c)
	all(c)
	c.op(opReturn).op(opEnd)
	// if n <= piece: pay, move, return
	c.get(n).i32(piece).op(opI32LeU).op(opIf).empty()
	h.payFor(c, n)
	all(c)
	c.op(opReturn).op(opEnd)
	// if a range is not inside: trap as the instruction does
	outside := func(ptr uint32) {
		c.get(ptr).op(opI64ExtendU).get(n).op(opI64ExtendU).op(opI64Add)
		c.op(opMemorySize)
		*c = append(*c, 0)
		c.op(opI64ExtendU).op(opI64Const).signed(16).op(opI64Shl).op(opI64GtU)
		c.op(opIf).empty()
		all(c)
		c.op(opEnd)
	}
	outside(to)
	if isCopy {
		outside(from)
		// Where the target lies behind the source, the end goes first.
		c.get(to).get(from).op(opI32GtU).op(opIf).empty()
		h.loop(c, func() {
			c.get(n).i32(piece).op(opI32Sub).op(opLocalSet).u32(n)
			c.get(to).get(n).op(opI32Add).get(from).get(n).op(opI32Add).i32(piece)
			move(c)
		})
		all(c)
		c.op(opReturn).op(opEnd)
	}
	h.loop(c, func() {
		c.get(to).get(from).i32(piece)
		move(c)
		c.advance(to, opI32Add)
		if isCopy {
			c.advance(from, opI32Add)
		}
		c.advance(n, opI32Sub)
	})
	all(c)
	return append(*c, byte(opEnd))
}

// loop repeats body for as long as more than a piece is left, each time after
// the host was asked, then pays for the rest.
func (h *helpers) loop(c *code, body func()) {
	const n = 2
	c.op(opLoop).empty()
	c.i32(piece >> bytesPerUnit)
	h.take(c)
	// A slice of fuel is many pieces, and memory that was never touched takes
	// several times as long: the host looks at each.
	c.op(opCall).u32(h.meter.imported)
	body()
	c.get(n).i32(piece).op(opI32GtU).op(opBrIf).u32(0)
	c.op(opEnd)
	h.payFor(c, n)
}

// payFor pays for as many bytes as a local says.
func (h *helpers) payFor(c *code, local uint32) {
	c.get(local).i32(bytesPerUnit).op(opI32ShrU)
	h.takeAndLook(c)
}

// code is a function's code while it is written.
type code []byte

func (c *code) op(op opcode) *code {
	if op > 0xff {
		*c = appendU32(append(*c, byte(op>>8)), uint32(op&0xff))
	} else {
		*c = append(*c, byte(op))
	}
	return c
}

func (c *code) u32(v uint32) *code {
	*c = appendU32(*c, v)
	return c
}

func (c *code) signed(v int64) *code {
	*c = appendSigned(*c, v)
	return c
}

func (c *code) get(local uint32) *code { return c.op(opLocalGet).u32(local) }
func (c *code) i32(v int64) *code      { return c.op(opI32Const).signed(v) }

// empty says that a block takes and gives nothing.
func (c *code) empty() *code {
	*c = append(*c, 0x40)
	return c
}

// advance moves a local by a piece.
func (c *code) advance(local uint32, op opcode) {
	c.get(local).i32(piece).op(op).op(opLocalSet).u32(local)
}
