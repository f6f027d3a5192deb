package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// errStopping is the cause with which jobs are stopped when the worker's
// grace time is over. They are handed back, as if they had not been started.
var errStopping = errors.New("the worker is stopping")

// cancelled is the cause with which a job is stopped that somebody cancelled.
type cancelled struct{ why string }

func (c cancelled) Error() string { return c.why }

// pingScript is answered without an engine, in any type, as upstream's own
// workers do.
const pingScript, pingAnswer = "ping", "pong"

// serve runs one job, claimed while types were served, and returns the result
// that is to be written, nil for none: the job is another worker's now.
func (w *Worker) serve(ctx context.Context, c *queue.Claim, types []string) *job.Result {
	result := w.run(ctx, c)
	cause := context.Cause(ctx)
	if result == nil && slices.Contains(types, c.Job.Type) {
		w.active.remove(c)
		w.handBack(ctx, c)
		return nil
	}
	if result == nil {
		result = refused(fmt.Sprintf("no loaded module serves the script type %.80q; this worker serves %s", c.Job.Type, strings.Join(w.Types(), ", ")))
	}
	if errors.Is(cause, errStopping) && result.End == job.Cancelled {
		w.active.remove(c)
		w.handBack(ctx, c)
		return nil
	}
	if live := c.Job.Live; live != nil {
		result.Log = append(live.End(), result.Log...)
	}
	for _, note := range c.Notes {
		result.Log = append(result.Log, job.LogLine{Time: time.Now(), Level: job.Warn, Text: note})
	}
	var by cancelled
	switch {
	case errors.Is(cause, job.ErrLeaseLost):
		w.active.remove(c)
		w.log.Warn("job dropped: its lease was lost", "job", c.Job.ID, "circle", c.Job.Circle, "leases_lost", w.lost.Add(1))
		return nil
	case errors.As(cause, &by) && result.End == job.Cancelled:
		result.Error = by.why
	}
	return result
}

// run finds the module and runs the job in it. It returns nil when there is
// none: perhaps its file was removed since the job was claimed.
func (w *Worker) run(ctx context.Context, c *queue.Claim) *job.Result {
	if c.Refusal != "" {
		return refused(c.Refusal)
	}
	if handle, ok := w.opts.Handlers[c.Job.Type]; ok {
		return w.call(ctx, handle, w.attempt(c, c.Job.Type))
	}
	if isPing(c.Job.Payload) {
		return &job.Result{End: job.Success, Output: []byte(pingAnswer)}
	}
	if w.opts.Registry == nil {
		return nil
	}
	m, release, ok := w.opts.Registry.Acquire(c.Job.Type)
	if !ok {
		// A list of herojobs holds jobs of all types, also of one whose module is
		// still being loaded.
		if w.opts.Registry.Await(ctx, c.Job.Type) != nil {
			return &job.Result{End: job.Cancelled, Error: "the job was stopped while the module of its type was loaded"}
		}
		if m, release, ok = w.opts.Registry.Acquire(c.Job.Type); !ok {
			return nil
		}
	}
	defer release()
	attempt := w.attempt(c, m.Manifest.Name)
	if result := w.recall(ctx, attempt); result != nil {
		return result
	}
	return m.Run(ctx, attempt)
}

func isPing(payload []byte) bool {
	return len(payload) < 64 && strings.TrimSpace(string(payload)) == pingScript
}

// attempt returns the job as a module runs it: under the operator's limits for
// it, and asking for its lease before it has an effect.
func (w *Worker) attempt(c *queue.Claim, module string) *job.Job {
	j := *c.Job // a queue's job is not to be changed
	j.Confirm = w.confirm(c)
	j.Idle = w.idle(c)
	if w.opts.Limits != nil {
		j.Granted = w.opts.Limits(module, j.Circle)
	}
	return &j
}

// idle has a job that waits for others keep neither a slot nor a place among the
// jobs of its circle that may run at once.
func (w *Worker) idle(c *queue.Claim) func(context.Context, func()) error {
	aside := func(ctx context.Context, waits bool) {
		if err := w.opts.Queue.Aside(ctx, c, waits); err != nil && ctx.Err() == nil {
			w.log.Debug("job not set aside while it waits for others, or not brought back", "job", c.Job.ID, "err", err)
		}
	}
	return func(ctx context.Context, wait func()) error {
		return w.slots.idle(ctx, func() {
			aside(ctx, true)
			wait()
			aside(ctx, false)
		})
	}
}

func refused(message string) *job.Result {
	return &job.Result{End: job.Refused, Error: message}
}

// handBack returns a job that the worker's stop interrupted, or whose module is
// gone, with what it has said so far.
func (w *Worker) handBack(ctx context.Context, c *queue.Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.opts.Queue.Lease())
	defer cancel()
	_, _ = w.note(ctx, []*queue.Claim{c}) // reported
	if err := w.opts.Queue.Release(ctx, []*queue.Claim{c}); err != nil {
		w.log.Warn("job not handed back; it will run again when its lease ends", "job", c.Job.ID, "err", err)
		return
	}
	w.log.Info("job handed back", "job", c.Job.ID, "circle", c.Job.Circle)
}
