package spectest

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/wasm"
)

const (
	// sip is the fuel that a guest is given at a time: so little that nearly
	// every look at it calls the host.
	sip = 4

	// deepest is how deep calls may nest, more than any script needs that is
	// not about depth.
	deepest = 10_000

	// tooDeep is the trap of calls that nest more deeply.
	tooDeep = "unreachable"
)

var (
	errTooDeep = errors.New("calls nest too deeply")
	errSpent   = errors.New("there is no fuel left")
)

// meter is the host's part of metering.
type meter struct {
	refuels int // how often a guest has asked for fuel
	most    int // how often it may; 0 means any number of times
}

// metered runs modules that count their work.
func (m *meter) metered() rewriting {
	return rewriting{
		name:      "metered",
		exhausted: tooDeep,
		offer:     m.offer,
		rewrite: func(binary []byte) (rewritten, error) {
			module, err := wasm.Decode(binary)
			if err != nil {
				return rewritten{}, err
			}
			module.Meter()
			return rewritten{binary: module.Encode(), before: surface}, nil
		},
	}
}

func (m *meter) offer(ctx context.Context, runtime wazero.Runtime) error {
	refuel := func(_ context.Context, guest api.Module, _ []uint64) {
		if m.refuels++; m.most > 0 && m.refuels > m.most {
			panic(errSpent)
		}
		set(guest, wasm.FuelExport, sip)
	}
	_, err := runtime.NewHostModuleBuilder(wasm.MeterModule).
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(refuel), nil, nil).Export(wasm.Refuel).
		Instantiate(ctx)
	return err
}

// nestedTooDeep says whether a guest's trap was that of its depth.
func nestedTooDeep(guest api.Module) bool {
	depth := guest.ExportedGlobal(wasm.DepthExport)
	return depth != nil && int32(depth.Get()) < 0
}

// surface undoes the depth of calls that a trap has ended.
func surface(guest api.Module) { set(guest, wasm.DepthExport, deepest) }

// set writes a global that the rewriting has exported for it.
func set(guest api.Module, global string, value uint64) {
	guest.ExportedGlobal(global).(api.MutableGlobal).Set(value)
}
