package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// measured is what one turn gave.
type measured struct {
	perSecond float64
	waits     []time.Duration
}

// pauseBetween is at most how long an idle worker is left alone between two
// pushes.
const pauseBetween = 10 * time.Millisecond

// server is a worker that runs, and sees its jobs start.
type server struct {
	*run
	started func(*job.Job) // what is told of each start; nil for nobody
	mu      sync.RWMutex   // of started
	count   atomic.Int64

	stop    context.CancelFunc
	stopped chan error
}

// serve starts a worker for circles, which takes jobs until close.
func (r *run) serve(ctx context.Context, s Setting, circles []string) (*server, error) {
	handle, err := r.handler(s.Work)
	if err != nil {
		return nil, err
	}
	q, err := queue.New(r.Redis, queue.Options{Worker: r.name, Circles: circles, Dialects: []string{r.Dialect}, Log: r.Log})
	if err != nil {
		return nil, err
	}
	srv := &server{run: r, stopped: make(chan error, 1)}
	w, err := worker.New(worker.Options{
		Queue: q, Slots: s.Slots, Grace: time.Second, Log: r.Log,
		Handlers: map[string]worker.Handler{r.name: func(ctx context.Context, j *job.Job) *job.Result {
			srv.see(j)
			return handle(ctx, j)
		}},
	})
	if err != nil {
		return nil, err
	}
	ctx, srv.stop = context.WithCancel(ctx)
	go func() { srv.stopped <- w.Run(ctx) }()
	return srv, nil
}

// see counts a job that starts.
func (s *server) see(j *job.Job) {
	s.count.Add(1)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.started != nil {
		s.started(j)
	}
}

// watch has f told of each job that starts from now on.
func (s *server) watch(f func(*job.Job)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = f
}

// close stops the worker and waits for it.
func (s *server) close() error {
	s.stop()
	return <-s.stopped
}

// drain waits until n jobs have started, or the limit is over, and returns how
// many did in a second: from the first one's start to the last one's.
func (s *server) drain(ctx context.Context, n int) (perSecond float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var first time.Time
	for last := time.Now(); ; {
		count := s.count.Load()
		now := time.Now()
		s.Progress.set(int(count))
		if first.IsZero() && count > 0 {
			first = last
		}
		if count >= int64(n) {
			return float64(count) / now.Sub(first).Seconds(), nil
		}
		last = now
		select {
		case <-tick.C:
		case err := <-s.stopped:
			s.stopped <- err
			return 0, fmt.Errorf("the worker ended: %w", err)
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) && count > 0 {
				return float64(count) / now.Sub(first).Seconds(), nil
			}
			return 0, context.Cause(ctx)
		}
	}
}

// push pushes jobs one by one, each to a worker that has nothing to do, and
// returns how long each waited until it started.
func (s *server) push(ctx context.Context, jobs []pushed) (measured, error) {
	started := make(chan time.Time, len(jobs))
	s.watch(func(*job.Job) { started <- time.Now() })
	defer s.watch(nil)
	m := measured{}
	began := time.Now()
	for _, j := range jobs {
		if err := s.write(ctx, s.Redis, j).Err(); err != nil {
			return m, fmt.Errorf("push a job: %w", err)
		}
		if err := pause(ctx, rand.N(pauseBetween)); err != nil {
			return m, err
		}
		at := time.Now()
		if err := s.Redis.LPush(ctx, j.list(s.Dialect, s.name), j.id).Err(); err != nil {
			return m, fmt.Errorf("push a job: %w", err)
		}
		select {
		case start := <-started:
			m.waits = append(m.waits, start.Sub(at))
		case <-time.After(s.Limit):
			return m, fmt.Errorf("a job did not start within %s of its push", s.Limit)
		case err := <-s.stopped:
			s.stopped <- err
			return m, fmt.Errorf("the worker ended: %w", err)
		case <-ctx.Done():
			return m, context.Cause(ctx)
		}
		s.Progress.add(1)
	}
	m.perSecond = float64(len(jobs)) / time.Since(began).Seconds()
	return m, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
