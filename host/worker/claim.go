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
	if err := waker.Watch(w.wanted); err != nil {
		return err
	}
	for turn := 0; ; turn++ {
		free, err := w.slots.take(ctx)
		if err != nil {
			return nil
		}
		wanted := w.wanted
		wanted.Types = rotated(wanted.Types, turn)
		// A claim that was sent is waited for: what it leased and nobody
		// heard of would be counted as a crash.
		claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
		claims, err := w.opts.Queue.Claim(claiming, wanted, free)
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
			_ = waker.Wait(ctx, claims.Next) // its error is that of ctx
		}
	}
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
