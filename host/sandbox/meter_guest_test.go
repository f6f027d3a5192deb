package sandbox_test

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/wasm"
)

// meterHost is the host's part of metering, as plain as can be, with a look at
// each step.
type meterHost struct {
	// grant is the fuel that a guest is given at a time. With none it asks at
	// each look before which it took some.
	grant int64

	// granted is what it was given so far.
	granted int64

	// longest is the most instructions that were executed between two looks,
	// by the count of a counted guest, and counted its last value.
	longest, counted int64

	// probe is told of each call of the host function.
	probe func(guest api.Module, value int32)
}

// newGuest instantiates a module, metered or not.
func newGuest(t testing.TB, binary []byte, h *meterHost) api.Module {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(64))
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	guest, err := instantiate(ctx, rt, binary, h)
	require.NoError(t, err)
	return guest
}

func instantiate(ctx context.Context, rt wazero.Runtime, binary []byte, h *meterHost) (api.Module, error) {
	if h == nil {
		h = &meterHost{}
	}
	_, err := rt.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(h.refuel), nil, nil).Export(wasm.Refuel).Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	_, err = rt.NewHostModuleBuilder("host").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, guest api.Module, stack []uint64) {
			if h.probe != nil {
				h.probe(guest, int32(stack[0]))
			}
		}), []api.ValueType{api.ValueTypeI32}, nil).Export("probe").Instantiate(ctx)
	if err != nil {
		return nil, err
	}
	return rt.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithName(""))
}

func (h *meterHost) refuel(_ context.Context, guest api.Module, _ []uint64) {
	fuel := guest.ExportedGlobal(wasm.FuelExport).(api.MutableGlobal)
	left := int64(fuel.Get())
	h.granted += h.grant - left
	if count := guest.ExportedGlobal(countExport); count != nil {
		n := int64(count.Get())
		h.longest, h.counted = max(h.longest, n-h.counted), n
	}
	fuel.Set(uint64(h.grant))
}

// used is the fuel that a metered guest has used so far.
func (h *meterHost) used(guest api.Module) int64 {
	return h.granted - int64(guest.ExportedGlobal(wasm.FuelExport).Get())
}

// metered meters a module.
func metered(t testing.TB, binary []byte) []byte {
	t.Helper()
	m, err := wasm.Decode(binary)
	require.NoError(t, err)
	m.Meter()
	return m.Encode()
}

// seen is what can be seen of a call from outside.
type seen struct {
	results []uint64
	err     string // its first line
	memory  [32]byte
	globals []uint64
	probes  []int32

	// at is the fuel or the number of instructions at each probe, and total
	// that at the end.
	at    []int64
	total int64

	depth   int32 // that calls have left
	longest int64
}

// deepest is the depth that guests begin with.
const deepest = 10_000

// watch calls the export f of a module, in a runtime of its own, and returns
// what is seen. spent tells what was used so far.
func watch(t testing.TB, binary []byte, grant int64, args ...uint64) seen {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(64))
	defer func() { require.NoError(t, rt.Close(ctx)) }()
	h := &meterHost{grant: grant}
	var s seen
	spent := func(guest api.Module) int64 {
		switch {
		case guest.ExportedGlobal(wasm.FuelExport) != nil:
			return h.used(guest)
		case guest.ExportedGlobal(countExport) != nil:
			return int64(guest.ExportedGlobal(countExport).Get())
		}
		return 0
	}
	h.probe = func(guest api.Module, value int32) {
		s.probes = append(s.probes, value)
		s.at = append(s.at, spent(guest))
	}
	guest, err := instantiate(ctx, rt, binary, h)
	require.NoError(t, err)
	depth, counts := guest.ExportedGlobal(wasm.DepthExport).(api.MutableGlobal)
	if counts {
		depth.Set(deepest)
		h.granted = grant
		guest.ExportedGlobal(wasm.FuelExport).(api.MutableGlobal).Set(uint64(grant))
	}
	s.results, err = guest.ExportedFunction("f").Call(ctx, args...)
	if err != nil {
		s.err, _, _ = strings.Cut(err.Error(), "\n")
	}
	if memory := guest.ExportedMemory("memory"); memory != nil {
		b, _ := memory.Read(0, memory.Size())
		s.memory = sha256.Sum256(b)
	}
	for _, name := range []string{"g0", "g1"} {
		if g := guest.ExportedGlobal(name); g != nil {
			s.globals = append(s.globals, g.Get())
		}
	}
	if counts {
		s.depth = int32(depth.Get())
	}
	s.total = spent(guest)
	if count := guest.ExportedGlobal(countExport); count != nil {
		s.longest = max(h.longest, int64(count.Get())-h.counted)
	}
	return s
}

// visible is s without what only counting shows.
func (s seen) visible() seen {
	s.at, s.total, s.depth, s.longest = nil, 0, 0, 0
	return s
}
