package worker

import (
	"context"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// confirm returns what tells an attempt whether its lease stands. It says so at
// once for most of the lease after a claim or a renewal; when a renewal is
// overdue, because Redis is away or this process was stopped, it waits for the
// next one. An attempt that only computes is not held up.
func (w *Worker) confirm(c *queue.Claim) func(context.Context) error {
	sure := w.opts.Queue.Lease() * 3 / 4 // a write may take the rest
	return func(ctx context.Context) error {
		for {
			since, renewed := w.active.since(c)
			switch {
			case since.IsZero():
				return job.ErrLeaseLost
			case time.Since(since) < sure:
				return nil
			}
			select {
			case <-renewed:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}
