package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// deadFilter says which dead letters a command is about.
type deadFilter struct {
	Queue   string   `placeholder:"KEY" help:"Only those of this list."`
	Circle  string   `placeholder:"PK" help:"Only those of this circle."`
	Reason  string   `placeholder:"TEXT" help:"Only those whose reason holds this text."`
	Dialect []string `enum:"hero,rhailib,henge,herojobs" placeholder:"NAME" help:"Only those of these wire formats, of ${enum}."`
}

func (f deadFilter) filter(ids ...string) queue.DeadFilter {
	return queue.DeadFilter{Queue: f.Queue, Circle: f.Circle, Reason: f.Reason, IDs: ids}
}

// deadLs is henge dead ls.
type deadLs struct {
	deadFilter
	Limit int `default:"100" help:"The most letters to list."`
}

// Run lists dead letters, the newest first.
func (c *deadLs) Run(ctx context.Context, s streams, g *globals) error {
	return withOperator(g, func(o *queue.Operator) error {
		letters, err := o.Dead(ctx, c.filter())
		if err != nil {
			return err
		}
		if more := len(letters) - c.Limit; more > 0 {
			letters = letters[:c.Limit]
			defer fmt.Fprintf(s.err, "%d more are not shown: see --limit.\n", more)
		}
		t := table{columns: []string{"at", "dialect", "queue", "id", "circle", "status", "reason"}}
		whole := g.Output != "table" // a member says again what stands beside it
		if whole {
			t.columns = append(t.columns, "member")
		}
		for _, l := range letters {
			row := []any{l.At.UTC().Format(time.RFC3339), l.Dialect, l.Queue, l.ID, l.Circle, l.Status, l.Reason}
			if whole {
				row = append(row, l.Member)
			}
			t.rows = append(t.rows, row)
		}
		return g.print(s, t)
	}, c.Dialect...)
}

// deadNames are dead letters by their names, or all that a filter lets through.
type deadNames struct {
	IDs []string `arg:"" optional:"" name:"id" help:"Ids of jobs, or the letters' members, as henge dead ls -o json shows them."`
	All bool     `help:"All of them, or those that the other flags leave."`

	deadFilter
}

// find returns the letters that are meant.
func (c *deadNames) find(ctx context.Context, o *queue.Operator) ([]queue.DeadLetter, error) {
	if c.All == (len(c.IDs) > 0) {
		return nil, exitWith(exitUsage, "name the dead letters, or give --all: henge dead ls shows them")
	}
	letters, err := o.Dead(ctx, c.filter(c.IDs...))
	if err != nil {
		return nil, err
	}
	for _, id := range c.IDs {
		found := false
		for _, l := range letters {
			found = found || l.ID == id || l.Member == id
		}
		if !found {
			return nil, exitWith(exitNotFound, "there is no dead letter %s", printable(id))
		}
	}
	return letters, nil
}

// deadRetry is henge dead retry.
type deadRetry struct{ deadNames }

// Run dispatches the jobs of dead letters again, as many as there are.
func (c *deadRetry) Run(ctx context.Context, s streams, g *globals) error {
	return withOperator(g, func(o *queue.Operator) error {
		letters, err := c.find(ctx, o)
		if err != nil {
			return err
		}
		queued, failed := 0, 0
		for _, l := range letters {
			err := o.RetryDead(ctx, l)
			id := printable(l.ID)
			switch {
			case err == nil:
				queued++
				continue
			case errors.Is(err, queue.ErrGone): // somebody else was faster
				continue
			case errors.Is(err, queue.ErrNotFound):
				fmt.Fprintf(s.err, "%s: there is no job to run, or none that can be read; henge dead rm forgets the letter.\n", id)
			case errors.Is(err, queue.ErrNotEnded):
				fmt.Fprintf(s.err, "%s: the job waits or runs again already; henge dead rm forgets the letter.\n", id)
			default:
				return fmt.Errorf("%w; %s before that", err, counted(queued, "job was queued", "jobs were queued"))
			}
			failed++
		}
		fmt.Fprintf(s.err, "%s again.\n", counted(queued, "job waits", "jobs wait"))
		if failed > 0 {
			return exitWith(exitFailed, "%s as it was", counted(failed, "letter stays", "letters stay"))
		}
		return nil
	}, c.Dialect...)
}

// deadRm is henge dead rm.
type deadRm struct {
	deadNames
	Yes bool `help:"Do not ask."`
}

// Run forgets dead letters.
func (c *deadRm) Run(ctx context.Context, s streams, g *globals) error {
	return withOperator(g, func(o *queue.Operator) error {
		letters, err := c.find(ctx, o)
		if err != nil {
			return err
		}
		if err := confirm(s, c.Yes, "Forget "+counted(len(letters), "dead letter", "dead letters")+"?"); err != nil {
			return err
		}
		n, err := o.RemoveDead(ctx, letters)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.err, "%s forgotten.\n", counted(n, "dead letter is", "dead letters are"))
		return nil
	}, c.Dialect...)
}
