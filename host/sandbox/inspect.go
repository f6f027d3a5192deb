package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/wasm"
)

// Info is what a module's file says, whether or not it can be run here, and
// what it was seen to do.
type Info struct {
	// Exports are the functions it exports, sorted by name.
	Exports []Export

	// Imports are the functions it imports, sorted.
	Imports []Import

	// Memory and Tables are the bounds of its memory in bytes, and of its
	// tables in entries. A maximum of 0 stands for none.
	Memory Bounds
	Tables []Bounds

	// Reason is why this runtime would not run it; empty when it would. The
	// fields below are only set when it would.
	Reason string

	// NotReset says why each job gets a new instance; empty where instances
	// are put back to the snapshot.
	NotReset string

	// Warnings are what its author should know.
	Warnings []string

	// InitFuel is the fuel of its initialisation, EmptyFuel that of a job
	// without a payload, and EmptyEnd how that ended.
	InitFuel, EmptyFuel int64
	EmptyEnd            job.End

	// SnapshotSize is the memory with which each job starts, in bytes.
	SnapshotSize int64

	// InstanceMemory is what one instance that waits for a job takes beside
	// the snapshot that all share, in bytes, and InstanceHeap what it takes of
	// the host's heap.
	InstanceMemory, InstanceHeap int64
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

// Bounds are what something starts with and the most that it may become.
type Bounds struct {
	Min, Max int64
}

func bounds(l wasm.Limits, unit int64) Bounds {
	b := Bounds{Min: int64(l.Min) * unit}
	if l.HasMax {
		b.Max = int64(l.Max) * unit
	}
	return b
}

// Inspect looks at a module, and tries it, without keeping it. The error is
// that of a file that cannot be read as a module at all.
func (rt *Runtime) Inspect(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*Info, error) {
	decoded, err := wasm.Decode(binary)
	if err != nil {
		return nil, err
	}
	info := rt.describe(decoded)
	m, err := rt.Load(ctx, binary, manifest, limits)
	if err != nil {
		info.Reason = err.Error()
		return info, nil
	}
	info.NotReset, info.InitFuel = m.NotReset, m.InitFuel
	if m.drewRandom {
		info.Warnings = append(info.Warnings, "it asked for random bytes while it was initialised: what it made of them is the same in each job")
	}
	m.try(ctx, info)
	return info, m.Close(ctx)
}

// describe says what the file itself says.
func (rt *Runtime) describe(decoded *wasm.Module) *Info {
	info := &Info{}
	for _, e := range decoded.Exports {
		if e.Kind == wasm.KindFunction {
			info.Exports = append(info.Exports, Export{e.Name, decoded.FunctionType(e.Index).String()})
		}
	}
	slices.SortFunc(info.Exports, func(a, b Export) int { return cmp.Compare(a.Name, b.Name) })
	for _, imp := range decoded.Imports {
		sig := imp.Kind.String()
		if imp.Kind == wasm.KindFunction {
			sig = decoded.Types[imp.Type].String()
		}
		info.Imports = append(info.Imports, Import{imp.Module, imp.Name, sig, rt.offered[imp.Module][imp.Name] == sig})
	}
	slices.SortFunc(info.Imports, func(a, b Import) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name))
	})
	for _, l := range decoded.Memories {
		info.Memory = bounds(l, linear.WasmPage)
	}
	for _, t := range decoded.Tables {
		info.Tables = append(info.Tables, bounds(t.Limits, 1))
	}
	return info
}

// tryTime is how long the job without a payload may take.
const tryTime = 5 * time.Second

// try runs a job without a payload and weighs an instance.
func (m *Module) try(ctx context.Context, info *Info) {
	res := m.Run(ctx, &job.Job{ID: "inspect", Circle: "inspect", Caller: "inspect", Dialect: "local", Timeout: tryTime, Attempt: 1})
	info.EmptyEnd, info.EmptyFuel = res.End, res.Cost.Fuel
	info.SnapshotSize = m.startSize()
	if m.snapshot == nil {
		info.InstanceMemory = res.Cost.MemoryPeak
		return
	}
	for _, inst := range m.pool.idle {
		info.InstanceMemory = inst.memory.Private()
	}
	info.InstanceHeap = m.weigh(ctx)
}

// weigh makes some instances and looks at what the heap has grown by for each,
// in bytes.
func (m *Module) weigh(ctx context.Context) int64 {
	const n = 8
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var made []*instance
	for range n {
		inst, err := m.fromSnapshot(ctx)
		if err != nil {
			break
		}
		made = append(made, inst)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for _, inst := range made {
		m.pool.discard(inst)
	}
	if len(made) == 0 || after.HeapAlloc < before.HeapAlloc {
		return 0
	}
	return int64(math.Round(float64(after.HeapAlloc-before.HeapAlloc) / float64(len(made))))
}

// PoolCost says what the waiting instances of a module take: how many there
// are and how much memory they have of their own, in bytes. It is safe for
// concurrent use.
func (m *Module) PoolCost() (instances int, memory int64) {
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	for _, inst := range m.pool.idle {
		memory += inst.memory.Private()
	}
	return len(m.pool.idle), memory
}

// String says what it is, for a log.
func (b Bounds) String() string {
	if b.Max == 0 {
		return fmt.Sprint(b.Min)
	}
	return fmt.Sprintf("%d to %d", b.Min, b.Max)
}
