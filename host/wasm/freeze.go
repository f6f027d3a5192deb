package wasm

import (
	"fmt"
	"strconv"
)

// State is what a module would have begun with, and what of it can change.
// Laid over an instance of the frozen module it makes any state out of it that
// the module can be in.
type State struct {
	// Data are the bytes that the memory begins with, in the order in which
	// they are copied.
	Data []Placed

	// Globals are the exports under which the mutable globals can be read and
	// written, each one whole.
	Globals []string
}

// Placed is a stretch of memory.
type Placed struct {
	Offset uint32
	Bytes  []byte

	// At is where it stands in the module's file.
	At int
}

// ExportStart makes an export of the start function, if there is one, so that
// the host calls it when it is ready to, once the data is in its place.
func (m *Module) ExportStart() {
	if m.Start != nil {
		m.Exports = append(m.Exports, Export{Name: StartExport, Kind: KindFunction, Index: *m.Start})
		m.Start = nil
	}
}

// Freeze parts the module's code from its state: data segments are taken out,
// and mutable globals are exported. An instance of what is left can be given any state by writing its memory and globals, that
// after initialisation above all, without compiling a module for it.
//
// A module whose state cannot be read and written from outside as a whole is
// left as it is, and the reason is returned for its author.
func (m *Module) Freeze() (state *State, reason string) {
	if reason := m.hiddenState(); reason != "" {
		return nil, reason
	}
	state = &State{}
	if reason := m.takeData(state); reason != "" {
		return nil, reason
	}
	for i, g := range m.Globals {
		if g.Mutable {
			name := globalExport + strconv.Itoa(i)
			state.Globals = append(state.Globals, name)
			m.Exports = append(m.Exports, Export{Name: name, Kind: KindGlobal, Index: uint32(i)})
		}
	}
	return state, ""
}

// hiddenState names what of a module's state could not be seen.
func (m *Module) hiddenState() string {
	for _, imp := range m.Imports {
		if imp.Kind != KindFunction {
			return fmt.Sprintf("it shares the %s %.80q with another module", imp.Kind, imp.Name)
		}
	}
	for i, g := range m.Globals {
		if g.Mutable && (g.Type == V128 || g.Type.IsRef()) {
			return fmt.Sprintf("its global %d may change and is a vector or a reference, which can be read only in part", i)
		}
	}
	for i := range m.Functions {
		f := &m.Functions[i]
		for _, t := range []struct {
			has traits
			how string
		}{
			{writesTables, "changes a table, which can be read only in part"},
			{dropsElements, "drops an element segment, which cannot be undone"},
			{dropsData, "drops a data segment, which cannot be undone"},
		} {
			if f.has&t.has != 0 {
				return fmt.Sprintf("its function %d (code at byte %d) %s", i+m.ImportedFunctions(), f.at, t.how)
			}
		}
	}
	return ""
}

// takeData empties the active segments: their numbers stay, and an
// instruction that names one finds it as empty as instantiation leaves it.
func (m *Module) takeData(state *State) string {
	keep, globals := m.HasDataCount, m.constantI32()
	rest := make([]Data, len(m.Data))
	for i, d := range m.Data {
		if d.Mode == Passive {
			rest[i], keep = d, true
			continue
		}
		offset, ok := d.Offset.i32(globals)
		if !ok {
			return fmt.Sprintf("the place of its data segment %d is not a constant of type i32", i)
		}
		state.Data = append(state.Data, Placed{uint32(offset), d.Bytes, d.at})
		rest[i] = Data{Mode: Passive}
	}
	if m.Data = nil; keep {
		m.Data = rest
	}
	return ""
}

// constantI32 returns what gives the values of constant globals of type i32.
// They are worked out once each, since each may be made of earlier ones.
func (m *Module) constantI32() func(uint32) (int32, bool) {
	type value struct {
		v     int32
		known bool
	}
	values := make([]value, m.globalCount())
	get := func(index uint32) (int32, bool) { return values[index].v, values[index].known }
	for i := range m.Globals {
		if g := &m.Globals[i]; !g.Mutable && g.Type == I32 {
			v, ok := g.Init.i32(get)
			values[len(m.imported[KindGlobal])+i] = value{v, ok}
		}
	}
	return get
}
