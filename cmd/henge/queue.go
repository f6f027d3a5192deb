package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// withOperator connects to Redis for the time of one command.
func withOperator(g *globals, do func(*queue.Operator) error, dialects ...string) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	o, err := queue.NewOperator(rdb, dialects...)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return do(o)
}

// queueLs is henge queue ls.
type queueLs struct {
	Dialect []string `enum:"hero,rhailib,henge,herojobs" placeholder:"NAME" help:"Only lists of these wire formats, of ${enum}."`
}

// Run lists what waits and runs.
func (c *queueLs) Run(ctx context.Context, s streams, g *globals) error {
	return withOperator(g, func(o *queue.Operator) error {
		all, err := o.Lists(ctx)
		if err != nil {
			return err
		}
		t := table{columns: []string{"queue", "dialect", "circles", "waiting", "held", "due", "running", "paused"}}
		for _, l := range all {
			t.rows = append(t.rows, []any{l.Name, l.Dialect, l.Circles, l.Waiting, l.Held, l.Due, l.Running, l.Paused})
		}
		return g.print(s, t)
	}, c.Dialect...)
}

// listNames are the lists that a command is about.
type listNames struct {
	Queues []string `arg:"" name:"queue" help:"The lists' keys, as henge queue ls shows them: hero:q:work:type:osis."`
}

// each does something with each list.
func (n listNames) each(g *globals, do func(o *queue.Operator, list string) error) error {
	return withOperator(g, func(o *queue.Operator) error {
		for _, list := range n.Queues {
			if err := o.Check(list); err != nil {
				return &exitError{exitUsage, err}
			}
		}
		for _, list := range n.Queues {
			if err := do(o, list); err != nil {
				return err
			}
		}
		return nil
	})
}

// queuePause is henge queue pause.
type queuePause struct{ listNames }

// Run pauses lists.
func (c *queuePause) Run(ctx context.Context, g *globals) error {
	return c.each(g, func(o *queue.Operator, list string) error { return o.Pause(ctx, list) })
}

// queueResume is henge queue resume.
type queueResume struct{ listNames }

// Run resumes lists.
func (c *queueResume) Run(ctx context.Context, g *globals) error {
	return c.each(g, func(o *queue.Operator, list string) error { return o.Resume(ctx, list) })
}

// queueDrain is henge queue drain.
type queueDrain struct {
	listNames
	Timeout time.Duration `default:"0s" help:"How long to wait for what runs; 0 waits until it has ended. The lists stay paused."`
}

// Run pauses lists and waits for what runs.
func (c *queueDrain) Run(ctx context.Context, s streams, g *globals) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	left := 0
	err := c.each(g, func(o *queue.Operator, list string) error {
		return o.Drain(ctx, list, func(n int) {
			left = n
			fmt.Fprintf(s.err, "%s: %s.\n", printable(list), counted(n, "job runs", "jobs run"))
		})
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return exitWith(exitTimeout, "%s still after %s; nothing more is handed out, see henge queue resume", counted(left, "job runs", "jobs run"), c.Timeout)
	case errors.Is(err, context.Canceled):
		return exitWith(exitFailed, "stopped waiting; nothing more is handed out, see henge queue resume")
	}
	return err
}

// queuePurge is henge queue purge.
type queuePurge struct {
	Queue  string `arg:"" help:"The list's key, as henge queue ls shows it: hero:q:work:type:osis."`
	Reason string `placeholder:"TEXT" help:"Why: it becomes the jobs' error message."`
	Yes    bool   `help:"Do not ask."`
}

// Run ends what waits.
func (c *queuePurge) Run(ctx context.Context, s streams, g *globals) error {
	return listNames{[]string{c.Queue}}.each(g, func(o *queue.Operator, list string) error {
		if err := confirm(s, c.Yes, "End all jobs that wait in "+printable(list)+" as cancelled?"); err != nil {
			return err
		}
		said := time.Now()
		n, err := o.Purge(ctx, list, c.Reason, func(n int) {
			if time.Since(said) > 2*time.Second {
				said = time.Now()
				fmt.Fprintf(s.err, "%s so far.\n", counted(n, "job ended", "jobs ended"))
			}
		})
		if err != nil {
			return fmt.Errorf("%w; %s before that", err, counted(n, "job was ended", "jobs were ended"))
		}
		fmt.Fprintf(s.err, "%s.\n", counted(n, "job ended", "jobs ended"))
		return nil
	})
}

// queueRestore is henge queue restore.
type queueRestore struct {
	listNames
	Force bool `help:"Do it also while henge's workers serve the list; they will take the jobs apart again."`
}

// Run gives back what was taken apart.
func (c *queueRestore) Run(ctx context.Context, s streams, g *globals) error {
	return c.each(g, func(o *queue.Operator, list string) error {
		n, err := o.Restore(ctx, list, c.Force)
		if errors.Is(err, queue.ErrServed) {
			return fmt.Errorf("%w, or give --force", err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(s.err, "%s: %s back in the list.\n", printable(list), counted(n, "job is", "jobs are"))
		return nil
	})
}

// counted says how many of a thing there are.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
