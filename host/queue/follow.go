package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

// followEvery is how often Follow looks, and followAgain how long it waits at
// the most while Redis does not answer.
const (
	followEvery = 200 * time.Millisecond
	followAgain = 2 * time.Second
)

// Follower is told what a job says, one call at a time.
type Follower struct {
	// Line gets each line of the log, those before the call included.
	Line func(job.LogLine)

	// Progress gets each change of the job's own report. Of several within a
	// fifth of a second the last is seen. Nil for none.
	Progress func(string)

	// Missed is called in place of lines that were dropped from the log before
	// anybody saw them. Nil for nothing.
	Missed func()

	// Away is told when Redis does not answer, and with nil when it does
	// again; Follow goes on in between. Nil for nothing.
	Away func(error)
}

// Follow tells what a job says until it has ended, and returns its record, or
// the end of ctx. A job may wait, or be tried again, meanwhile. ErrNotFound
// stands for one that is not there, or not any more.
func (p *Producer) Follow(ctx context.Context, r Ref, to Follower) (Record, error) {
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return Record{}, fmt.Errorf("follow job %s: %w", quoteShort(r.ID), err)
	}
	f := follow{Producer: p, at: place, to: to}
	away, delay := false, followEvery
	for met := false; ; {
		status, err := f.look(ctx)
		if ctx.Err() != nil {
			return Record{}, fmt.Errorf("follow job %s: %w", quoteShort(r.ID), context.Cause(ctx))
		}
		switch {
		case err != nil && (!met || isRefused(err) || errors.Is(err, ErrNotFound)):
			return Record{}, fmt.Errorf("follow job %s: %w", quoteShort(r.ID), err)
		case err != nil:
			if !away && to.Away != nil {
				to.Away(err)
			}
			away, delay = true, min(2*delay, followAgain)
		default:
			if away && to.Away != nil {
				to.Away(nil)
			}
			met, away, delay = true, false, followEvery
			if (Record{Fields: map[string]string{"status": status}}).Ended() {
				return p.Get(ctx, r)
			}
		}
		if err := sleep(ctx, delay); err != nil {
			return Record{}, fmt.Errorf("follow job %s: %w", quoteShort(r.ID), err)
		}
	}
}

// follow is how far the log of a job was read.
type follow struct {
	*Producer
	at       place
	to       Follower
	next     int64  // position of the next line
	last     string // the line before it
	progress string
}

// look tells what is new and returns the job's status. The status is read
// before the log: what ends a job writes its last lines too.
func (f *follow) look(ctx context.Context) (string, error) {
	own := f.at.key
	if f.at.own != "" {
		own = f.at.own
	}
	var state, progress *redis.SliceCmd
	var lines *redis.StringSliceCmd
	_, err := within(ctx, func() ([]redis.Cmder, error) {
		return f.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			state = pipe.HMGet(ctx, f.at.key, "status", "job")
			progress = pipe.HMGet(ctx, own, "progress")
			// With the line before, which tells whether the log was cut.
			lines = pipe.LRange(ctx, f.at.log, max(0, f.next-1), -1)
			return nil
		})
	})
	if err != nil {
		return "", err
	}
	status, err := f.status(ctx, state.Val())
	if err != nil {
		return "", err
	}
	if err := f.tell(ctx, lines.Val()); err != nil {
		return "", err
	}
	if s, _ := progress.Val()[0].(string); s != f.progress {
		f.progress = s
		if s != "" && f.to.Progress != nil {
			f.to.Progress(s)
		}
	}
	return status, nil
}

// status reads a job's state out of its field status, or out of its text.
func (f *follow) status(ctx context.Context, fields []any) (string, error) {
	if text, ok := fields[1].(string); ok && f.at.own != "" {
		return herojobsFields(map[string]string{"job": text}, nil)["status"], nil
	}
	if status, ok := fields[0].(string); ok {
		return status, nil
	}
	n, err := within(ctx, func() (int64, error) { return f.rdb.Exists(ctx, f.at.key).Result() })
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return "", err
}

// tell hands on the lines behind the one that was read last. A log holds only
// so many lines: where that one is not in its place, it is looked for.
func (f *follow) tell(ctx context.Context, lines []string) error {
	switch {
	case f.next == 0:
	case len(lines) > 0 && lines[0] == f.last:
		lines = lines[1:]
	default:
		all, err := within(ctx, func() ([]string, error) { return f.rdb.LRange(ctx, f.at.log, 0, -1).Result() })
		if err != nil {
			return err
		}
		from := len(all)
		for from > 0 && all[from-1] != f.last {
			from--
		}
		if from == 0 && f.to.Missed != nil {
			f.to.Missed()
		}
		f.next, lines = int64(from), all[from:]
	}
	for _, text := range lines {
		f.to.Line(decodeLogLine(text))
		f.last = text
	}
	f.next += int64(len(lines))
	return nil
}
