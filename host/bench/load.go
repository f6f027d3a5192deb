package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/wasm"
)

// Load is what metering costs before the first job.
type Load struct {
	Engine string

	// Time is how long an engine takes to be read, compiled and initialised
	// without metering, MeteredTime with it: the medians of up to three loads
	// each, in turns, without a cache.
	Time, MeteredTime time.Duration

	// Size is the module's length without metering, MeteredSize with it, in
	// bytes of the WebAssembly that is compiled.
	Size, MeteredSize int
}

// maxLoads bounds how often an engine is loaded each way, since compiling it
// takes seconds.
const maxLoads = 3

// load measures how an engine is loaded.
func (o Options) load(ctx context.Context, engine Engine) (Load, error) {
	l := Load{Engine: engine.name()}
	var err error
	if l.Size, l.MeteredSize, err = sizes(engine.Binary); err != nil {
		return l, err
	}
	var plain, metered []time.Duration
	for range min(o.Rounds, maxLoads) {
		for _, turn := range []struct {
			baseline sandbox.Baseline
			times    *[]time.Duration
		}{{sandbox.Unmetered, &plain}, {sandbox.Henge, &metered}} {
			took, err := loadTime(ctx, engine, sandbox.Options{Baseline: turn.baseline})
			if err != nil {
				return l, fmt.Errorf("load: %w", err)
			}
			*turn.times = append(*turn.times, took)
		}
	}
	same := func(d time.Duration) time.Duration { return d }
	l.Time, l.MeteredTime = median(plain, same), median(metered, same)
	return l, nil
}

// loadTime loads an engine once, in a runtime that has not seen it before.
func loadTime(ctx context.Context, engine Engine, opts sandbox.Options) (time.Duration, error) {
	rt, err := sandbox.New(ctx, opts)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	m, err := rt.Load(ctx, engine.Binary, engine.Manifest, job.Limits{})
	took := time.Since(start)
	if err == nil {
		err = m.Close(ctx)
	}
	return took, errors.Join(err, rt.Close(ctx))
}

// sizes returns the length of a module as it is written again, without and
// with metering. The file's own length would not do: it may have sections that
// are not compiled.
func sizes(binary []byte) (plain, metered int, err error) {
	m, err := wasm.Decode(binary)
	if err != nil {
		return 0, 0, err
	}
	plain = len(m.Encode())
	m.Meter()
	return plain, len(m.Encode()), nil
}
