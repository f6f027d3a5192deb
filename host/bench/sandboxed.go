package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// sandboxed runs scripts in the sandbox, in one of its ways.
type sandboxed struct {
	named   Way
	runtime *sandbox.Runtime
	module  *sandbox.Module

	// samples has a place for the samples of each goroutine. All ways share
	// it: a heap that is larger is collected less often.
	samples []latencies

	// memory is the most that a job had, in bytes.
	memory int64
}

func (o Options) sandboxed(ctx context.Context, engine Engine, way Way, samples []latencies) (*sandboxed, error) {
	baseline, ok := way.baseline()
	if !ok {
		return nil, fmt.Errorf("the sandbox does not know the way %q", way)
	}
	rt, err := sandbox.New(ctx, sandbox.Options{CacheDir: o.CacheDir, Baseline: baseline, Log: o.Log})
	if err != nil {
		return nil, err
	}
	m, err := rt.Load(ctx, engine.Binary, engine.Manifest, job.Limits{})
	if err != nil {
		return nil, errors.Join(err, rt.Close(ctx))
	}
	return &sandboxed{named: way, runtime: rt, module: m, samples: samples}, nil
}

func (c *sandboxed) way() Way { return c.named }

func (c *sandboxed) close(ctx context.Context) error {
	return errors.Join(c.module.Close(ctx), c.runtime.Close(ctx))
}

// check implements contender.
func (c *sandboxed) check(ctx context.Context, s Script) error {
	// Twice: what a way leaves in an instance must not change a result.
	for range 2 {
		r := c.module.Run(ctx, newJob(c.module, s))
		if err := succeeded(r); err != nil {
			return err
		}
		if !bytes.Equal(r.Output, []byte(s.Want)) {
			return fmt.Errorf("the result is %.80q and should be %.80q", r.Output, s.Want)
		}
		c.memory = max(c.memory, r.Cost.MemoryPeak)
	}
	return nil
}

// measure implements contender.
func (c *sandboxed) measure(ctx context.Context, s Script, d time.Duration, goroutines int) (measurement, error) {
	// What others left is collected now, and not at this way's expense.
	runtime.GC()
	var (
		before, after runtime.MemStats
		ready, done   sync.WaitGroup
		begin         = make(chan struct{})
		errs          = make([]error, goroutines)
		start         time.Time
	)
	ready.Add(goroutines)
	for i := range goroutines {
		done.Go(func() {
			j := newJob(c.module, s)
			// The first job fills caches, and is not counted.
			errs[i] = succeeded(c.module.Run(ctx, j))
			ready.Done()
			<-begin
			if errs[i] == nil {
				errs[i] = c.samples[i].take(start, d, func() error { return succeeded(c.module.Run(ctx, j)) })
			}
		})
	}
	ready.Wait()
	runtime.ReadMemStats(&before)
	start = time.Now()
	close(begin)
	done.Wait()
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	if err := errors.Join(errs...); err != nil {
		return measurement{}, err
	}
	m := summarise(c.samples[:goroutines], elapsed)
	jobs := m.perSecond * elapsed.Seconds()
	m.heap = float64(after.TotalAlloc-before.TotalAlloc) / jobs
	m.allocs = float64(after.Mallocs-before.Mallocs) / jobs
	return m, nil
}

// newJob returns a job as a queue would hand it out.
func newJob(m *sandbox.Module, s Script) *job.Job {
	return &job.Job{
		ID: "bench", Circle: "bench", Caller: "bench", Type: m.Manifest.Types[0], Dialect: "local",
		Payload: []byte(s.Source), Timeout: time.Minute, Attempt: 1,
	}
}

// succeeded returns how a job ended, as an error unless it succeeded.
func succeeded(r *job.Result) error {
	if r.End == job.Success {
		return nil
	}
	return fmt.Errorf("the job ended in %s: %s", r.End, r.Error)
}
