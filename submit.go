package henge

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/host/queue"
)

// Submit writes a job and puts it to the end of its list, in one step. It
// returns the job's name, or ErrExists. A Redis that does not answer may have
// taken the job all the same: with an ID of the caller's own the same call can
// be made again, and ErrExists then says that it had.
func (c *Client) Submit(ctx context.Context, j *Job) (Ref, error) {
	s := j.submission()
	return c.producer.Submit(ctx, &s)
}

// SubmitMany is Submit for many jobs in few round trips. The answers are in the
// order of the jobs, each with an error of its own. An error of the call stands
// for all jobs behind the last answer: whether these were written is not known.
func (c *Client) SubmitMany(ctx context.Context, jobs []Job) ([]Submitted, error) {
	all := make([]queue.Submission, len(jobs))
	for i := range jobs {
		all[i] = jobs[i].submission()
	}
	return c.producer.SubmitMany(ctx, all)
}

// FailedError says that a job ended in error, in Run.
type FailedError struct {
	Record Record
}

// Error returns how the job ended and its message.
func (e *FailedError) Error() string {
	return fmt.Sprintf("job %s ended with %s: %s", e.Record.Ref, e.Record.End(), e.Record.Message())
}

// Run submits a job, waits for it and returns its output, or a *FailedError
// where it ended in error. When ctx ends first, the job goes on.
func (c *Client) Run(ctx context.Context, j *Job) (output string, err error) {
	ref, err := c.Submit(ctx, j)
	if err != nil {
		return "", err
	}
	r, err := c.Wait(ctx, ref)
	if err != nil {
		return "", err
	}
	if r.Failed() {
		return "", &FailedError{Record: r}
	}
	return r.Output(), nil
}
