// Package chaos makes the faults that a queue meets, while jobs flow through
// workers in processes of their own, and counts what became of the jobs: each
// is to end, and once. It measures and judges; it imports the queue and the
// worker, and is imported by the command alone.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Claim is the way in which the workers of a run take and end jobs.
type Claim string

// The ways. All but Safe are there to show that the faults find what is wrong
// with them.
const (
	// Safe is henge's own, the zero value.
	Safe Claim = ""
	// Pop pops an id and hopes: what a worker holds when it dies is lost.
	Pop Claim = "pop"
	// Unfenced has a lease by the worker's own clock, and no check when a
	// result comes back.
	Unfenced Claim = "unfenced"
)

// Options say what Run does. The zero value of each field but Child stands for
// its default.
type Options struct {
	// Faults are the names of those to make, in this order; default all.
	Faults []string

	// Kills is how many workers are killed; default 1000.
	Kills int

	// Jobs is how many jobs each fault meets at least; default 2000. The large
	// circle of the fault "crowd" has 50 times as many.
	Jobs int

	// Lease is that of the workers; default the queue's own. How long a fault
	// lasts goes by it.
	Lease time.Duration

	// Patience is how long jobs may take to end after the last fault; default
	// three leases and a minute.
	Patience time.Duration

	// Claim is how workers take jobs; default Safe.
	Claim Claim

	// Child returns a command that calls Child in a process of its own. Its
	// environment may be added to, and its streams are Run's.
	Child func() *exec.Cmd

	// Log gets a line every two seconds, and what went wrong. Nil discards it.
	Log *slog.Logger
}

// Report is what one fault did.
type Report struct {
	Fault string

	// Submitted jobs have ended, or are lost; of those that ended some may
	// have done so twice.
	Submitted, Ended, Lost, Twice int

	// Recovery is the longest time that a job waited for the fault: from the
	// loss of its worker to its next start, or from the moment when all was
	// well again to the next start of any job; for faults of one job or circle
	// from when it could have started to when it did. Zero where no job
	// waited.
	Recovery time.Duration

	// Wrong says in words what else should not have been.
	Wrong []string
}

// OK says whether all was as it should be.
func (r Report) OK() bool { return r.Lost == 0 && r.Twice == 0 && len(r.Wrong) == 0 }

// Names returns the names of all faults.
func Names() []string {
	var names []string
	for _, f := range Faults() {
		names = append(names, f.Name)
	}
	return names
}

// Run makes one fault after the other, each with a Redis of its own, and calls
// each with what it did. An error says that a fault could not be made.
func Run(ctx context.Context, opts Options, each func(Report) error) error {
	opts = opts.withDefaults()
	faults, err := chosen(opts.Faults)
	if err != nil {
		return err
	}
	for _, f := range faults {
		report, err := try(ctx, f, opts)
		if err != nil {
			return fmt.Errorf("fault %s: %w", f.Name, err)
		}
		for _, wrong := range report.Wrong {
			opts.Log.Error(wrong, "fault", f.Name)
		}
		if err := each(report); err != nil {
			return err
		}
	}
	return nil
}

// ErrNoSuchFault is returned by Run for a name that is none.
var ErrNoSuchFault = errors.New("there is no such fault")

func chosen(names []string) ([]Fault, error) {
	all := Faults()
	if len(names) == 0 {
		return all, nil
	}
	var some []Fault
	for _, name := range names {
		i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %.40q; there are %s", ErrNoSuchFault, name, strings.Join(Names(), ", "))
		}
		some = append(some, all[i])
	}
	return some, nil
}

func (o Options) withDefaults() Options {
	orDefault(&o.Kills, 1000)
	orDefault(&o.Jobs, 2000)
	orDefault(&o.Lease, 15*time.Second)
	orDefault(&o.Patience, 3*o.Lease+time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
