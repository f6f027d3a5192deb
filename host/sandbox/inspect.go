package sandbox

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// Info is what a module's file says, whether or not it can be run here.
type Info struct {
	// Exports are the functions it exports, sorted by name.
	Exports []Export

	// Imports are the functions it imports, sorted.
	Imports []Import

	// MemoryMin and MemoryMax are the bounds of its memory in bytes; MemoryMax
	// is 0 where it sets none.
	MemoryMin, MemoryMax int64

	// Reason is why this runtime would not run it; empty when it would.
	Reason string
}

// Export is a function that a module offers.
type Export struct {
	Name, Signature string
}

// Import is a function that a module asks for.
type Import struct {
	Module, Name, Signature string

	// Offered says whether this runtime has it.
	Offered bool
}

// Inspect looks at a module without keeping it. The error is that of a file
// that cannot be read as a module at all.
func (rt *Runtime) Inspect(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*Info, error) {
	compiled, err := rt.compile(ctx, binary)
	if err != nil {
		return nil, err
	}
	info := &Info{}
	for _, name := range slices.Sorted(maps.Keys(compiled.ExportedFunctions())) {
		info.Exports = append(info.Exports, Export{name, signature(compiled.ExportedFunctions()[name])})
	}
	for _, def := range compiled.ImportedFunctions() {
		module, name, _ := def.Import()
		sig := signature(def)
		info.Imports = append(info.Imports, Import{module, name, sig, rt.offered[module][name] == sig})
	}
	slices.SortFunc(info.Imports, func(a, b Import) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name))
	})
	if memory := compiled.ExportedMemories()[abi.ExportMemory]; memory != nil {
		info.MemoryMin = int64(memory.Min()) * wasmPage
		if most, declared := memory.Max(); declared {
			info.MemoryMax = int64(most) * wasmPage
		}
	}
	m, err := rt.ready(ctx, compiled, len(binary), manifest, limits)
	if err != nil {
		info.Reason = err.Error()
		return info, nil
	}
	return info, m.Close(ctx)
}
