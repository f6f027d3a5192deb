package wasm

// What instructions cost, in units of fuel. A unit is about the work of one
// plain instruction; none costs less, so that fuel is never below the number
// of instructions executed, and none much more, so that it stays near.
const (
	weightCall         = 4
	weightCallIndirect = 6
	weightCallImported = 10
	weightBranchTable  = 3
	weightDivide       = 4
	weightSIMD         = 2
	weightBulk         = 8
	weightGrow         = 100

	// For a unit a bulk instruction moves two to the power of this many bytes.
	bytesPerUnit = 5

	// A frame costs one unit of depth, and one more for so many locals.
	localsPerDepth = 16
)

// weight is what an instruction costs by itself; what bulk instructions move,
// and what is called, comes on top.
func weight(op opcode) int64 {
	switch op {
	case opElse, opEnd:
		return 0 // ends of what was counted
	case opBrTable:
		return weightBranchTable
	case opCall:
		return weightCall
	case opCallIndirect:
		return weightCallIndirect
	case 0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82, 0x95, 0xa3, 0x91, 0x9f: // divisions, remainders, roots
		return weightDivide
	}
	switch {
	case op == opMemoryGrow:
		return weightGrow
	case op>>8 == prefixMisc && op >= opMemoryInit:
		return weightBulk
	case op>>8 == prefixSIMD:
		return weightSIMD
	}
	return 1
}
