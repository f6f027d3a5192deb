// Package worker joins the rooms: it claims jobs from a queue, runs each in
// the module that serves its type, and brings the result back. It knows
// neither keys nor WebAssembly.
//
// A Worker is made of three actors: the claimer hands jobs to free slots, the
// renewer keeps the leases of those that run, and the reaper takes back the
// jobs of workers that are gone.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
)

// DefaultGrace is how long running jobs may go on after a stop was asked for.
const DefaultGrace = 20 * time.Second

// Options say what a worker does.
type Options struct {
	// Queue is where jobs come from and results go to.
	Queue *queue.Queue

	// Registry knows which module serves which type.
	Registry *registry.Registry

	// Types narrows the script types served; empty means all that the
	// registry has.
	Types []string

	// Group and Instance are lists to serve beside those of the types.
	Group, Instance string

	// Slots is how many jobs run at once, at least 1.
	Slots int

	// Grace is how long running jobs may go on when the worker stops; those
	// that still run are then handed back. Zero means DefaultGrace.
	Grace time.Duration

	// Log gets what happens. Nil discards it.
	Log *slog.Logger
}

// Worker serves one queue until it is stopped. It can be run once.
type Worker struct {
	opts   Options
	wanted queue.Wanted
	log    *slog.Logger
	slots  slots
	active active
	redis  outage

	// leaving is closed when the grace time of a stop is over.
	leaving chan struct{}
}

// New checks the options and returns a Worker that does nothing yet.
func New(opts Options) (*Worker, error) {
	if opts.Slots < 1 {
		return nil, fmt.Errorf("a worker needs at least 1 slot, not %d", opts.Slots)
	}
	if opts.Grace == 0 {
		opts.Grace = DefaultGrace
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	types, err := servedTypes(opts.Types, opts.Registry.Types())
	if err != nil {
		return nil, err
	}
	return &Worker{
		opts:   opts,
		wanted: queue.Wanted{Types: types, Group: opts.Group, Instance: opts.Instance},
		log:    opts.Log,
		slots:  newSlots(opts.Slots),
		active: newActive(),
		redis:  outage{log: opts.Log},

		leaving: make(chan struct{}),
	}, nil
}

// servedTypes returns the types that were asked for and are there.
func servedTypes(asked, there []string) ([]string, error) {
	if len(there) == 0 {
		return nil, errors.New("no module is loaded, so no job can be run: this henge was built without engines; run make build, or name a folder of .wasm files with --modules")
	}
	if len(asked) == 0 {
		return there, nil
	}
	var types []string
	for _, t := range asked {
		t = strings.ToLower(strings.TrimSpace(t))
		if !slices.Contains(there, t) {
			return nil, fmt.Errorf("no loaded module serves the type %.80q; served are %s", t, strings.Join(there, ", "))
		}
		types = append(types, t)
	}
	return types, nil
}

// Types returns the script types that the worker serves.
func (w *Worker) Types() []string { return w.wanted.Types }

// Run serves until ctx ends, lets running jobs finish for the grace time,
// hands back those that did not, and returns. The error is nil after an
// orderly stop.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.opts.Queue.Open(ctx); err != nil {
		return err
	}
	// Renewing goes on while running jobs end, so it outlives ctx.
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()

	var actors sync.WaitGroup
	actors.Go(func() { w.renewLeases(serving) })
	actors.Go(func() { w.reap(serving) })

	err := w.claimJobs(ctx)
	w.log.Info("stopping", "running", w.active.len(), "grace", w.opts.Grace)
	w.drain()
	stopServing()
	actors.Wait()
	return err
}

// drain waits for the running jobs, and after the grace time stops them.
func (w *Worker) drain() {
	done := make(chan struct{})
	go func() {
		w.slots.takeAll()
		close(done)
	}()
	timer := time.NewTimer(w.opts.Grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		close(w.leaving)
		w.active.stopAll(errStopping)
		<-done
	}
}

func (w *Worker) isLeaving() bool {
	select {
	case <-w.leaving:
		return true
	default:
		return false
	}
}
