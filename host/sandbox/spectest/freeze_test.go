package spectest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/wasm"
)

// freezer does the host's part of freezing, on top of metering.
type freezer struct {
	meter

	frozen, left int // modules that could be frozen, and that could not
}

// restored runs modules with all that is done to a guest: its tables are
// bounded, its start is the host's to call, its work is metered, and its
// state is taken out of it and moved to another instance with every call. A
// module that cannot be frozen stays where it was brought up.
func (f *freezer) restored() rewriting {
	rw := f.metered()
	rw.name, rw.deviates = "restored", ofFreezing()
	rw.mends = []string{"calculate offset: global index out of range", "undeclared function index"}
	rw.rewrite = func(binary []byte) (rewritten, error) {
		module, err := decodeBounded(binary)
		if err != nil {
			return rewritten{}, err
		}
		module.ExportStart()
		out := rewritten{before: surface, ready: start}
		if state, _ := module.Freeze(); state != nil {
			f.frozen++
			taken := frozen{state, len(module.Memories) > 0}
			out.ready, out.restore = taken.bringUp, taken.lay
		} else {
			f.left++
		}
		module.Meter()
		out.binary = module.Encode()
		return out, nil
	}
	return rw
}

// start calls the start function, if there is one.
func start(ctx context.Context, guest api.Module) error {
	function := guest.ExportedFunction(wasm.StartExport)
	if function == nil {
		return nil
	}
	_, err := function.Call(ctx)
	return err
}

// frozen is what was taken out of a module.
type frozen struct {
	state *wasm.State

	// hasMemory is known beforehand: an instance without a memory hands out
	// one that cannot be used.
	hasMemory bool
}

// bringUp does what instantiation would have done.
func (f frozen) bringUp(ctx context.Context, guest api.Module) error {
	for _, d := range f.state.Data {
		if !guest.Memory().Write(d.Offset, d.Bytes) {
			return errors.New("out of bounds memory access")
		}
	}
	return start(ctx, guest)
}

// lay copies the state of one instance into another.
func (f frozen) lay(from, to api.Module) error {
	for _, name := range f.state.Globals {
		set(to, name, from.ExportedGlobal(name).Get())
	}
	if !f.hasMemory {
		return nil
	}
	source, target := from.Memory(), to.Memory()
	if _, ok := target.Grow((source.Size() - target.Size()) >> 16); !ok {
		return fmt.Errorf("the fresh memory cannot grow to %d bytes", source.Size())
	}
	bytes, ok := source.Read(0, source.Size())
	if !ok || !target.Write(0, bytes) {
		return fmt.Errorf("%d bytes of memory cannot be copied", source.Size())
	}
	return nil
}
