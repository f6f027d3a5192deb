package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

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
	args := q.noteArgs(c, n.Progress, "")
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

// noteArgs are the script's, without lines. The first line's number is empty
// where lines are not counted.
func (q *Queue) noteArgs(c *Claim, progress string, first any) []any {
	return q.opts.args(q.opts.Worker, q.opts.LogLines, millis(q.opts.LogTTL),
		c.Job.Dialect, c.Job.Queue, c.Job.ID, c.Job.Attempt, progress, first)
}

const (
	mostNotedLines = 1000    // of one job in one call
	mostNotedBytes = 1 << 18 // of all jobs, before the rest waits for the next call
)

// Noted is what came of NoteAll.
type Noted struct {
	// Lost are the claims that are no longer this worker's. Nothing of them
	// was written, and nothing of them will be.
	Lost []*Claim

	// More says that not all was written in this call.
	More bool
}

// NoteAll writes what jobs have said to their Job.Live since it was called
// last, in one round trip. A line gets into the log once, and in order, whatever
// fails: what was not written stays for the next call or the result, and both
// know by number what came through of a call whose answer was lost.
func (q *Queue) NoteAll(ctx context.Context, claims []*Claim) (Noted, error) {
	var noted Noted
	var notes []note
	size := 0
	for _, c := range claims {
		if size > mostNotedBytes {
			noted.More = true
			break
		}
		n, ok := q.noteOf(c, mostNotedBytes-size)
		if !ok {
			continue
		}
		size += n.size
		noted.More = noted.More || n.more
		notes = append(notes, n)
	}
	if len(notes) == 0 {
		return noted, nil
	}
	calls := make([]scriptCall, len(notes))
	for i, n := range notes {
		calls[i] = scriptCall{[]string{n.claim.scope + inLease}, n.args}
	}
	replies, err := within(ctx, func() ([]*redis.Cmd, error) { return q.scripts.note.runAll(ctx, q.rdb, calls) })
	if err != nil {
		return noted, fmt.Errorf("note for %d jobs: %w", len(notes), err)
	}
	for i, reply := range replies {
		switch written, replyErr := reply.Int(); {
		case replyErr != nil:
			err = errors.Join(err, fmt.Errorf("note for job %s: %w", quoteShort(notes[i].claim.Job.ID), replyErr))
		case written == 0:
			notes[i].claim.live.End()
			noted.Lost = append(noted.Lost, notes[i].claim)
		default:
			notes[i].claim.live.Taken(notes[i].said, notes[i].lines)
		}
	}
	return noted, err
}

// note is what one job has said, as the script takes it.
type note struct {
	claim *Claim
	said  job.Said
	args  []any
	lines int  // of those said
	size  int  // bytes, about
	more  bool // lines were left out
}

// noteOf returns what is new of a job, as much as there is room for and one
// line at least; false for nothing.
func (q *Queue) noteOf(c *Claim, room int) (note, bool) {
	said, ok := c.live.Said()
	if !ok {
		return note{}, false
	}
	n := note{claim: c, said: said}
	progress := ""
	if said.Progress != nil {
		progress = said.Progress.String()
	}
	n.args = q.noteArgs(c, progress, said.First)
	for _, line := range said.Lines {
		if n.lines == mostNotedLines || n.lines > 0 && n.size > room {
			n.more = true
			break
		}
		b := encodeLogLine(line)
		n.args = append(n.args, b)
		n.size += len(b)
		n.lines++
	}
	return n, true
}
