package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// Module is a module ready to run jobs. It is safe for concurrent use; its
// fields are not to be changed.
type Module struct {
	// Manifest is what the module says of itself.
	Manifest abi.Manifest

	// Limits are the budgets of each job, all of them set.
	Limits job.Limits

	// Imports are the import modules, sorted.
	Imports []string

	// Entry is the export that runs a job: abi.ExportRun or abi.ExportStart.
	Entry string

	// Size is the length of the module's file and MemoryMin what an
	// instance's memory starts with, both in bytes.
	Size      int
	MemoryMin int64

	// memoryMax is the smaller of the limit and the module's own maximum.
	memoryMax int64

	rt       *Runtime
	compiled wazero.CompiledModule
}

// Close frees the module. No job may be running.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// Run carries out one attempt at j in an instance that nobody has used and
// nobody will use again. It ends at the job's deadline or when ctx does,
// whichever is first; a cause of ctx that wraps job.ErrLeaseLost is reported
// as such. All that can go wrong is in the result.
func (m *Module) Run(ctx context.Context, j *job.Job) *job.Result {
	start := time.Now()
	if n := int64(len(j.Payload)); n > m.Limits.Input {
		return &job.Result{End: job.Refused, Error: fmt.Sprintf(
			"the payload has %d bytes and the limit is %d; send less, or ask the operator to raise the input limit", n, m.Limits.Input)}
	}
	r := newRun(m, start)
	r.session.Deadline = j.Deadline(start)
	if wall := start.Add(m.Limits.Wall); wall.Before(r.session.Deadline) {
		r.session.Deadline = wall
	}
	ctx, cancel := context.WithDeadlineCause(ctx, r.session.Deadline, errTimeUp)
	defer cancel()
	defer r.memory.close()

	config := m.configure(ctx, r)
	if m.Entry == abi.ExportStart {
		var err error
		if config, err = asCommand(config, r, j); err != nil {
			return &job.Result{End: job.Refused, Error: err.Error()}
		}
	}
	end, message := r.ended(ctx, m.runJob(ctx, r, config, j))
	r.flush()
	return &job.Result{
		End:     end,
		Output:  r.session.Output,
		Error:   message,
		NoRetry: r.session.Failure != nil && r.session.Failure.Retry != nil && !*r.session.Failure.Retry,
		Log:     r.session.FinishLog(),
		Cost: job.Cost{
			Wall:       time.Since(start),
			MemoryPeak: r.memory.peak,
			HostCalls:  r.hostCalls,
		},
	}
}

// runJob returns nil when the module says that the job succeeded.
func (m *Module) runJob(ctx context.Context, r *run, config wazero.ModuleConfig, j *job.Job) error {
	inst, err := m.instantiate(ctx, r, config)
	if err != nil {
		return err
	}
	defer inst.Close(ctx)
	r.session.Job = j
	r.parked, r.isParked = nil, false
	results, err := inst.ExportedFunction(m.Entry).Call(bind(ctx, r))
	if err != nil || len(results) == 0 {
		return err
	}
	if code := int32(results[0]); code != 0 {
		return returned(code)
	}
	return nil
}

// instantiate makes an instance in the state from which jobs start. The
// caller closes r.memory after it.
func (m *Module) instantiate(ctx context.Context, r *run, config wazero.ModuleConfig) (api.Module, error) {
	ctx = bind(ctx, r)
	if err := r.memory.prepare(); err != nil {
		return nil, err
	}
	// A name would have to be unique among all instances alive.
	config = config.WithName("").WithStartFunctions()
	inst, err := m.rt.wazero.InstantiateModule(experimental.WithMemoryAllocator(ctx, &r.memory), m.compiled, config)
	if err != nil {
		return nil, notStarted(err)
	}
	for _, name := range []string{abi.ExportInitialize, abi.ExportInit} {
		if f := inst.ExportedFunction(name); f != nil {
			if _, err := f.Call(ctx); err != nil {
				return nil, closeAfter(ctx, inst, notStarted(err))
			}
		}
	}
	return inst, nil
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
