package sandbox

import (
	"context"
	"runtime"

	"github.com/tetratelabs/wazero/api"
)

// What tests see of the inside, and do to it. It is here for tests that need
// the assembler, which this package cannot import.

// IdleTime is how long instances that nobody needed are kept.
const IdleTime = idleTime

// OfferRaw offers raw_v1.poke, () -> (), which is given the guest's own
// memory, as no capability is.
func (rt *Runtime) OfferRaw(ctx context.Context, poke func(memory []byte)) error {
	b := rt.wazero.NewHostModuleBuilder("raw_v1")
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, mod api.Module, _ []uint64) {
		memory, _ := mod.Memory().Read(0, mod.Memory().Size())
		poke(memory)
	}), nil, nil).Export("poke")
	rt.offered.add("raw_v1", "poke", signatureOf(nil, nil))
	_, err := b.Instantiate(ctx)
	return err
}

// Shrink is what the pool does when its timer ends.
func (m *Module) Shrink() { m.pool.shrink() }

// WaitForPool waits for the instances that are being made in the background.
func (m *Module) WaitForPool() { m.pool.work.Wait() }

// SpoilGlobals changes each global of an instance that waits, in one bit, and
// returns what verify says of each.
func (m *Module) SpoilGlobals() (found []error) {
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	inst := m.pool.idle[0]
	for _, g := range inst.globals {
		g.Set(g.Get() ^ 1)
		found = append(found, inst.verify())
		inst.setGlobals()
	}
	return append(found, inst.verify())
}

// Elsewhere calls f on a thread of the system that runs nothing else of ours
// meanwhile, and waits for it.
func Elsewhere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f()
	}()
	<-done
}
