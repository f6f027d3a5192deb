package worker

import (
	"context"
	"slices"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// renewLeases keeps the leases of running jobs alive, three times as often as
// they would end. A job whose lease was lost is stopped at once. While Redis is
// away it tries more often: what is left of a lease when Redis is back may be
// less than the time between two renewals.
func (w *Worker) renewLeases(ctx context.Context) {
	every := w.opts.Queue.Lease() / 3
	next := every
	for {
		w.moved.renewed()
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-w.renew: // a job was cancelled, perhaps one of these
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
		next = every
		claims := w.active.list()
		if len(claims) == 0 {
			continue
		}
		began := time.Now()
		renewal, err := w.opts.Queue.Renew(ctx, claims)
		if ctx.Err() != nil {
			return
		}
		w.redis.report(began, err)
		if err != nil {
			next = min(every/5, w.redis.delay())
		}
		for _, c := range renewal.Lost {
			w.active.stop(c, job.ErrLeaseLost)
		}
		if err == nil {
			w.active.renew(without(claims, renewal.Lost), began)
		}
		for _, c := range renewal.Cancelled {
			w.active.stop(c.Claim, cancelled{c.Why})
		}
	}
}

// without returns the claims that are not among others.
func without(claims, others []*queue.Claim) []*queue.Claim {
	return slices.DeleteFunc(claims, func(c *queue.Claim) bool { return slices.Contains(others, c) })
}

// reap takes back the jobs whose worker is gone, whoever it was: at the
// earliest end of a lease, as the queue says.
func (w *Worker) reap(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		report, err := w.opts.Queue.Reap(ctx)
		if ctx.Err() != nil {
			return
		}
		w.redis.report(began, err)
		next := report.Next
		if err != nil {
			next = w.redis.delay()
		}
		if report.Grace > 0 {
			w.log.Info("leases got another period: nobody had looked for lost workers for a while", "leases", report.Grace)
		}
		for _, notice := range report.Notices {
			w.log.Warn(notice.Text, "list", notice.Queue, "job", notice.ID)
		}
		for _, r := range report.Requeued {
			w.log.Warn("job taken back: its worker was lost", "job", r.ID, "list", r.Queue, "crashes", r.Crashes)
		}
		// A little later than the earliest expiry, and not all workers at once.
		pause(ctx, next+jitter(100*time.Millisecond))
	}
}
