package wasm

import "fmt"

// BoundTables leaves no room for more than limit entries in all the module's
// tables together: each is given a maximum, or a lower one, so that table.grow
// answers -1 there. A runtime counts tables in no memory limit, and one
// without a maximum may grow to 32 GiB.
//
// Specification: WebAssembly Core 2.0, section 5.3.9.
func (m *Module) BoundTables(limit uint32) error {
	if len(m.Tables) == 0 {
		return nil
	}
	room := int64(limit)
	for _, t := range m.Tables {
		room -= int64(t.Min)
	}
	if room < 0 {
		return fmt.Errorf("its tables start with %d entries, and at most %d are allowed", int64(limit)-room, limit)
	}
	room /= int64(len(m.Tables))
	for i := range m.Tables {
		t := &m.Tables[i]
		if most := uint32(int64(t.Min) + room); !t.HasMax || t.Max > most {
			t.Max, t.HasMax = most, true
		}
	}
	return nil
}
