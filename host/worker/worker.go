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
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/henge-run/henge/host/job"
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
	// registry has. Each is served as soon as its module is ready.
	Types []string

	// Group and Instance are lists to serve beside those of the types.
	Group, Instance string

	// Slots is how many jobs run at once, at least 1.
	Slots int

	// Limits returns the most that a job of a circle may use, beside what its
	// module and the job itself allow: of each budget the smallest counts, and
	// a zero says nothing. It is asked once for each attempt, by many
	// goroutines at once. Nil limits no circle.
	Limits func(circle string) job.Limits

	// Grace is how long running jobs may go on when the worker stops; those
	// that still run are then handed back. Zero means DefaultGrace.
	Grace time.Duration

	// Log gets what happens. Nil discards it.
	Log *slog.Logger
}

// Worker serves one queue until it is stopped. It can be run once.
type Worker struct {
	opts   Options
	types  []string // asked for; empty means all
	log    *slog.Logger
	slots  slots
	active active
	redis  outage

	// announced are the files that the log has, and missing the types that it
	// says are not served. They are the claimer's alone.
	announced, missing map[string]bool

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
	types, err := askedTypes(opts.Types, opts.Registry.Claimed())
	if err != nil {
		return nil, err
	}
	return &Worker{
		opts:   opts,
		types:  types,
		log:    opts.Log,
		slots:  newSlots(opts.Slots),
		active: newActive(),
		redis:  outage{log: opts.Log},

		announced: map[string]bool{},
		missing:   map[string]bool{},

		leaving: make(chan struct{}),
	}, nil
}

// Types returns the script types that the worker serves now, sorted. It is
// safe for concurrent use.
func (w *Worker) Types() []string { return w.asked(w.opts.Registry.Types()) }

// Run serves until ctx ends, lets running jobs finish for the grace time,
// hands back those that did not, and returns. The error is nil after an
// orderly stop, and tells when no module can ever be served.
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
