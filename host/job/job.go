// Package job says what a job is, in no queue's and no runtime's words: what
// was asked, by whom and where, how a run of it ended, and what that cost. It
// is the vocabulary the other rooms share and imports none of them.
package job

import (
	"context"
	"time"
)

// DefaultTimeout is how long one attempt may take when the producer said
// nothing.
const DefaultTimeout = 60 * time.Second

// Job is one attempt to run a script or a runner for a circle. A value is
// read-only once a queue has handed it out, and may then be shared.
type Job struct {
	// ID is the producer's name for the job, unique within its dialect's
	// queue.
	ID string

	// Circle is the tenant the job runs in: a public key or a name, as
	// ParseCircle returns it.
	Circle string

	// Caller says who asks. It is the producer's word: whoever can write to
	// the queue can claim to be anyone. Empty means a stranger.
	Caller string

	// Type names the module that runs the job, in lower case: "rhai",
	// "osis", or what a module's manifest serves; see ParseType.
	Type string

	// Dialect names the wire format the job came in: "hero", ... or "local"
	// for a job that no queue knows.
	Dialect string

	// Queue is the list the job waited in; empty for a local job.
	Queue string

	// Payload is the script's source or the runner's arguments, as bytes.
	Payload []byte

	// Env is the job's environment, without the names the host sets itself.
	Env map[string]string

	// Timeout bounds one attempt. Zero or less means DefaultTimeout.
	Timeout time.Duration

	// Limits are budgets of the job's own; those not set are the module's, and
	// the smaller counts.
	Limits Limits

	// Granted are budgets that the operator gives the job, by its module and
	// circle; those not set are the module's. The smaller of these, and of the
	// job's own, holds.
	Granted Limits

	// Retries is how many more attempts may follow a failure.
	Retries int

	// Attempt counts the times the job was handed out, from 1. It is also
	// the fence: a write that names a lower attempt is refused.
	Attempt int64

	// Run counts the times the job was dispatched, from 1, since a producer may
	// dispatch it again after it ended; 0 for a local job. With dialect, queue,
	// id and Begun it names one piece of work, whose effects happen once.
	Run int64

	// Begun is when the run's first attempt was handed out, in milliseconds of
	// the queue's clock: a producer may delete a job and use its id again.
	Begun int64

	// Failures counts the failed attempts of this run.
	Failures int64

	// Depth is how many jobs led to this one, each submitted by the one before;
	// 0 for a producer's own. A script cannot choose it.
	Depth int

	// Confirm, where it is not nil, waits until the attempt's lease is known to
	// stand, and returns ErrLeaseLost when it does not, or the end of ctx. What
	// has an effect asks first.
	Confirm func(ctx context.Context) error

	// Idle, where it is not nil, calls wait without keeping the slot in which
	// the job runs, so that others may run while it waits for them. It returns
	// ErrManyWait, without having called it, when too many jobs wait already.
	Idle func(ctx context.Context, wait func()) error

	// Live, where it is not nil, gets log lines and progress as they come;
	// the lines are then not in the result.
	Live *Live
}

// Deadline returns when an attempt that starts at start must have ended.
func (j *Job) Deadline(start time.Time) time.Time {
	if j.Timeout <= 0 {
		return start.Add(DefaultTimeout)
	}
	return start.Add(j.Timeout)
}
