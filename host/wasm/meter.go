package wasm

import "math"

// Meter makes a module count its own work: fuel, in units of about one
// instruction, is taken ahead of the work, so that no way through a guest is
// free, and looked at in loops, where functions lead back to themselves and at
// least every 65,536 units, so that Refuel is called soon after it is used up.
// Where calls that were nested return, up to 2,000 units for each may come on
// top. Bulk instructions cost by their length, and long ones are split.
//
// What a job burns depends on nothing but the module, its state and its input.
func (m *Module) Meter() {
	t := newMeter(m)
	t.rewrite()
	t.finish()
}

// meter is a module while it is rewritten.
type meter struct {
	m     *Module
	calls *callGraph

	// paidByCaller is what calling a function costs its caller; 0 for one that
	// pays for itself.
	paidByCaller []int64

	// unlooked is the most that a function executes without looking at fuel
	// where it begins; 0 for one that looks.
	unlooked []int64

	// bounds says that a function is known to do no more than that.
	bounds   []bool
	entrance []bool

	// imported is the index of Refuel, behind all other imports; what was
	// there is one further on.
	imported uint32

	// fuel and depth are the indices of the globals.
	fuel, depth uint32

	// scratch is the local that takeAndLook uses, behind the function's own.
	scratch uint32

	helpers helpers

	flow    flow
	charges charges
	edits   []edit
	raw     []byte
	reader  reader
}

func newMeter(m *Module) *meter {
	t := &meter{
		m:            m,
		calls:        newCallGraph(m),
		paidByCaller: make([]int64, m.functionCount()),
		unlooked:     make([]int64, m.functionCount()),
		bounds:       make([]bool, m.functionCount()),
		entrance:     entrances(m),
		imported:     uint32(m.ImportedFunctions()),
		fuel:         uint32(m.globalCount()),
		depth:        uint32(m.globalCount()) + 1,
	}
	t.helpers = helpers{meter: t, first: uint32(m.functionCount()) + 1}
	t.reader.counts = counts{
		types: len(m.Types), functions: m.functionCount(), tables: m.tableCount(), memories: m.memoryCount(),
		globals: m.globalCount(), elements: len(m.Elements), data: len(m.Data), locals: maxLocals,
	}
	return t
}

// rewrite goes through the functions, each after those that it calls where
// that is possible, since it may have to pay for them.
func (t *meter) rewrite() {
	for _, i := range t.calls.order {
		t.function(int(i))
	}
}

// moved is a function's index once Refuel is among the imports.
func (t *meter) moved(index uint32) uint32 {
	if index >= t.imported {
		return index + 1
	}
	return index
}

// finish adds what the functions refer to, and moves all other references.
func (t *meter) finish() {
	m := t.m
	for i := range m.Exports {
		if e := &m.Exports[i]; e.Kind == KindFunction {
			e.Index = t.moved(e.Index)
		}
	}
	for i := range m.Elements {
		e := &m.Elements[i]
		for k := range e.Functions {
			e.Functions[k] = t.moved(e.Functions[k])
		}
		for k := range e.Exprs {
			e.Exprs[k] = e.Exprs[k].mapFunctions(t.moved)
		}
	}
	for i := range m.Globals {
		m.Globals[i].Init = m.Globals[i].Init.mapFunctions(t.moved)
	}
	if m.Start != nil {
		*m.Start = t.moved(*m.Start)
	}
	nothing := m.addType(FuncType{})
	m.addImport(Import{Module: MeterModule, Name: Refuel, Kind: KindFunction, Type: nothing})
	m.Globals = append(m.Globals,
		Global{GlobalType{I64, true}, Expr{byte(opI64Const), 0, byte(opEnd)}},
		Global{GlobalType{I32, true}, append(appendSigned(Expr{byte(opI32Const)}, math.MaxInt32), byte(opEnd))})
	m.Exports = append(m.Exports,
		Export{Name: FuelExport, Kind: KindGlobal, Index: t.fuel},
		Export{Name: DepthExport, Kind: KindGlobal, Index: t.depth})
	t.helpers.finish()
}
