package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// errStopping is the cause with which jobs are stopped when the worker's
// grace time is over. They are handed back, as if they had not been started.
var errStopping = errors.New("the worker is stopping")

// pingScript is answered without an engine, in any type, as upstream's own
// workers do.
const pingScript, pingAnswer = "ping", "pong"

// serve carries one claimed job to its end.
func (w *Worker) serve(ctx context.Context, c *queue.Claim) {
	defer w.active.remove(c)
	result := w.run(ctx, c)
	for _, note := range c.Notes {
		result.Log = append(result.Log, job.LogLine{Time: time.Now(), Level: job.Warn, Text: note})
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, job.ErrLeaseLost):
		w.log.Warn("job dropped: its lease was lost", "job", c.Job.ID, "circle", c.Job.Circle)
	case errors.Is(cause, errStopping) && result.End == job.Cancelled:
		w.handBack(ctx, c)
	default:
		w.finish(ctx, c, result)
	}
}

// run finds the module and runs the job in it.
func (w *Worker) run(ctx context.Context, c *queue.Claim) *job.Result {
	if c.Refusal != "" {
		return refused(c.Refusal)
	}
	if strings.TrimSpace(string(c.Job.Payload)) == pingScript {
		return &job.Result{End: job.Success, Output: []byte(pingAnswer)}
	}
	m, ok := w.opts.Registry.Lookup(c.Job.Type)
	if !ok {
		return refused(fmt.Sprintf("no loaded module serves the script type %.80q; this worker serves %s", c.Job.Type, strings.Join(w.Types(), ", ")))
	}
	return m.Run(ctx, w.limited(c.Job))
}

// limited returns the job under its circle's limits.
func (w *Worker) limited(j *job.Job) *job.Job {
	if w.opts.Limits == nil {
		return j
	}
	bounded := *j // a queue's job is not to be changed
	bounded.Limits = j.Limits.Within(w.opts.Limits(j.Circle))
	return &bounded
}

func refused(message string) *job.Result {
	return &job.Result{End: job.Refused, Error: message}
}

// finish writes the result. While Redis is away it is kept and tried again:
// when it is back, the fence decides. Only a stop ends that, after its grace
// time.
func (w *Worker) finish(ctx context.Context, c *queue.Claim, r *job.Result) {
	// What the job itself was stopped for must not stop its result.
	ctx = context.WithoutCancel(ctx)
	log := w.log.With("job", c.Job.ID, "circle", c.Job.Circle, "type", c.Job.Type, "end", r.End.String(), "wall", r.Cost.Wall, "fuel", r.Cost.Fuel)
	for {
		err := w.opts.Queue.Finish(ctx, c, r)
		w.redis.report(err)
		switch {
		case err == nil:
			if r.End == job.Success {
				log.Debug("job ended")
			} else {
				log.Info("job ended", "error", r.Error)
			}
			return
		case errors.Is(err, queue.ErrLost):
			log.Warn("result refused: the job is no longer this worker's")
			return
		case w.isLeaving():
			log.Error("result not written: the worker stops while Redis is away; the job will run again", "err", err)
			return
		}
		pause(ctx, w.redis.delay())
	}
}

// handBack returns a job that the worker's stop interrupted.
func (w *Worker) handBack(ctx context.Context, c *queue.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.opts.Queue.Lease())
	defer cancel()
	if err := w.opts.Queue.Release(ctx, []*queue.Claim{c}); err != nil {
		w.log.Warn("job not handed back; it will run again when its lease ends", "job", c.Job.ID, "err", err)
		return
	}
	w.log.Info("job handed back", "job", c.Job.ID, "circle", c.Job.Circle)
}
