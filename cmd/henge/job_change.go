package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/henge-run/henge/host/queue"
)

// jobCancel is henge job cancel.
type jobCancel struct {
	named
	Reason string `placeholder:"TEXT" help:"Why: it becomes the job's error message."`
}

// Run cancels a job.
func (c *jobCancel) Run(ctx context.Context, s streams, g *globals) error {
	return withProducer(g, c.Dialect, func(p *queue.Producer) error {
		running, err := p.Cancel(ctx, c.ref(), c.Reason)
		if errors.Is(err, queue.ErrEnded) {
			return exitWith(exitFailed, "job %s has ended already: see henge job get %s", printable(c.ID), printable(c.ID))
		}
		if err != nil {
			return err
		}
		if running {
			fmt.Fprintln(s.err, "The job runs: its worker is asked to stop it.")
		}
		return nil
	})
}

// jobRetry is henge job retry.
type jobRetry struct{ named }

// Run dispatches an ended job again.
func (c *jobRetry) Run(ctx context.Context, _ streams, g *globals) error {
	return withProducer(g, c.Dialect, func(p *queue.Producer) error { return notYet(p.Retry(ctx, c.ref()), c.ID) })
}

// jobRm is henge job rm.
type jobRm struct {
	named
	Yes bool `help:"Do not ask."`
}

// Run deletes an ended job.
func (c *jobRm) Run(ctx context.Context, s streams, g *globals) error {
	if err := confirm(s, c.Yes, "Delete job "+printable(c.ID)+" and its log?"); err != nil {
		return err
	}
	return withProducer(g, c.Dialect, func(p *queue.Producer) error { return notYet(p.Remove(ctx, c.ref()), c.ID) })
}

// notYet says what to do about a job that still waits or runs.
func notYet(err error, id string) error {
	if errors.Is(err, queue.ErrNotEnded) {
		return exitWith(exitFailed, "job %s has not ended: cancel it first, with henge job cancel %s", printable(id), printable(id))
	}
	return err
}
