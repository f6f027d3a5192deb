package queue

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/host/job"
)

// Finish ends an attempt. The result, its cost, the reply and the log are
// written in one step with the check that the job is still this worker's;
// otherwise it returns ErrLost and writes nothing. Calls made at the same time
// share round trips.
//
// A result that another attempt could better (job.Result.Retryable) puts the
// job back after a delay as long as its producer allowed more retries.
//
// After any other error the claim may still be this worker's: call Finish
// again with the same result until it is written or lost. It is known when the
// first call was written and only its answer was lost.
func (q *Queue) Finish(ctx context.Context, c *Claim, r *job.Result) error {
	if c.done.ended.Load() {
		return fmt.Errorf("finish job %s: %w", quoteShort(c.Job.ID), ErrLost)
	}
	mode, failures, delay := "end", c.Failures, int64(0)
	if r.Retryable() && c.Failures < int64(c.Job.Retries) {
		mode = "retry"
		failures++
		delay = millis(q.opts.Retry.Delay(int(failures), q.opts.Rand()))
	}
	// Only the last lines are kept, so no more are sent.
	lines := r.Log[max(0, len(r.Log)-q.opts.LogLines):]
	text, cost := message(r), encodeCost(r.Cost)
	args := []any{
		c.Job.Queue, c.Job.ID, c.Job.Attempt, mode, r.End.String(), r.Output, text, cost, failures, delay, len(lines),
	}
	size := len(r.Output) + len(text) + len(cost)
	for _, line := range lines {
		b := encodeLogLine(line)
		size += len(b)
		args = append(args, b)
	}
	written, err := q.finishes.add(ctx, q.sendFinishes, args, size)
	if err != nil {
		return fmt.Errorf("finish job %s: %w", quoteShort(c.Job.ID), err)
	}
	if !written {
		return fmt.Errorf("finish job %s: %w", quoteShort(c.Job.ID), ErrLost)
	}
	c.done.ended.Store(true)
	return nil
}

// sendFinishes writes several results at once, and says of each whether it was
// written.
func (q *Queue) sendFinishes(ctx context.Context, jobs [][]any) ([]bool, error) {
	args := q.opts.args(q.opts.Worker, q.opts.LogLines, millis(q.opts.LogTTL))
	for _, one := range jobs {
		args = append(args, one...)
	}
	reply, err := q.scripts.finish.run(ctx, q.rdb, commonKeys(), args...)
	if err != nil {
		return nil, err
	}
	c := newCursor(reply)
	written := make([]bool, len(jobs))
	for i := range written {
		written[i] = c.int() != 0
	}
	return written, c.err()
}

// message is what stands in the job as its error: never empty for a job that
// did not succeed, since that is what tells the two apart.
func message(r *job.Result) string {
	switch {
	case r.End == job.Success:
		return ""
	case r.Error != "":
		return r.Error
	}
	return "the job ended with " + r.End.String()
}
