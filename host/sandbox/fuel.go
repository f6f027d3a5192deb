package sandbox

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/wasm"
)

// defaultSlice is how much fuel a guest is given at a time: about 100 µs of work, so
// that it ends soon after its deadline and never holds up the collection of
// garbage, which waits for guests.
const defaultSlice = 1_000_000

// turn is after how many slices a guest lets others have their turn, some
// hundred microseconds: the scheduler by itself gives it ten milliseconds, and
// the collector of garbage, or whoever keeps the leases, would wait for that
// several times.
const turn = 6

// offerMeter instantiates what metered modules import.
func (rt *Runtime) offerMeter(ctx context.Context) error {
	b := rt.wazero.NewHostModuleBuilder(wasm.MeterModule)
	b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, _ []uint64) {
		runOf(ctx).refuel()
	}), nil, nil).Export(wasm.Refuel)
	_, err := b.Instantiate(ctx)
	return err
}

// refuel is called by a guest whose slice is used up. It goes on, or it ends
// with the reason.
func (r *run) refuel() {
	r.endIfLate()
	r.deep = r.deep || r.session.Limits.Depth-r.depthLeft() > deepCalls
	left := int64(r.inst.fuel.Get())
	if used := r.granted - left; used > r.session.Limits.Fuel {
		r.abort(job.Fuel, fmt.Sprintf("the job used up its fuel of %d units; do less, or %s",
			r.session.Limits.Fuel, job.More(r.own.Fuel, r.session.Limits.Fuel, "fuel")))
	}
	r.grant(left)
	if r.slices++; r.slices%turn == 0 {
		r.inst.memory.Yield()
	}
}

// grant fills the guest's fuel, of which some may be left or overdrawn, up to
// a slice, or to what the job may still use.
func (r *run) grant(left int64) {
	used := r.granted - left
	next := min(r.module.rt.slice, r.session.Limits.Fuel-used)
	r.inst.fuel.Set(uint64(next))
	r.granted = used + next
}

// fuelUsed is what the guest has used so far.
func (r *run) fuelUsed() int64 {
	if !r.module.metered {
		return 0
	}
	return r.granted - int64(r.inst.fuel.Get())
}

// depthLeft is how much deeper calls may nest.
func (r *run) depthLeft() int64 { return int64(int32(r.inst.depth.Get())) }

// tooDeep says whether a trap was that of calls nested too deeply. It leaves
// the count below zero, where it is never otherwise.
func (r *run) tooDeep() bool {
	if r.inst == nil || r.inst.depth == nil || r.depthLeft() >= 0 {
		return false
	}
	r.deep = true
	return true
}
