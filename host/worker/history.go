package worker

import (
	"context"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// History keeps jobs that ended, on disk. Its methods may be called at once.
type History interface {
	// Keep returns nil when the jobs are on disk. A job may come twice.
	Keep(ctx context.Context, jobs []queue.Ended) error

	// LastIDs returns, for each circle and topic of the dialect HeroJobs, the
	// name of its job with the highest id.
	LastIDs(ctx context.Context) ([]queue.Ref, error)

	// Prune lets go of what is too old or too much.
	Prune(ctx context.Context) error
}

const (
	// historyPoll is how often an idle worker asks for jobs that ended. Nobody
	// waits for them.
	historyPoll = time.Second

	// historyLeave bounds the last look of a worker that stops.
	historyLeave = 10 * time.Second

	// historyRest is how long to wait after an error.
	historyRest = 5 * time.Second

	pruneEvery = time.Hour
)

// keepHistory puts jobs that ended into the history until ctx ends, and then
// once more, so that what this worker ended is not left to others.
func (w *Worker) keepHistory(ctx context.Context) {
	k := historian{Worker: w}
	for ctx.Err() == nil {
		switch more, err := k.take(ctx); {
		case err != nil:
			pause(ctx, jitter(historyRest))
		case !more:
			pause(ctx, jitter(historyPoll))
		}
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), historyLeave)
	defer cancel()
	for more, err := true, error(nil); more && err == nil; {
		more, err = k.take(leaving)
	}
}

// historian is one goroutine's.
type historian struct {
	*Worker
	raised bool // this Redis knows which ids were used
	failed bool // the log says so
}

// take keeps what there is, and says whether there may be more.
func (k *historian) take(ctx context.Context) (more bool, err error) {
	if !k.raised {
		if err := k.raise(ctx); err != nil {
			return false, k.report(ctx, err)
		}
		k.raised = true
	}
	var onDisk error
	began := time.Now()
	taken, err := k.opts.Queue.TakeHistory(ctx, func(ctx context.Context, jobs []queue.Ended) error {
		onDisk = k.opts.History.Keep(ctx, jobs)
		return onDisk
	})
	if err != nil && onDisk == nil { // Redis is away, which has its own line in the log
		if ctx.Err() == nil {
			k.redis.report(began, err)
		}
		return false, err
	}
	if taken.New {
		k.raised = false // also where it is empty because it was flushed
	}
	if taken.Gone > 0 {
		k.log.Warn("ended jobs not kept in the history: they were gone, or dispatched again, before they could be read", "jobs", taken.Gone)
	}
	return taken.More || taken.New, k.report(ctx, err)
}

func (k *historian) raise(ctx context.Context) error {
	last, err := k.opts.History.LastIDs(ctx)
	if err != nil {
		return err
	}
	return k.opts.Queue.RaiseIDs(ctx, last)
}

// report says once that the history cannot be written, and once that it can.
func (k *historian) report(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
	case err != nil && !k.failed:
		k.failed = true
		k.log.Error("history not written; trying on, nothing is lost", "err", err)
	case err == nil && k.failed:
		k.failed = false
		k.log.Info("history is written again")
	}
	return err
}

// pruneHistory keeps the history within its bounds, once an hour.
func (w *Worker) pruneHistory(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.opts.History.Prune(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("history not pruned; it is tried again in an hour", "err", err)
		}
		pause(ctx, pruneEvery)
	}
}
