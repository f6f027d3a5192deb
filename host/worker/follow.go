package worker

import (
	"context"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// noteEvery is how often what running jobs say is written: soon enough for
// whoever follows one, and seldom enough that short jobs never get to it.
const noteEvery = 200 * time.Millisecond

// noteLive writes what running jobs say until ctx ends. What it does not get
// to, or Redis does not take, comes with their results.
func (w *Worker) noteLive(ctx context.Context) {
	for wait := noteEvery; ; {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		wait = noteEvery
		noted, err := w.note(ctx, w.active.list())
		if err != nil {
			wait = max(noteEvery, w.redis.delay())
		}
		if noted.More && err == nil {
			wait = 0
		}
		for _, c := range noted.Lost {
			w.log.Warn("log and progress refused: the job is no longer this worker's", "job", c.Job.ID)
			w.active.stop(c, job.ErrLeaseLost)
		}
	}
}

// note writes what jobs have said so far.
func (w *Worker) note(ctx context.Context, claims []*queue.Claim) (queue.Noted, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	began := time.Now()
	noted, err := w.opts.Queue.NoteAll(ctx, claims)
	if err != nil && ctx.Err() != context.Canceled { // without news there was no call, and so no answer
		w.redis.report(began, err)
	}
	return noted, err
}
