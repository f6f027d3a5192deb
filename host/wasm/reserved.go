package wasm

import (
	"fmt"
	"strings"
)

// Names that rewriting adds to a module, for its host. A guest that uses one
// itself could speak to the host in its own name, so Decode refuses it.
const (
	// MeterModule is the module that it imports Refuel from.
	MeterModule = "henge_meter"

	// Refuel is the function, () -> (), that is called when the fuel is below
	// zero. It adds to the fuel, so that it is zero at least, or ends the guest:
	// loops go on asking until it is.
	Refuel = "refuel"

	// ReservedExport begins the names of all exports that are added.
	ReservedExport = "henge."

	// FuelExport is a mutable global of type i64: the fuel left in this slice.
	FuelExport = ReservedExport + "fuel"

	// DepthExport is a mutable global of type i32: how much deeper calls may
	// nest. It is counted where functions call themselves by way of others,
	// and where calls go through tables; below zero the guest traps.
	DepthExport = ReservedExport + "depth"

	// StartExport, () -> (), is what ExportStart makes of a start function.
	StartExport = ReservedExport + "start"

	// globalExport begins the names under which Freeze exports mutable
	// globals; the global's index follows.
	globalExport = ReservedExport + "global."
)

// checkReserved refuses a guest that uses a name of the host's.
func (m *Module) checkReserved() error {
	for _, imp := range m.Imports {
		if imp.Module == MeterModule {
			return &Error{imp.At, fmt.Sprintf("it imports %.80q from %q, which belongs to the host", imp.Name, MeterModule)}
		}
	}
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, ReservedExport) {
			return &Error{e.at, fmt.Sprintf("it exports %.80q, and names that begin with %q belong to the host", e.Name, ReservedExport)}
		}
	}
	return nil
}
