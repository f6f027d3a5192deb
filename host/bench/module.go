package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Module is what one module costs, before its first job and for each.
type Module struct {
	// Size is that of its file, and SnapshotSize of the memory with which each
	// job starts, in bytes.
	Size, SnapshotSize int64

	// Cold is how long it takes to load where nothing is kept, and Cached where
	// its code is: the medians of up to three loads each, in turns.
	Cold, Cached time.Duration

	// EmptyFuel is the fuel of a job without a payload, and Fuel that of the
	// payload that was measured.
	EmptyFuel, Fuel int64

	// New and Reset are how long the job takes, of every hundred the fiftieth:
	// in an instance that is made and initialised for it, and in one that is put
	// back after the job before. Reset is 0 for a module that is not.
	New, Reset time.Duration

	// NotReset says why instances are not put back; empty where they are.
	NotReset string
}

// RunModule measures one module with one payload, for opts.Time in opts.Rounds
// each way; its caches are its own, and gone in the end. There are no
// capabilities but those that every runtime has, so the payload has to need no
// others. An error is that of a job that failed, of a module that cannot be
// loaded, or of ctx.
func RunModule(ctx context.Context, opts Options, engine Engine, payload []byte) (m *Module, err error) {
	opts.Goroutines = []int{1}
	if opts, err = opts.complete(); err != nil {
		return nil, err
	}
	m = &Module{Size: int64(len(engine.Binary))}
	var cold, cached []time.Duration
	for range min(opts.Rounds, maxLoads) {
		first, again, err := twoLoads(ctx, engine)
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		cold, cached = append(cold, first), append(cached, again)
	}
	same := func(d time.Duration) time.Duration { return d }
	m.Cold, m.Cached = median(cold, same), median(cached, same)
	return m, opts.jobs(ctx, engine, payload, m)
}

// twoLoads loads a module where nothing is kept, and then where its code is.
func twoLoads(ctx context.Context, engine Engine) (cold, cached time.Duration, err error) {
	dir, err := os.MkdirTemp("", "henge-bench")
	if err != nil {
		return 0, 0, fmt.Errorf("make a folder for compiled code: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	opts := sandbox.Options{CacheDir: dir}
	if cold, err = loadTime(ctx, engine, opts); err != nil {
		return 0, 0, err
	}
	cached, err = loadTime(ctx, engine, opts)
	return cold, cached, err
}

// jobs fills in what jobs cost.
func (o Options) jobs(ctx context.Context, engine Engine, payload []byte, m *Module) (err error) {
	var ways []*sandboxed
	defer func() {
		for _, c := range ways {
			err = errors.Join(err, c.close(context.WithoutCancel(ctx)))
		}
	}()
	samples := newSamples(1)
	for _, way := range []Way{Reset, New} {
		c, err := o.sandboxed(ctx, engine, way, samples)
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		ways = append(ways, c)
	}
	reset := ways[0]
	info, err := reset.runtime.Inspect(ctx, engine.Binary, engine.Manifest, job.Limits{})
	if err != nil {
		return err
	}
	m.EmptyFuel, m.SnapshotSize, m.NotReset = info.EmptyFuel, info.SnapshotSize, info.NotReset
	s := Script{Source: string(payload)}
	once := reset.module.Run(ctx, newJob(reset.module, s))
	if err := succeeded(once); err != nil {
		return err
	}
	m.Fuel = once.Cost.Fuel
	measured := &cells{}
	for range o.Rounds {
		for _, c := range ways {
			round, err := c.measure(ctx, s, o.turn(), 1)
			if err != nil {
				return fmt.Errorf("%s: %w", c.way(), err)
			}
			measured.add(c.way(), 1, round)
		}
	}
	for _, row := range measured.rows("", "") {
		switch {
		case row.Way == New:
			m.New = row.P50
		case m.NotReset == "":
			m.Reset = row.P50
		}
	}
	return nil
}
