// Package traffic measures henge as a whole: jobs that do nothing go from a
// producer through Redis to a worker and back. It knows no command line,
// prints nothing, and leaves what a job does to whoever calls it.
//
// What is compared is measured in turns of one run, since what else the
// machine does then falls on all of it alike.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/bench"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// Work is what each job does.
type Work string

// The kinds of work.
const (
	// Native is a Go function of the worker that returns at once.
	Native Work = "native"

	// Sandboxed is the script 40 + 2 in a fresh instance of an engine.
	Sandboxed Work = "sandboxed"
)

// The bounds of what can be measured.
const (
	MaxSlots   = 10_000
	MaxCircles = 100_000
	MaxJobs    = 1_000_000
)

// script is the payload of each job.
const script = "40 + 2"

// Options say where, and how much. Every field is required unless it says
// otherwise.
type Options struct {
	// Redis is where the jobs go. All keys that the bench writes have a name
	// of its own in them, and are deleted in the end.
	Redis redis.UniversalClient

	// Works are the handlers by kind of work.
	Works map[Work]worker.Handler

	// Dialect is the wire format of the jobs, queue.Hero or queue.Henge.
	Dialect string

	// Jobs is how many jobs a full list has, or the large circle.
	Jobs int

	// Samples is how many jobs are pushed one by one to an idle worker.
	Samples int

	// Rounds is how often everything has its turn.
	Rounds int

	// Limit bounds the time in which one list is drained; what is left then is
	// not counted.
	Limit time.Duration

	// Progress is told how far a bench is. It may be nil.
	Progress *Progress

	// Log gets what goes wrong in a worker. Nil discards it.
	Log *slog.Logger
}

// Setting is one way of running the load.
type Setting struct {
	Work    Work
	Slots   int
	Circles int
}

// Row is what was measured of one setting.
type Row struct {
	Bench, System, Dialect string
	Setting

	// JobsPerSecond is the median of the rounds.
	JobsPerSecond float64

	// Waits are how long jobs waited from their push to their start, in
	// ascending order, of all rounds.
	Waits []time.Duration
}

// Percentile returns the wait of which a part of q, from 0 to 1, is no longer;
// 0 when nothing was measured.
func (r Row) Percentile(q float64) time.Duration {
	if len(r.Waits) == 0 {
		return 0
	}
	return bench.Percentile(r.Waits, q)
}

// run is one bench that runs: the options, and a name that all its keys have.
type run struct {
	Options
	name string
}

func (o Options) start() (*run, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = &Progress{}
	}
	switch {
	case o.Dialect != queue.Hero && o.Dialect != queue.Henge:
		return nil, fmt.Errorf("bench in the dialect %q: only %s and %s are measured", o.Dialect, queue.Hero, queue.Henge)
	case o.Jobs < 1 || o.Jobs > MaxJobs || o.Samples < 1 || o.Samples > MaxJobs:
		return nil, fmt.Errorf("bench with %d jobs and %d samples: 1 to %d are measured", o.Jobs, o.Samples, MaxJobs)
	case o.Rounds < 1 || o.Limit <= 0:
		return nil, errors.New("a bench needs at least one round, and time for it")
	}
	return &run{o, "bench-" + uuid.NewString()[:8]}, nil
}

func (r *run) circles(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", r.name, i)
	}
	return names
}

// row puts the rounds of a setting together.
func row(benchName, system, dialect string, s Setting, rounds []measured) Row {
	row := Row{Bench: benchName, System: system, Dialect: dialect, Setting: s}
	var perSecond []float64
	for _, m := range rounds {
		row.Waits = append(row.Waits, m.waits...)
		perSecond = append(perSecond, m.perSecond)
	}
	slices.Sort(row.Waits)
	slices.Sort(perSecond)
	if len(perSecond) > 0 {
		row.JobsPerSecond = bench.Percentile(perSecond, 0.5)
	}
	return row
}

// handler returns the handler of a kind of work.
func (o Options) handler(w Work) (worker.Handler, error) {
	h, ok := o.Works[w]
	if !ok {
		return nil, fmt.Errorf("there is nothing that does %s work", w)
	}
	return h, nil
}

// NativeHandler is Native work.
func NativeHandler(context.Context, *job.Job) *job.Result {
	return &job.Result{End: job.Success, Output: []byte("42")}
}
