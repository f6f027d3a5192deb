package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/wasm"
)

// instance is an instance of a module with its memory. One goroutine at a
// time may use it.
type instance struct {
	module *Module
	mod    api.Module
	memory *linear.Memory
	entry  api.Function

	// fuel and depth are the guest's counters; nil where it is not metered.
	fuel, depth api.MutableGlobal

	// globals are what Freeze made visible, in the order of the snapshot.
	globals []api.MutableGlobal

	// run is what the instance is used for now. Its streams and clocks are
	// bound to the instance when it is made, and so find their job here.
	run *run

	// call is what host functions are given, kept for its buffers.
	call capability.Call
}

// newInstance makes an instance over a memory, which it owns from then on,
// and does not yet initialise it.
func (m *Module) newInstance(ctx context.Context, memory *linear.Memory, r *run) (*instance, error) {
	inst := &instance{module: m, memory: memory}
	inst.bind(r)
	// A name would have to be unique among all instances alive.
	config := inst.configure().WithName("").WithStartFunctions()
	ctx = experimental.WithMemoryAllocator(r.withParent(ctx), allocator{inst})
	mod, err := m.rt.wazero.InstantiateModule(ctx, m.compiled, config)
	if err != nil {
		return nil, errors.Join(err, memory.Close())
	}
	inst.mod = mod
	inst.entry = mod.ExportedFunction(m.Entry)
	if m.metered {
		inst.fuel = mutable(mod, wasm.FuelExport)
		inst.depth = mutable(mod, wasm.DepthExport)
	}
	if m.state != nil {
		for _, name := range m.state.Globals {
			inst.globals = append(inst.globals, mutable(mod, name))
		}
	}
	return inst, nil
}

// allocator gives the runtime the memory that was made for an instance.
type allocator struct{ *instance }

var (
	_ experimental.MemoryAllocator = allocator{}
	_ experimental.LinearMemory    = allocator{}
)

// Allocate implements experimental.MemoryAllocator.
func (a allocator) Allocate(_, _ uint64) experimental.LinearMemory { return a }

// Reallocate implements experimental.LinearMemory: nil makes memory.grow
// answer -1. The job may have a lower limit than the memory.
func (a allocator) Reallocate(size uint64) []byte {
	if size > uint64(a.run.session.Limits.Memory) {
		a.run.memoryRefused = true
		return nil
	}
	b := a.memory.Reallocate(size)
	a.run.memoryRefused = a.run.memoryRefused || b == nil
	return b
}

// Free implements experimental.LinearMemory and does nothing: the instance
// gives the memory back when nothing can touch it any more.
func (a allocator) Free() {}

// mutable returns a global that the rewriting exported.
func mutable(mod api.Module, name string) api.MutableGlobal {
	return mod.ExportedGlobal(name).(api.MutableGlobal)
}

// bind makes r what the instance is used for.
func (inst *instance) bind(r *run) {
	inst.run = r
	r.inst = inst
	inst.call.Session = &r.session
}

// close frees the instance. Nothing may be running in it.
func (inst *instance) close(ctx context.Context) error {
	return errors.Join(inst.mod.Close(ctx), inst.memory.Close())
}

// initialise brings a new instance into the state from which jobs start.
func (inst *instance) initialise(r *run) error {
	if state := inst.module.state; state != nil {
		if err := inst.place(state.Data); err != nil {
			return err
		}
	}
	for _, name := range []string{wasm.StartExport, abi.ExportInitialize, abi.ExportInit} {
		if f := inst.mod.ExportedFunction(name); f != nil {
			if _, err := f.Call(r); err != nil {
				return notStarted(err)
			}
		}
	}
	return nil
}

// place copies the module's data into the memory.
func (inst *instance) place(data []wasm.Placed) error {
	for _, d := range data {
		if !inst.mod.Memory().Write(d.Offset, d.Bytes) {
			return fmt.Errorf("the data segment at byte %d does not fit: it has %d bytes for offset %d of a memory of %d",
				d.At, len(d.Bytes), d.Offset, inst.mod.Memory().Size())
		}
	}
	return nil
}

// notStarted keeps a module that exits while it starts, with code 0, from
// being taken for one that has done its job.
func notStarted(err error) error {
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 0 {
		return errors.New("it exited before it was asked to run")
	}
	return err
}
