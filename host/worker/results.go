package worker

import (
	"context"
	"errors"
	"time"

	"github.com/henge-run/henge/host/job"
)

// Results knows what was kept together with the effects of jobs. It is safe for
// concurrent use.
type Results interface {
	// Recall returns the result of an earlier attempt at j whose effects are
	// kept, or nil: then no earlier attempt can keep any from now on. It
	// returns job.ErrLeaseLost when a later one has begun.
	Recall(ctx context.Context, j *job.Job) (*job.Result, error)
}

// recall returns the result of a job that has succeeded before and whose worker
// was lost before it could say so; nil where the job is to be run.
func (w *Worker) recall(ctx context.Context, j *job.Job) *job.Result {
	if w.opts.Results == nil || j.Attempt < 2 {
		return nil
	}
	timed, cancel := context.WithDeadline(ctx, j.Deadline(time.Now()))
	defer cancel()
	result, err := w.opts.Results.Recall(timed, j)
	switch {
	case err == nil:
		return result
	case errors.Is(err, job.ErrLeaseLost):
		return &job.Result{End: job.LeaseLost, Error: err.Error()}
	case ctx.Err() != nil:
		return &job.Result{End: job.Cancelled, Error: "the job was cancelled: " + context.Cause(ctx).Error()}
	}
	w.log.Error("an earlier attempt's result cannot be looked up", "job", j.ID, "circle", j.Circle, "err", err)
	return &job.Result{End: job.NotKept, Error: "whether an earlier attempt has succeeded could not be looked up in the circle's database"}
}
