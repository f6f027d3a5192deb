package wasm

// instruction is one instruction as it was read.
type instruction struct {
	op opcode

	// from and to are where it stands among the bytes that are read.
	from, to int

	// index is what it names: a function, a local, a global, a label, a
	// block's type (see reader.block), a table, a segment.
	index uint32

	// second is the other thing that it names, of two.
	second uint32

	// value is what i32.const and i64.const give.
	value int64
}

// limits are how many there are of what instructions name.
type counts struct {
	types, functions, tables, memories, globals, elements, data int

	locals uint64
}

// reader reads instructions and refuses those that name what is not there.
type reader struct {
	cursor
	counts counts

	// labels are the targets of the last br_table, the default at the end.
	labels []uint32
}

// next reads an instruction.
func (r *reader) next() (in instruction) {
	in.from = r.at
	in.op = opcode(r.byte())
	var f form
	switch in.op {
	case prefixMisc:
		f = r.prefixed(&in, miscForms)
	case prefixSIMD:
		f = r.prefixed(&in, simdForms)
	default:
		f = plainForms[in.op]
	}
	if f != formNone {
		r.immediate(&in, f)
	}
	in.to = r.at
	return in
}

// prefixed reads the number behind a prefix.
func (r *reader) prefixed(in *instruction, of []form) form {
	n := r.u32()
	if n >= uint32(len(of)) {
		r.fail(in.from, "instruction 0x%02x %d is not known: it belongs to %s", byte(in.op), n, proposal(in.op<<8))
		return formNone
	}
	in.op = in.op<<8 | opcode(n)
	return of[n]
}

func (r *reader) immediate(in *instruction, f form) {
	c := &r.counts
	switch f {
	case formBlock:
		in.index = r.blockType()
	case formLabel:
		in.index = r.u32()
	case formLabels:
		r.readLabels()
	case formFunction:
		in.index = r.index("function", c.functions)
	case formCallIndirect:
		in.index = r.index("type", c.types)
		in.second = r.index("table", c.tables)
	case formTypes:
		for range r.count("types") {
			r.valueType()
		}
	case formLocal:
		if in.index = r.u32(); uint64(in.index) >= c.locals {
			r.fail(in.from, "local %d is named here, and there are %d", in.index, c.locals)
		}
	case formGlobal:
		in.index = r.index("global", c.globals)
	case formTable:
		in.index = r.index("table", c.tables)
	case formMemArg:
		r.memArg()
	case formMemory:
		r.memory()
	case formI32:
		in.value = r.signed(32)
	case formI64:
		in.value = r.signed(64)
	case formF32:
		r.bytes(4)
	case formF64:
		r.bytes(8)
	case formRefType:
		r.refType()
	case formMemoryInit:
		in.index = r.index("data segment", c.data)
		r.memory()
	case formData:
		in.index = r.index("data segment", c.data)
	case formTwoMemories:
		r.memory()
		r.memory()
	case formTableInit:
		in.index = r.index("element segment", c.elements)
		in.second = r.index("table", c.tables)
	case formElement:
		in.index = r.index("element segment", c.elements)
	case formTwoTables:
		in.index = r.index("table", c.tables)
		in.second = r.index("table", c.tables)
	case formV128:
		r.bytes(16)
	case formLane:
		r.byte()
	case formMemArgLane:
		r.memArg()
		r.byte()
	default:
		r.fail(in.from, "%s", in.op.unknown())
	}
}

// Block types: an index of a type, or one of these.
const (
	blockEmpty = 1<<32 - 1
	blockValue = 1<<32 - 2
)

// blockType reads what a block takes and gives.
//
// Specification: WebAssembly Core 2.0, section 5.4.1.
func (r *reader) blockType() uint32 {
	start := r.at
	v := r.signed(33)
	if v >= 0 {
		if v >= int64(r.counts.types) {
			r.fail(start, "type %d is named here, and there are %d", v, r.counts.types)
		}
		return uint32(v)
	}
	if v == -64 {
		return blockEmpty
	}
	if v < -64 || !ValueType(v&0x7f).known() {
		r.fail(start, "this is not the type of a block")
	}
	return blockValue
}

func (r *reader) readLabels() {
	r.labels = r.labels[:0]
	for range r.count("branch targets") {
		r.labels = append(r.labels, r.u32())
	}
	r.labels = append(r.labels, r.u32())
}

// memArg reads alignment and offset.
func (r *reader) memArg() {
	start := r.at
	if align := r.u32(); align >= 32 {
		r.fail(start, "an alignment of 2 to the power of %d is not known", align)
	}
	r.u32()
	if r.counts.memories == 0 {
		r.fail(start, "there is no memory to use here")
	}
}

// memory reads the byte that stands for the one memory there is.
func (r *reader) memory() {
	start := r.at
	if b := r.byte(); b != 0 {
		r.fail(start, "memory %d is named here; henge runs modules with one memory", b)
	} else if r.counts.memories == 0 {
		r.fail(start, "there is no memory to use here")
	}
}

// valueType reads the type of a value.
func (c *cursor) valueType() ValueType {
	start := c.at
	t := ValueType(c.byte())
	if !t.known() {
		c.fail(start, "0x%02x is not the type of a value that henge knows", byte(t))
	}
	return t
}

// refType reads the type of a reference.
func (c *cursor) refType() ValueType {
	start := c.at
	t := ValueType(c.byte())
	if !t.IsRef() {
		c.fail(start, "0x%02x is not the type of a reference that henge knows", byte(t))
	}
	return t
}

func (t ValueType) known() bool {
	return t >= V128 && t <= I32 || t.IsRef()
}

// IsRef says whether values of the type are references.
func (t ValueType) IsRef() bool { return t == FuncRef || t == ExternRef }
