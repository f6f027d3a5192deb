package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// run drains a full list and then pushes jobs one by one to workers that have
// nothing to do. It counts as henge's own bench does: from the first start to
// the last, and from a push to the start.
func (t turn) run(ctx context.Context, s system) (answer, error) {
	if t.Jobs < 1 || t.Slots < 1 || t.LimitMS < 1 {
		return answer{}, errors.New("a turn needs jobs, slots and a limit")
	}
	if err := s.fill(ctx, t.Jobs); err != nil {
		return answer{}, err
	}
	var count atomic.Int64
	var pushing atomic.Bool
	started := make(chan time.Time, 1)
	stop, err := s.start(ctx, t.Slots, func() {
		count.Add(1)
		if pushing.Load() {
			started <- time.Now()
		}
	})
	if err != nil {
		return answer{}, err
	}
	defer stop()
	limit := time.Duration(t.LimitMS) * time.Millisecond
	perSecond, err := drain(ctx, &count, t.Jobs, limit)
	if err != nil {
		return answer{}, err
	}
	a := answer{PerSecond: perSecond}
	if int(count.Load()) < t.Jobs {
		return a, nil
	}
	pushing.Store(true)
	for range t.Samples {
		pause(ctx, rand.N(10*time.Millisecond))
		at := time.Now()
		if err := s.push(ctx); err != nil {
			return a, err
		}
		select {
		case start := <-started:
			a.Waits = append(a.Waits, start.Sub(at))
		case <-time.After(limit):
			return a, errors.New("a job did not start in time")
		case <-ctx.Done():
			return a, ctx.Err()
		}
		say(answer{Done: t.Jobs + len(a.Waits)})
	}
	return a, nil
}

// drain waits until n jobs have started or the limit is over, and returns how
// many did in a second.
func drain(ctx context.Context, count *atomic.Int64, n int, limit time.Duration) (float64, error) {
	end := time.After(limit)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var first time.Time
	for last, said := time.Now(), time.Now(); ; {
		done, now := count.Load(), time.Now()
		if first.IsZero() && done > 0 {
			first = last
		}
		if done >= int64(n) {
			return float64(done) / now.Sub(first).Seconds(), nil
		}
		if now.Sub(said) > 200*time.Millisecond {
			say(answer{Done: int(done)})
			said = now
		}
		last = now
		select {
		case <-tick.C:
		case <-end:
			if done == 0 {
				return 0, errors.New("no job started in time")
			}
			return float64(done) / now.Sub(first).Seconds(), nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
