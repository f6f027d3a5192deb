package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox/arguments"
	"github.com/henge-run/henge/host/wasm"
)

// Module is a module ready to run jobs. It is safe for concurrent use; its
// fields are not to be changed.
type Module struct {
	// Manifest is what the module says of itself.
	Manifest abi.Manifest

	// Limits are the most that any job of it may use, all of them set.
	Limits job.Limits

	// Imports are the import modules, sorted.
	Imports []string

	// Entry is the export that runs a job: abi.ExportRun or abi.ExportStart.
	Entry string

	// Size is the length of the module's file and MemoryMin what an
	// instance's memory starts with, both in bytes.
	Size      int
	MemoryMin int64

	// InitFuel is the fuel that its initialisation took.
	InitFuel int64

	// NotReset says why each job gets a new instance, with its own
	// initialisation; empty where instances are reset.
	NotReset string

	// memoryMax is the smaller of the limit and the module's own maximum.
	memoryMax int64

	rt       *Runtime
	compiled wazero.CompiledModule

	// metered says that the module counts its work itself.
	metered bool

	// state is what Freeze parted from the code; nil where it could not.
	state    *wasm.State
	snapshot *snapshot
	pool     pool

	// arguments is what its payloads have to fit; nil where it does not say.
	arguments *arguments.Schema

	// started is when it was initialised for the first time.
	started time.Time

	drewRandom bool

	clock job.Clock
}

// Times returns how long the attempts took that have run in the module since it
// was loaded; one that was refused has not run. It is safe for concurrent use.
func (m *Module) Times() job.Times { return m.clock.Times() }

// Freshness says how each job gets an instance that nobody has used: by reset, or
// as a new instance.
func (m *Module) Freshness() string {
	if m.NotReset != "" {
		return abi.FreshInstance
	}
	return "reset"
}

// Close frees the module. No job may be running.
func (m *Module) Close(ctx context.Context) error {
	err := m.pool.close(ctx)
	if m.snapshot != nil {
		err = errors.Join(err, m.snapshot.image.Close())
	}
	return errors.Join(err, m.compiled.Close(ctx))
}

// Run carries out one attempt at j, in an instance that is as if nobody had
// used it before, under the smaller of the module's and the job's limits. It
// ends at the job's deadline or when ctx does, whichever is first; a cause of
// ctx that wraps job.ErrLeaseLost is reported as such. All that can go wrong
// is in the result.
//
// An attempt that met a conflict before it had any effect is begun anew, within
// the same deadline; the cost is that of the last time.
func (m *Module) Run(ctx context.Context, j *job.Job) *job.Result {
	start := time.Now()
	for restarts := 0; ; restarts++ {
		result := m.run(ctx, j, start, restarts)
		if result == nil {
			continue
		}
		if result.End != job.Refused {
			m.clock.Add(result.Cost.Wall)
		}
		return result
	}
}

// run is one go at an attempt that began at start. It returns nil when there is
// to be another.
func (m *Module) run(ctx context.Context, j *job.Job, start time.Time, restarts int) *job.Result {
	r := newRun(m, start)
	r.session.Restarts = restarts
	r.own = j.Limits
	r.session.Limits = m.Limits.Within(j.Granted).Within(r.own)
	if n := int64(len(j.Payload)); n > r.session.Limits.Input {
		return refused(fmt.Sprintf("the payload has %d bytes and the limit is %d; send less, or %s", n, r.session.Limits.Input, job.More(r.own.Input, r.session.Limits.Input, "input")))
	}
	if m.arguments != nil {
		if err := m.arguments.Check(j.Payload); err != nil {
			return refused(err.Error())
		}
	}
	r.session.Deadline = j.Deadline(r.session.Start)
	if wall := r.session.Start.Add(r.session.Limits.Wall); wall.Before(r.session.Deadline) {
		r.session.Deadline = wall
	}
	if size := m.startSize(); size > r.session.Limits.Memory {
		return refused(fmt.Sprintf("the module starts with %d bytes of memory and the job's limit is %d: %s", size, r.session.Limits.Memory, job.More(r.own.Memory, r.session.Limits.Memory, "memory")))
	}
	if m.Entry == abi.ExportStart {
		if err := r.asCommand(j); err != nil {
			return refused(err.Error())
		}
	}
	defer r.release()
	inst, err := m.instanceFor(ctx, r)
	if err != nil {
		end, message := r.ended(err)
		return r.result(end, message)
	}
	end, message := r.ended(inst.do(r, j))
	result := r.result(end, message)
	m.pool.put(inst, result.Cost.Wall)
	r.settle(result)
	if r.restart {
		return nil
	}
	return result
}

// startSize is the memory with which jobs start, in bytes.
func (m *Module) startSize() int64 {
	if m.snapshot == nil {
		return m.MemoryMin
	}
	return m.snapshot.image.Size()
}

func refused(why string) *job.Result { return &job.Result{End: job.Refused, Error: why} }

// instanceFor returns an instance in the state from which jobs start, bound to
// the run and begun.
func (m *Module) instanceFor(ctx context.Context, r *run) (*instance, error) {
	if m.snapshot == nil {
		// What a job burns, and may burn, must not depend on how its instance
		// came to be.
		limits := r.session.Limits
		r.boundByTime()
		inst, err := m.initialised(ctx, r)
		if err != nil {
			return nil, err
		}
		r.session.Limits = limits
		r.memoryRefused = false
		r.begin(ctx)
		return inst, nil
	}
	inst, err := m.pool.get(ctx)
	if err != nil {
		return nil, err
	}
	inst.bind(r)
	r.begin(ctx)
	return inst, nil
}

// do lets the module do the job, and returns nil when it says that it
// succeeded.
func (inst *instance) do(r *run, j *job.Job) error {
	r.session.Begin(j)
	r.parked, r.isParked = nil, false
	if r.Err() != nil {
		return r.stopFor(r.outOfTime())
	}
	inst.memory.Begin()
	defer func() { r.cpu, _ = inst.memory.End() }()
	var result [1]uint64
	if err := inst.entry.CallWithStack(r, result[:]); err != nil {
		return err
	}
	if code := int32(result[0]); code != 0 && r.module.Entry == abi.ExportRun {
		return returned(code)
	}
	return nil
}

// settle lets the capabilities keep or take back what the attempt did.
func (r *run) settle(result *job.Result) {
	err := r.session.Settle(r, result)
	if result.End == job.NotKept && r.Err() != nil {
		result.End, result.Error = r.outOfTime()
		return
	}
	var said *abi.Error
	if err != nil && !errors.As(err, &said) && !errors.Is(err, job.ErrLeaseLost) {
		r.module.rt.log.Error("what a job did could not be settled", "job", r.session.Job.ID, "circle", r.session.Job.Circle, "err", err)
	}
}

// result is what the attempt leaves.
func (r *run) result(end job.End, message string) *job.Result {
	r.flush()
	res := &job.Result{
		End:     end,
		Output:  r.session.Output,
		Error:   message,
		NoRetry: r.session.Failure != nil && r.session.Failure.Retry != nil && !*r.session.Failure.Retry,
		Log:     r.session.FinishLog(),
		Cost:    job.Cost{Wall: time.Since(r.start), CPU: r.cpu, HostCalls: r.hostCalls},
	}
	if r.inst != nil {
		res.Cost.Fuel = r.fuelUsed()
		res.Cost.MemoryPeak = r.inst.memory.Peak()
		res.Cost.Reset = r.module.snapshot != nil
	}
	return res
}
