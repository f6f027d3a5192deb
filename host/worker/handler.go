package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/henge-run/henge/host/job"
)

// Handler runs one attempt. Many run at once. It should return soon after ctx
// has ended, whose cause says why, with an End of job.Cancelled; the job's
// timeout and limits are its own to keep. One that panics, or returns nothing,
// ends its job with job.Trap and leaves the worker as it is.
type Handler func(ctx context.Context, j *job.Job) *job.Result

// call runs a handler. A panic that ended the process would count as a crash
// of every job that runs beside this one.
func (w *Worker) call(ctx context.Context, handle Handler, j *job.Job) (result *job.Result) {
	began := time.Now()
	defer func() {
		switch v := recover(); {
		case v != nil:
			w.log.Error("a handler panicked", "type", j.Type, "job", j.ID, "panic", v, "stack", string(debug.Stack()))
			result = &job.Result{End: job.Trap, Error: fmt.Sprintf("the handler of the type %s panicked", j.Type)}
		case result == nil:
			result = &job.Result{End: job.Trap, Error: fmt.Sprintf("the handler of the type %s returned no result", j.Type)}
		}
		if result.Cost.Wall == 0 {
			result.Cost.Wall = time.Since(began)
		}
	}()
	return handle(ctx, j)
}
