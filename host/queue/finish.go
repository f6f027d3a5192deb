package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
)

// Done is an attempt that ended.
type Done struct {
	Claim  *Claim
	Result *job.Result
}

// Finish ends one attempt; Exchange says what that means. It returns ErrLost
// when the job is no longer this worker's. After any other error the claim may
// still be its: call Finish again with the same result until it is written or
// lost. It is known when the first call was written and only its answer was
// lost.
func (q *Queue) Finish(ctx context.Context, c *Claim, r *job.Result) error {
	x, err := q.Exchange(ctx, []Done{{c, r}}, 0)
	if err == nil && len(x.Lost) > 0 {
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("finish job %s: %w", quoteShort(c.Job.ID), err)
	}
	return nil
}

// ending is an attempt's end as the scripts take it.
type ending struct {
	done  Done
	scope string
	of    origin
	short bool // it is a success, and only that
	args  []any
	size  int // bytes, about
}

// origin is what successes have in common that the scripts are told as one.
type origin struct{ token, queue, circle, dialect string }

// inOrder brings those together that are told as one.
func inOrder(endings []ending) {
	slices.SortStableFunc(endings, func(a, b ending) int {
		return cmp.Or(strings.Compare(a.of.token, b.of.token), strings.Compare(a.of.queue, b.of.queue), strings.Compare(a.of.circle, b.of.circle))
	})
}

// encodeEndings adds endings to the arguments of a script; see lua/ending.lua.
func encodeEndings(args []any, endings []ending) []any {
	for len(endings) > 0 {
		first, n := endings[0], 1
		for first.short && n < len(endings) && endings[n].short && endings[n].of == first.of {
			n++
		}
		successes := 0
		if first.short {
			successes = n
		}
		args = append(args, first.of.dialect, first.of.queue, first.of.circle, first.of.token, successes)
		for _, e := range endings[:n] {
			args = append(args, e.args...)
		}
		endings = endings[n:]
	}
	return args
}

// ending decides what becomes of a job whose attempt ended so.
func (q *Queue) ending(d Done) ending {
	c, r := d.Claim, d.Result
	mode, failures, delay := "end", c.Failures, int64(0)
	if r.Retryable() {
		failures++
		switch {
		case failures <= int64(c.Job.Retries):
			mode = "retry"
			delay = millis(c.backoff.or(q.opts.Retry).Delay(int(failures), q.opts.Rand()))
		case failures > 1:
			mode = "dead" // its retries are used up
		}
	}
	// Only the last lines are kept, so no more are sent.
	lines := r.Log[max(0, len(r.Log)-q.opts.LogLines):]
	var number any = ""
	if first, offered := c.live.Offered(); offered {
		number = first + len(r.Log) - len(lines)
	}
	text, cost := message(r), encodeCost(r.Cost)
	e := ending{
		done: d, scope: c.scope, of: origin{c.token, c.Job.Queue, c.Job.Circle, c.Job.Dialect},
		short: r.End == job.Success && len(lines) == 0, size: len(r.Output) + len(text) + len(cost),
	}
	if e.short {
		e.args = []any{c.Job.ID, c.Job.Attempt, r.Output, cost}
		return e
	}
	e.args = []any{c.Job.ID, c.Job.Attempt, mode, r.End.String(), r.Output, text, cost, failures, delay, len(lines), number}
	for _, line := range lines {
		b := encodeLogLine(line)
		e.size += len(b)
		e.args = append(e.args, b)
	}
	return e
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
