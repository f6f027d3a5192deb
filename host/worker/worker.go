// Package worker joins the rooms: it claims jobs from a queue, runs each in
// the module that serves its type, and brings the result back. It knows
// neither keys nor WebAssembly.
//
// A Worker is made of actors: the dispatcher brings results back and hands jobs
// to free slots, the renewer keeps the leases of those that run and stops those
// that were lost or cancelled, the reaper takes back the jobs of workers that
// are gone, others write the jobs of schedules and what running jobs say, and
// others say that the worker is there and do what it is asked by operators and
// by producers.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// DefaultGrace is how long running jobs may go on after a stop was asked for.
const DefaultGrace = 20 * time.Second

// Options say what a worker does. Queue and Slots are required, and a Registry
// or Handlers.
type Options struct {
	// Queue is where jobs come from and results go to. Its own options say which
	// circles and dialects are served, how many jobs of each may run at once,
	// and how long what ended is kept. One queue is one worker's.
	Queue *queue.Queue

	// Registry knows which module serves which type. It may be nil where
	// there are Handlers. Close it, and then its runtime, after Run.
	Registry *registry.Registry

	// Handlers run jobs of their types, in lower case, as Go functions of the
	// worker's own process, without a sandbox: for what the operator wrote.
	// They come before modules of the same type.
	Handlers map[string]Handler

	// Types narrows the script types served; empty means those of the Handlers
	// and all that the registry has. Each is served as soon as its module is
	// ready. One that neither has is an error of New.
	Types []string

	// Group and Instance are lists to serve beside those of the types, in the
	// dialect Hero: hero:q:work:type:T:group:GROUP, and before it
	// …:group:GROUP:inst:INSTANCE. Empty: none.
	Group, Instance string

	// Slots is how many jobs run at once, at least 1. A job that computes needs
	// a processor, so runtime.GOMAXPROCS(0) is a good choice for scripts, and
	// more for handlers that mostly wait.
	Slots int

	// Limits returns the most that a job of a circle may use in a module, or in
	// the handler of a type, which goes by the type's name, beside what the
	// module and the job itself allow: of each budget the smallest counts, and
	// a zero says nothing. It is asked once for each attempt, by many
	// goroutines at once. Nil limits no circle.
	Limits func(module, circle string) job.Limits

	// Results are asked before an attempt that is not a job's first is run in a
	// module. Nil: each attempt is run.
	Results Results

	// Grace is how long running jobs may go on when the worker stops; those
	// that still run are then handed back, and no failure is counted. Zero
	// means DefaultGrace, below zero none.
	Grace time.Duration

	// Observer is told of each call and job, for metrics. Nil tells nobody.
	Observer Observer

	// History keeps the jobs that the queue's Options.History names; nil where
	// it names none.
	History History

	// Log gets what happens: a line for each change of state and for each job
	// that failed; of those that end well only at the level debug. Nil discards
	// it.
	Log *slog.Logger
}

// Worker serves one queue until it is stopped. It can be run once.
type Worker struct {
	opts   Options
	types  []string // asked for; empty means all
	log    *slog.Logger
	active active
	slots  *slots
	redis  outage

	done  chan queue.Done // jobs that have ended; without a result for those of others
	asked chan struct{}   // closed when the worker is asked to take no more jobs
	renew chan struct{}   // has a value when leases are to be renewed at once

	scheduled chan struct{} // has a value when schedules are to be looked at at once
	present   chan struct{} // has a value when what the worker says of itself has changed

	askOnce sync.Once
	lost    atomic.Int64 // leases
	moved   movements
	refused atomic.Pointer[error] // why the worker must not go on

	// announced are the modules that the log has, served the types of the
	// registry, and missing the types that the log says are not served. They are
	// the dispatcher's alone.
	announced map[*sandbox.Module]bool
	served    []string
	missing   map[string]bool

	announceEvery time.Duration
}

// New checks the options and returns a Worker that does nothing yet.
func New(opts Options) (*Worker, error) {
	if opts.Slots < 1 {
		return nil, fmt.Errorf("a worker needs at least 1 slot, not %d", opts.Slots)
	}
	if opts.Grace == 0 {
		opts.Grace = DefaultGrace
	}
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	claimed := slices.Collect(maps.Keys(opts.Handlers))
	for _, t := range claimed {
		if _, err := job.ParseType(t); err != nil {
			return nil, fmt.Errorf("a handler: %w", err)
		}
	}
	if opts.Registry != nil {
		claimed = append(claimed, opts.Registry.Claimed()...)
	}
	slices.Sort(claimed)
	watches := opts.Registry != nil && opts.Registry.Watches()
	types, err := askedTypes(opts.Types, claimed, watches)
	if err != nil {
		return nil, err
	}
	return &Worker{
		opts:   opts,
		types:  types,
		log:    opts.Log,
		active: newActive(),
		slots:  newSlots(opts.Slots),
		redis:  outage{log: opts.Log},
		done:   make(chan queue.Done, opts.Slots),
		asked:  make(chan struct{}),
		renew:  make(chan struct{}, 1),

		scheduled: make(chan struct{}, 1),
		present:   make(chan struct{}, 1),

		missing: map[string]bool{},

		announceEvery: announceEvery,
	}, nil
}

// Types returns the script types that the worker serves now, sorted. It is
// safe for concurrent use.
func (w *Worker) Types() []string { return w.among(w.ready()) }

// ready returns the types that can be served now, sorted.
func (w *Worker) ready() []string {
	types := slices.Collect(maps.Keys(w.opts.Handlers))
	if w.opts.Registry != nil {
		types = append(types, w.opts.Registry.Types()...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Stop asks the worker to take no more jobs; Run returns when those that run
// have ended or the grace time is over. It may be called by anyone, more than
// once.
func (w *Worker) Stop() {
	w.askOnce.Do(func() {
		close(w.asked)
		nudge(w.present)
	})
}

// Run serves until ctx ends, lets running jobs finish for the grace time,
// hands back those that did not, and returns. The error is nil after an
// orderly stop, and tells when no module can ever be served; it is
// queue.ErrProtocol when another version of henge has taken over the Redis.
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
	actors.Go(func() { w.fireSchedules(serving) })
	actors.Go(func() { w.announcePresence(serving) })
	actors.Go(func() { w.obey(serving) })
	actors.Go(func() { w.noteLive(serving) })
	actors.Go(func() { w.takeOrders(serving) })
	if w.opts.History != nil {
		actors.Go(func() { w.keepHistory(serving) })
		actors.Go(func() { w.pruneHistory(serving) })
	}

	taking, stopTaking := context.WithCancel(ctx)
	defer stopTaking()
	go func() {
		select {
		case <-w.asked:
			stopTaking()
		case <-taking.Done():
		}
	}()
	err := w.dispatch(taking)
	stopServing()
	actors.Wait()
	if why := w.refused.Load(); why != nil && err == nil {
		err = *why
	}
	return err
}
