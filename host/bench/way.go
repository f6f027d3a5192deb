package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/sandbox"
)

// Way is how jobs are run.
type Way string

// The ways.
const (
	// New makes an instance for each job and initialises it.
	New Way = "new"

	// Snapshot makes an instance for each job and gives it the state that the
	// initialisation left.
	Snapshot Way = "snapshot"

	// Reset is what henge does: an instance that is put back after each job.
	Reset Way = "reset"

	// Warm runs all jobs in one instance as the job before left it. Nobody may
	// do that; it is the least that a job can cost.
	Warm Way = "warm"

	// CloseOnContext is Reset with the runtime's own way of ending a guest in
	// place of metering.
	CloseOnContext Way = "close_on_context"

	// Unmetered is Reset without metering.
	Unmetered Way = "unmetered"

	// Native is the engine outside of WebAssembly, in a process of its own.
	Native Way = "native"

	// Direct is a call from Go, beside one of a guest that does the same.
	Direct Way = "direct"
)

// Ways returns all ways, in the order in which they are measured.
func Ways() []Way { return []Way{New, Snapshot, Reset, Warm, CloseOnContext, Unmetered, Native} }

// baseline returns what the sandbox calls a way; Native has no such name.
func (w Way) baseline() (sandbox.Baseline, bool) {
	switch w {
	case New:
		return sandbox.NewInstance, true
	case Snapshot:
		return sandbox.FromSnapshot, true
	case Reset:
		return sandbox.Henge, true
	case Warm:
		return sandbox.Warm, true
	case CloseOnContext:
		return sandbox.CloseOnContext, true
	case Unmetered:
		return sandbox.Unmetered, true
	}
	return 0, false
}

// contender is an engine made ready in one way. One goroutine at a time may
// use it.
type contender interface {
	way() Way

	// check runs the script once and fails where the result is not what it
	// should be.
	check(ctx context.Context, s Script) error

	// measure runs the script again and again, for about a time and at least
	// once, on a number of goroutines.
	measure(ctx context.Context, s Script, time time.Duration, goroutines int) (measurement, error)

	close(ctx context.Context) error
}

var (
	_ contender = (*sandboxed)(nil)
	_ contender = (*native)(nil)
)

// contenders makes an engine ready in every way that there is for it.
func (o Options) contenders(ctx context.Context, engine Engine) (all []contender, err error) {
	defer func() {
		if err != nil {
			for _, c := range all {
				err = errors.Join(err, c.close(ctx))
			}
			all = nil
		}
	}()
	most := 0
	for _, n := range o.Goroutines {
		most = max(most, n)
	}
	samples := newSamples(most)
	for _, way := range Ways() {
		if way == Native {
			if engine.Native != "" {
				all = append(all, &native{program: engine.Native})
			}
			continue
		}
		c, err := o.sandboxed(ctx, engine, way, samples)
		if err != nil {
			return all, fmt.Errorf("%s: %w", way, err)
		}
		all = append(all, c)
	}
	return all, nil
}
