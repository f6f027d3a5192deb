package queue

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/host/job"
)

// Note is what a running job says of itself.
type Note struct {
	// Progress is how far the job is, in the job's own words; empty for
	// nothing new.
	Progress string

	// Lines are new lines of its log. They are not to be in its result again.
	Lines []job.LogLine
}

// Note writes what a running job says of itself, if it is still this worker's;
// otherwise it returns ErrLost and writes nothing.
func (q *Queue) Note(ctx context.Context, c *Claim, n Note) error {
	args := q.opts.args(q.opts.Worker, q.opts.LogLines, millis(q.opts.LogTTL),
		c.Job.Dialect, c.Job.Queue, c.Job.ID, c.Job.Attempt, n.Progress)
	for _, line := range n.Lines {
		args = append(args, encodeLogLine(line))
	}
	reply, err := q.scripts.note.run(ctx, q.rdb, []string{c.scope + inLease}, args...)
	if err == nil && reply == int64(0) {
		q.countRefusedNote(n)
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("note for job %s: %w", quoteShort(c.Job.ID), err)
	}
	return nil
}
