package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// jobLogs is henge job logs.
type jobLogs struct {
	named
	Follow bool `short:"f" help:"Go on with what the job says until it has ended, with its progress; also one that waits."`
}

// Run prints what a job has logged, and with --follow what it logs.
func (c *jobLogs) Run(ctx context.Context, s streams, g *globals) error {
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		if c.Follow {
			return c.follow(ctx, s, g, p)
		}
		if _, err := p.Get(ctx, c.ref()); err != nil {
			return err
		}
		lines, err := p.Logs(ctx, c.ref())
		if err != nil {
			return err
		}
		return g.print(s, logTable(lines...))
	})
}

// follow prints each line as it comes: with -o jsonl (and json, since there is
// no end to an array until the job's) an object for each line and each report.
func (c *jobLogs) follow(ctx context.Context, s streams, g *globals, p *queue.Producer) error {
	if g.Output == "json" {
		g.Output = "jsonl"
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	print := func(t table) {
		if err := g.print(s, t); err != nil {
			stop(err) // nobody reads any more
		}
	}
	record, err := p.Follow(ctx, c.ref(), queue.Follower{
		Line: func(l job.LogLine) { print(logTable(l)) },
		Progress: func(text string) {
			if g.Output == "table" {
				fmt.Fprintf(s.err, "progress: %s\n", printable(text))
				return
			}
			print(table{columns: []string{"progress"}, rows: [][]any{{text}}})
		},
		Missed: func() { fmt.Fprintln(s.err, "Some lines are missing: the log keeps only so many.") },
		Away: func(err error) {
			if err == nil {
				fmt.Fprintln(s.err, "Redis answers again.")
				return
			}
			fmt.Fprintf(s.err, "Redis does not answer; trying on: %s\n", printable(err.Error()))
		},
	})
	switch {
	case errors.Is(err, context.Canceled): // by Ctrl-C: there was no more to say
		return nil
	case err != nil:
		return err
	}
	fmt.Fprintf(s.err, "The job has ended: %s.\n", printable(endOf(record)))
	return nil
}

// endOf says how a job ended, in henge's words if they are known.
func endOf(r queue.Record) string {
	if end := r.Fields["end"]; end != "" {
		return end
	}
	return r.Status()
}

func logTable(lines ...job.LogLine) table {
	t := table{columns: []string{"time", "level", "text", "fields"}, bare: true}
	for _, l := range lines {
		fields := ""
		if len(l.Fields) > 0 {
			fields = fmt.Sprint(l.Fields)
		}
		t.rows = append(t.rows, []any{l.Time.Format(time.RFC3339Nano), l.Level.String(), l.Text, fields})
	}
	return t
}
