package wasm

import (
	"fmt"
	"strings"
)

// Module is a core module as its file says it, every section and every
// instruction of it read. Its functions, tables, memories and globals are
// numbered as in the file: first those imported, then its own.
//
// Specification: WebAssembly Core 2.0, section 2.5.
type Module struct {
	Types     []FuncType
	Imports   []Import
	Functions []Function
	Tables    []Table
	Memories  []Limits
	Globals   []Global
	Exports   []Export

	// Start is the function that is called when the module is instantiated;
	// nil for none.
	Start *uint32

	Elements []Element

	// HasDataCount says that the module announces the number of its data
	// segments, as it has to before its code names one.
	HasDataCount bool
	Data         []Data

	// imported are the places of the imports in Imports, by kind.
	imported [4][]int
}

// FuncType is what a function takes and gives.
type FuncType struct {
	Params, Results []ValueType
}

// ValueType is the type of a value, in its binary form.
type ValueType byte

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// Kind says what is imported or exported.
type Kind byte

// The kinds.
const (
	KindFunction Kind = iota
	KindTable
	KindMemory
	KindGlobal
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"function", "table", "memory", "global"}[k]
}

// Import is what a module asks for.
type Import struct {
	Module, Name string
	Kind         Kind

	// Type is a function's index among the types.
	Type uint32

	Table  Table
	Memory Limits
	Global GlobalType

	// At is where the import stands in the file.
	At int
}

// Limits are the bounds of a memory in pages of 64 KiB, or of a table in
// entries.
type Limits struct {
	Min    uint32
	Max    uint32
	HasMax bool
}

// Table is a table's type.
type Table struct {
	Type ValueType
	Limits
}

// GlobalType is a global's type.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// Global is a global of the module's own.
type Global struct {
	GlobalType
	Init Expr
}

// Export is what a module offers.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32

	// at is where the export stands in the file.
	at int
}

// Expr is a constant expression, in its binary form with its final end.
type Expr []byte

// Function is a function of the module's own.
type Function struct {
	// Type is its index among the types.
	Type uint32

	// Locals are the groups of locals that it declares beside its
	// parameters.
	Locals []Locals

	// Code is its instructions in binary form, with the final end.
	Code []byte

	// at is where Code stands in the file.
	at int

	// calls are the functions that it calls by name, each once, in the order
	// in which they are first met.
	calls []uint32

	// has says which kinds of instruction it has.
	has traits
}

// Locals are a number of locals of one type.
type Locals struct {
	Count uint32
	Type  ValueType
}

// Element is an element segment: entries for a table.
type Element struct {
	Mode SegmentMode

	// Table and Offset say where an active segment goes.
	Table  uint32
	Offset Expr

	// At is where the segment stands in the file.
	At int

	Type ValueType

	// Functions are the entries; where entries are expressions, Exprs is set
	// in their place.
	Functions []uint32
	Exprs     []Expr
}

// Data is a data segment: bytes for the memory.
type Data struct {
	// Mode is Active or Passive.
	Mode SegmentMode

	// Offset says where an active segment goes.
	Offset Expr

	Bytes []byte

	// at is where the segment stands in the file.
	at int
}

// SegmentMode says what becomes of a segment.
type SegmentMode byte

// The modes of segments.
const (
	// Active segments are copied when the module is instantiated.
	Active SegmentMode = iota

	// Passive segments wait for an instruction.
	Passive

	// Declarative segments only say which functions are referred to.
	Declarative
)

// ImportedFunctions is how many functions are imported: the index of the first
// that is the module's own.
func (m *Module) ImportedFunctions() int { return len(m.imported[KindFunction]) }

func (m *Module) functionCount() int { return len(m.imported[KindFunction]) + len(m.Functions) }
func (m *Module) tableCount() int    { return len(m.imported[KindTable]) + len(m.Tables) }
func (m *Module) memoryCount() int   { return len(m.imported[KindMemory]) + len(m.Memories) }
func (m *Module) globalCount() int   { return len(m.imported[KindGlobal]) + len(m.Globals) }

// FunctionType returns the type of a function by its index.
func (m *Module) FunctionType(index uint32) FuncType {
	if own := int(index) - len(m.imported[KindFunction]); own >= 0 {
		return m.Types[m.Functions[own].Type]
	}
	return m.Types[m.importOf(KindFunction, index).Type]
}

// localCount is how many locals a function has, its parameters included.
func (m *Module) localCount(f *Function) uint32 {
	n := uint32(len(m.Types[f.Type].Params))
	for _, l := range f.Locals {
		n += l.Count
	}
	return n
}

// importOf returns the import that has an index among those of its kind.
func (m *Module) importOf(kind Kind, index uint32) *Import {
	return &m.Imports[m.imported[kind][index]]
}

// addImport adds an import, behind all others of its kind.
func (m *Module) addImport(imp Import) {
	m.imported[imp.Kind] = append(m.imported[imp.Kind], len(m.Imports))
	m.Imports = append(m.Imports, imp)
}

// globalType returns the type of a global by its index.
func (m *Module) globalType(index uint32) GlobalType {
	if own := int(index) - len(m.imported[KindGlobal]); own >= 0 {
		return m.Globals[own].GlobalType
	}
	return m.importOf(KindGlobal, index).Global
}

// addType adds a type and returns its index.
func (m *Module) addType(t FuncType) uint32 {
	m.Types = append(m.Types, t)
	return uint32(len(m.Types) - 1)
}

// String writes a function's type as the text format does: (i32) -> (i64).
func (t FuncType) String() string {
	list := func(types []ValueType) string {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = t.String()
		}
		return "(" + strings.Join(names, ", ") + ")"
	}
	return list(t.Params) + " -> " + list(t.Results)
}

// String returns the type's name.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return fmt.Sprintf("0x%02x", byte(t))
}
