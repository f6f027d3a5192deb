package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox/linear"
)

// snapshot is the state from which every job of a module starts: what its
// initialisation left.
type snapshot struct {
	image *linear.Image

	// globals are the values of instance.globals.
	globals []uint64
}

// start runs the module's initialisation once, on trial, and keeps what it
// leaves where that can be done. What only shows when a module is started is
// then known before the first job.
func (m *Module) start(ctx context.Context) error {
	r := newRun(m, time.Now())
	// Each load of a module gives the same snapshot, or jobs would use more or less
	// fuel by how a language's runtime has seeded its hashes.
	r.entropy = rand.NewChaCha8([32]byte{})
	m.started = r.session.Start
	r.session.Deadline = m.started.Add(m.rt.loadTimeout)
	r.boundByTime()
	inst, err := m.initialised(ctx, r)
	if err != nil {
		return m.startFailed(r, err)
	}
	m.InitFuel = r.fuelUsed()
	m.drewRandom = r.drewRandom
	if m.state != nil {
		if err := m.keep(inst); err != nil {
			return errors.Join(err, inst.close(ctx))
		}
	}
	return inst.close(ctx)
}

// boundByTime lifts the limits on work while a module initialises itself: no
// job pays for that, and its time is bounded.
func (r *run) boundByTime() {
	r.session.Limits.Fuel, r.session.Limits.Depth = job.DefaultLimits.Fuel, job.DefaultLimits.Depth
}

// initialised makes an instance with a memory of its own and initialises it.
func (m *Module) initialised(ctx context.Context, r *run) (*instance, error) {
	memory, err := linear.NewMemory(m.memoryMax)
	if err != nil {
		return nil, err
	}
	inst, err := m.newInstance(ctx, memory, r)
	if err != nil {
		return nil, err
	}
	r.begin(ctx)
	if err := inst.initialise(r); err != nil {
		return nil, errors.Join(err, inst.close(ctx))
	}
	return inst, nil
}

func (m *Module) startFailed(r *run, err error) error {
	end, message := r.ended(err)
	if end == job.Deadline {
		return fmt.Errorf("start: it did not come up within %s", m.rt.loadTimeout)
	}
	return fmt.Errorf("start: %s: %s", end, message)
}

// keep takes the snapshot of an initialised instance.
func (m *Module) keep(inst *instance) error {
	memory, _ := inst.mod.Memory().Read(0, inst.mod.Memory().Size())
	image, err := m.rt.system.NewImage(m.rt.way, memory, m.memoryMax)
	if err != nil {
		return fmt.Errorf("keep the snapshot: %w", err)
	}
	s := &snapshot{image: image}
	for _, g := range inst.globals {
		s.globals = append(s.globals, g.Get())
	}
	m.snapshot = s
	return nil
}

// fromSnapshot makes an instance in the snapshot's state.
func (m *Module) fromSnapshot(ctx context.Context) (*instance, error) {
	memory, err := m.snapshot.image.NewMemory()
	if err != nil {
		return nil, err
	}
	inst, err := m.newInstance(ctx, memory, newRun(m, time.Now()))
	if err != nil {
		return nil, err
	}
	if err := inst.reset(); err != nil {
		return nil, errors.Join(err, inst.close(ctx))
	}
	return inst, nil
}

func (inst *instance) setGlobals() {
	for i, v := range inst.module.snapshot.globals {
		inst.globals[i].Set(v)
	}
}

// reset puts the instance back into the snapshot's state. An error means that it cannot be, and that the instance has to
// be thrown away.
func (inst *instance) reset() error {
	if err := inst.memory.Reset(); err != nil {
		return err
	}
	inst.setGlobals()
	return nil
}

// verify compares the whole state with the snapshot's.
func (inst *instance) verify() error {
	if err := inst.memory.Verify(); err != nil {
		return err
	}
	for i, want := range inst.module.snapshot.globals {
		if got := inst.globals[i].Get(); got != want {
			return fmt.Errorf("global %s is %#x, and was %#x", inst.module.state.Globals[i], got, want)
		}
	}
	return nil
}
