package traffic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/henge-run/henge/host/bench"
	"github.com/henge-run/henge/host/job"
)

// The small circles of Fairness, and how many jobs each pushes at once.
const (
	SmallCircles = 50
	SmallJobs    = 10
)

// Fairness returns how long the jobs of fifty small circles wait, first with
// the worker for themselves and then beside a circle with Options.Jobs waiting
// jobs, which is one circle more in the row. The small ones push their jobs
// all at once, Options.Rounds times.
func Fairness(ctx context.Context, opts Options, s Setting) ([]Row, error) {
	r, err := opts.start()
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, large := range []bool{false, true} {
		s.Circles = SmallCircles
		if large {
			s.Circles++
		}
		m, err := r.fairness(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("bench fairness: %w", err)
		}
		rows = append(rows, row("fairness", "henge", r.Dialect, s, []measured{m}))
	}
	return rows, nil
}

func (r *run) fairness(ctx context.Context, s Setting) (m measured, err error) {
	defer func() { err = errors.Join(err, bench.Clean(ctx, r.Redis, r.name)) }()
	circles := r.circles(s.Circles)
	small, large := circles[:SmallCircles], circles[SmallCircles:]
	if len(large) > 0 {
		r.Progress.begin("filling the large circle", r.Jobs)
		if err := r.fill(ctx, r.jobs("large", r.Jobs, large)); err != nil {
			return m, err
		}
	}
	srv, err := r.serve(ctx, s, circles)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, srv.close()) }()
	if len(large) > 0 {
		if err := r.settled(ctx, srv, pushed{circle: large[0]}.list(r.Dialect, r.name)); err != nil {
			return m, err
		}
	} else if _, err := srv.push(ctx, r.jobs("first", warmUp, small)); err != nil {
		return m, err
	}
	r.Progress.begin(fmt.Sprintf("small circles, %d circles in all", s.Circles), r.Rounds*SmallCircles*SmallJobs)
	began, before := time.Now(), srv.count.Load()
	for round := range r.Rounds {
		waits, err := srv.burst(ctx, r.jobs(fmt.Sprintf("small%d-", round), SmallCircles*SmallJobs, small))
		if err != nil {
			return m, err
		}
		m.waits = append(m.waits, waits...)
		if int(srv.count.Load()) > r.Jobs && len(large) > 0 {
			return m, fmt.Errorf("the large circle's %d jobs were done before the small ones' after %d rounds: give more with --jobs, or fewer rounds", r.Jobs, round+1)
		}
	}
	m.perSecond = float64(srv.count.Load()-before) / time.Since(began).Seconds()
	return m, nil
}

// settled waits until the jobs of a shared list were taken apart: what comes
// later is not behind them then. It has nothing to wait for where each circle
// has a list.
func (r *run) settled(ctx context.Context, srv *server, list string) error {
	for srv.count.Load() == 0 || r.shared() && r.Redis.LLen(ctx, list).Val() > 0 {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
		r.Progress.set(int(srv.count.Load()))
	}
	return nil
}

// burst pushes jobs all at once and returns how long each waited.
func (s *server) burst(ctx context.Context, jobs []pushed) ([]time.Duration, error) {
	var mu sync.Mutex
	at := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		at[j.id] = true
	}
	starts := make([]time.Time, 0, len(jobs))
	all := make(chan struct{})
	s.watch(func(j *job.Job) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		if at[j.ID] {
			delete(at, j.ID)
			starts = append(starts, now)
			s.Progress.add(1)
			if len(at) == 0 {
				close(all)
			}
		}
	})
	defer s.watch(nil)
	began := time.Now()
	if err := s.fill(ctx, jobs); err != nil {
		return nil, err
	}
	select {
	case <-all:
	case <-time.After(s.Limit):
		return nil, fmt.Errorf("the small circles' jobs did not all start within %s", s.Limit)
	case err := <-s.stopped:
		s.stopped <- err
		return nil, fmt.Errorf("the worker ended: %w", err)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	waits := make([]time.Duration, len(starts))
	for i, t := range starts {
		waits[i] = t.Sub(began)
	}
	return waits, nil
}
