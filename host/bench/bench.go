// Package bench measures what the sandbox costs, beside other ways of running
// the same scripts, all in one run. It knows no queue and no command line, and
// prints nothing.
//
// What is compared is measured in turns, a short while each, round after
// round: what else the machine does then falls on all of it alike, and ratios
// hold where the figures themselves do not.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/henge-run/henge/abi"
)

// Options say what to measure, and how long. Time, Rounds and Goroutines have
// defaults.
type Options struct {
	// Engines are measured one after the other.
	Engines []Engine

	// Time is how long each row is measured, in all rounds together. 0 means
	// DefaultTime.
	Time time.Duration

	// Rounds is how often everything has its turn. 0 means DefaultRounds. Many
	// short turns are better than few long ones: those that another program
	// disturbed are then the fewer, and medians leave them out.
	Rounds int

	// Goroutines are the numbers of goroutines that run jobs at once; ratios of
	// latencies are those of the first. Empty means DefaultGoroutines.
	Goroutines []int

	// CacheDir keeps compiled code, as in sandbox.Options. Where it is empty,
	// every way compiles every engine.
	CacheDir string

	// Log is told what is being measured. Nil discards it.
	Log *slog.Logger
}

// The defaults of Options.
const (
	DefaultTime   = 500 * time.Millisecond
	DefaultRounds = 20
)

// DefaultGoroutines returns the default numbers of goroutines.
func DefaultGoroutines() []int { return []int{1, 2} }

// MaxGoroutines is the most that can be measured. It is far beyond what any
// machine has use for; each takes some megabytes for its samples.
const MaxGoroutines = 1024

// Engine is a module with scripts for it.
type Engine struct {
	Binary   []byte
	Manifest *abi.Manifest
	Scripts  []Script

	// Native is the path of a program that is the same engine outside of
	// WebAssembly; empty for none. It is measured where it is given. See
	// native.go for how it is called.
	Native string
}

// name is what the engine is called.
func (e Engine) name() string { return e.Manifest.Name }

// Report is all that was measured.
type Report struct {
	Rows       []Row
	Ratios     []Ratio
	Operations []Operation
	Loads      []Load
	Memory     []Memory
}

// Row is how one script ran in one way.
type Row struct {
	Engine, Script string
	Way            Way
	Goroutines     int

	// P50 and P99 are how long a job took, of every hundred the fiftieth and
	// the ninety-ninth; JobsPerSecond is of all goroutines together. Each is
	// the median of the rounds.
	P50, P99      time.Duration
	JobsPerSecond float64

	// HeapBytes and Allocs are what a job took of the Go heap, whether or not
	// it was freed since. They are 0 for Native, which has none.
	HeapBytes, Allocs float64
}

// Run measures everything. An error is that of a script that failed, of an
// engine that cannot be loaded, or of ctx.
func Run(ctx context.Context, opts Options) (*Report, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	report := &Report{}
	for _, engine := range opts.Engines {
		if err := opts.engine(ctx, engine, report); err != nil {
			return nil, fmt.Errorf("measure %s: %w", engine.name(), err)
		}
	}
	opts.Log.Info("measuring", "operation", "loop and host calls")
	if report.Operations, err = opts.operations(ctx); err != nil {
		return nil, fmt.Errorf("measure single operations: %w", err)
	}
	return report, nil
}

// complete fills in the defaults, and refuses what cannot be measured.
func (o Options) complete() (Options, error) {
	if o.Time == 0 {
		o.Time = DefaultTime
	}
	if o.Rounds == 0 {
		o.Rounds = DefaultRounds
	}
	if len(o.Goroutines) == 0 {
		o.Goroutines = DefaultGoroutines()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Time < 0 || o.Rounds < 0 {
		return o, errors.New("the time and the number of rounds must be above zero")
	}
	for _, n := range o.Goroutines {
		if n < 1 || n > MaxGoroutines {
			return o, fmt.Errorf("%d goroutines cannot be measured: give 1 to %d", n, MaxGoroutines)
		}
	}
	return o, nil
}

// turn is how long each row is measured in one round.
func (o Options) turn() time.Duration { return max(1, o.Time/time.Duration(o.Rounds)) }

// engine measures one engine.
func (o Options) engine(ctx context.Context, engine Engine, report *Report) (err error) {
	o.Log.Info("measuring", "engine", engine.name(), "operation", "load")
	load, err := o.load(ctx, engine)
	if err != nil {
		return err
	}
	report.Loads = append(report.Loads, load)

	ways, err := o.contenders(ctx, engine)
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range ways {
			err = errors.Join(err, c.close(context.WithoutCancel(ctx)))
		}
	}()
	var ratios []Ratio
	for _, s := range engine.Scripts {
		o.Log.Info("measuring", "engine", engine.name(), "script", s.Name)
		measured, err := o.script(ctx, ways, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		report.Rows = append(report.Rows, measured.rows(engine.name(), s.Name)...)
		ratios = append(ratios, measured.ratio(engine.name(), s, o.Goroutines))
	}
	report.Ratios = append(report.Ratios, append(ratios, meanRatio(engine.name(), ratios)...)...)
	memory, err := weigh(ctx, engine, ways)
	report.Memory = append(report.Memory, memory...)
	return err
}

// script measures one script in all ways, in turns.
func (o Options) script(ctx context.Context, ways []contender, s Script) (*cells, error) {
	for _, c := range ways {
		if err := c.check(ctx, s); err != nil {
			return nil, fmt.Errorf("%s: %w", c.way(), err)
		}
	}
	measured := &cells{}
	for range o.Rounds {
		for _, goroutines := range o.Goroutines {
			for _, c := range ways {
				m, err := c.measure(ctx, s, o.turn(), goroutines)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.way(), err)
				}
				measured.add(c.way(), goroutines, m)
			}
		}
	}
	return measured, nil
}
