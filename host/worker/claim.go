package worker

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// claimTimeout bounds one claim. Redis may be paused for a while.
const claimTimeout = 10 * time.Second

// claimJobs hands jobs to free slots until ctx ends. It claims no more than
// there are free slots: a job claimed early would wait behind a long one.
func (w *Worker) claimJobs(ctx context.Context) error {
	waker := w.opts.Queue.NewWaker()
	defer waker.Close()
	// Before any module is ready, so that a bad name is known at once.
	if err := waker.Watch(w.wanted(nil)); err != nil {
		return err
	}
	var serving serving
	for turn := 0; ; turn++ {
		if serving.isStale() {
			var err error
			if serving, err = w.nextServing(ctx); err != nil {
				return unlessStopped(ctx, err)
			}
			if err := waker.Watch(w.wanted(serving.types)); err != nil {
				return err
			}
		}
		free, err := w.slots.take(ctx)
		if err != nil {
			return nil
		}
		// A claim that was sent is waited for: what it leased and nobody
		// heard of would be counted as a crash.
		claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
		claims, err := w.opts.Queue.Claim(claiming, w.wanted(rotated(serving.types, turn)), free)
		cancel()
		w.redis.report(err)
		w.slots.give(free - len(claims.Jobs))
		for _, c := range claims.Jobs {
			w.start(ctx, c)
		}
		for _, notice := range claims.Notices {
			w.log.Warn(notice.Text, "list", notice.Queue, "job", notice.ID)
		}
		switch {
		case err != nil:
			pause(ctx, w.redis.delay())
		case len(claims.Jobs) == 0:
			waitFor(ctx, waker, claims.Next, serving.changed)
		}
	}
}

// unlessStopped returns err, and nil when ctx has ended: that is an orderly
// stop.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// waitFor waits until a claim may be worth it, or more can be served.
func waitFor(ctx context.Context, waker *queue.Waker, atMost time.Duration, changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = waker.Wait(ctx, atMost) // its error is that of ctx
}

// rotated returns types beginning with another one at each turn, so that none
// always waits behind the others.
func rotated(types []string, turn int) []string {
	at := turn % len(types)
	return append(slices.Clone(types[at:]), types[:at]...)
}

// start runs a claimed job in a goroutine of its own, which gives the slot
// back.
func (w *Worker) start(ctx context.Context, c *queue.Claim) {
	// A job goes on when the worker is asked to stop; see drain.
	jobCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	w.active.add(c, cancel)
	go func() {
		defer w.slots.give(1)
		defer cancel(nil)
		w.serve(jobCtx, c)
	}()
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// jitter spreads d over half to all of it, so that many workers do not act as
// one.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}
