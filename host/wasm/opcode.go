package wasm

import "fmt"

// opcode is an instruction's number. Instructions behind a prefix have the
// prefix in the upper byte: memory.fill, 0xfc 11, is 0xfc0b.
type opcode uint16

// The instructions that are treated by name.
const (
	opUnreachable  opcode = 0x00
	opBlock        opcode = 0x02
	opLoop         opcode = 0x03
	opIf           opcode = 0x04
	opElse         opcode = 0x05
	opEnd          opcode = 0x0b
	opBr           opcode = 0x0c
	opBrIf         opcode = 0x0d
	opBrTable      opcode = 0x0e
	opReturn       opcode = 0x0f
	opCall         opcode = 0x10
	opCallIndirect opcode = 0x11
	opSelect       opcode = 0x1b
	opSelectTyped  opcode = 0x1c
	opLocalGet     opcode = 0x20
	opLocalSet     opcode = 0x21
	opLocalTee     opcode = 0x22
	opGlobalGet    opcode = 0x23
	opGlobalSet    opcode = 0x24
	opTableSet     opcode = 0x26
	opMemorySize   opcode = 0x3f
	opMemoryGrow   opcode = 0x40
	opI32Const     opcode = 0x41
	opI64Const     opcode = 0x42
	opF32Const     opcode = 0x43
	opF64Const     opcode = 0x44
	opI64LtS       opcode = 0x53
	opI64GeS       opcode = 0x59
	opI32LtS       opcode = 0x48
	opI32GtU       opcode = 0x4b
	opI32LeU       opcode = 0x4d
	opI64GtU       opcode = 0x56
	opI32Add       opcode = 0x6a
	opI32Sub       opcode = 0x6b
	opI32Mul       opcode = 0x6c
	opI32ShrU      opcode = 0x76
	opI64Add       opcode = 0x7c
	opI64Sub       opcode = 0x7d
	opI64Mul       opcode = 0x7e
	opI64Shl       opcode = 0x86
	opI64ExtendU   opcode = 0xad
	opRefNull      opcode = 0xd0
	opRefFunc      opcode = 0xd2
	opMemoryInit   opcode = 0xfc08
	opDataDrop     opcode = 0xfc09
	opMemoryCopy   opcode = 0xfc0a
	opMemoryFill   opcode = 0xfc0b
	opTableInit    opcode = 0xfc0c
	opElemDrop     opcode = 0xfc0d
	opTableCopy    opcode = 0xfc0e
	opTableGrow    opcode = 0xfc0f
	opTableFill    opcode = 0xfc11
	opV128Const    opcode = 0xfd0c
)

const (
	prefixMisc = 0xfc
	prefixSIMD = 0xfd
)

// form says what follows an opcode.
type form byte

const (
	formUnknown form = iota
	formNone
	formBlock
	formLabel
	formLabels
	formFunction
	formCallIndirect
	formTypes
	formLocal
	formGlobal
	formTable
	formMemArg
	formMemory
	formI32
	formI64
	formF32
	formF64
	formRefType
	formMemoryInit
	formData
	formTwoMemories
	formTableInit
	formElement
	formTwoTables
	formV128
	formLane
	formMemArgLane
)

// plainForms, miscForms and simdForms give each instruction its form. They are
// never written.
//
// Specification: WebAssembly Core 2.0, section 5.4.
var (
	plainForms = forms(256, []spread{
		{0x00, 0x01, formNone},
		{0x02, 0x04, formBlock},
		{0x05, 0x05, formNone},
		{0x0b, 0x0b, formNone},
		{0x0c, 0x0d, formLabel},
		{0x0e, 0x0e, formLabels},
		{0x0f, 0x0f, formNone},
		{0x10, 0x10, formFunction},
		{0x11, 0x11, formCallIndirect},
		{0x1a, 0x1b, formNone},
		{0x1c, 0x1c, formTypes},
		{0x20, 0x22, formLocal},
		{0x23, 0x24, formGlobal},
		{0x25, 0x26, formTable},
		{0x28, 0x3e, formMemArg},
		{0x3f, 0x40, formMemory},
		{0x41, 0x41, formI32},
		{0x42, 0x42, formI64},
		{0x43, 0x43, formF32},
		{0x44, 0x44, formF64},
		{0x45, 0xc4, formNone},
		{0xd0, 0xd0, formRefType},
		{0xd1, 0xd1, formNone},
		{0xd2, 0xd2, formFunction},
	})
	miscForms = forms(18, []spread{
		{0, 7, formNone},
		{8, 8, formMemoryInit},
		{9, 9, formData},
		{10, 10, formTwoMemories},
		{11, 11, formMemory},
		{12, 12, formTableInit},
		{13, 13, formElement},
		{14, 14, formTwoTables},
		{15, 17, formTable},
	})
	simdForms = forms(256, []spread{
		{0, 11, formMemArg},
		{12, 13, formV128}, // a constant, and the sixteen lanes of a shuffle
		{14, 20, formNone},
		{21, 34, formLane},
		{35, 83, formNone},
		{84, 91, formMemArgLane},
		{92, 93, formMemArg},
		{94, 153, formNone},
		{155, 161, formNone},
		{163, 164, formNone},
		{167, 174, formNone},
		{177, 177, formNone},
		{181, 186, formNone},
		{188, 193, formNone},
		{195, 196, formNone},
		{199, 206, formNone},
		{209, 209, formNone},
		{213, 225, formNone},
		{227, 237, formNone},
		{239, 255, formNone},
	})
)

// spread gives one form to the opcodes from one to another.
type spread struct {
	from, to int
	form     form
}

func forms(n int, spreads []spread) []form {
	out := make([]form, n)
	for _, s := range spreads {
		for i := s.from; i <= s.to; i++ {
			out[i] = s.form
		}
	}
	return out
}

// proposals names what is met in modules that were built for more than henge
// runs.
func proposal(op opcode) string {
	switch {
	case op == 0x06 || op == 0x07 || op == 0x08 || op == 0x09 || op == 0x0a || op == 0x18 || op == 0x19 || op == 0x1f:
		return "exception handling, which henge does not run"
	case op == 0x12 || op == 0x13:
		return "tail calls, which henge does not run"
	case op == 0x14 || op == 0x15 || op >= 0xd3 && op <= 0xd6:
		return "typed function references, which henge does not run"
	case op == 0xfb || op>>8 == 0xfb:
		return "garbage-collected types, which henge does not run"
	case op == 0xfe || op>>8 == 0xfe:
		return "threads, which henge does not run"
	case op>>8 == prefixSIMD:
		return "relaxed SIMD or later, which henge does not run"
	}
	return "no version of WebAssembly that henge knows"
}

// unknown says what an instruction is that cannot be read.
func (op opcode) unknown() string {
	return fmt.Sprintf("instruction %s belongs to %s", op.hex(), proposal(op))
}

func (op opcode) hex() string {
	if op > 0xff {
		return fmt.Sprintf("0x%02x 0x%02x", byte(op>>8), byte(op))
	}
	return fmt.Sprintf("0x%02x", byte(op))
}
