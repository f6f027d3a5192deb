package main

import (
	"context"

	"github.com/henge-run/henge/host/queue"
)

// namedSchedule is a schedule that a command is about.
type namedSchedule struct {
	Name   string `arg:"" help:"The schedule's name."`
	Circle string `required:"" placeholder:"PK" help:"The schedule's circle."`
}

// scheduleRm is henge schedule rm.
type scheduleRm struct {
	namedSchedule
	Yes bool `help:"Do not ask."`
}

// Run deletes a schedule.
func (c *scheduleRm) Run(ctx context.Context, s streams, g *globals) error {
	if err := confirm(s, c.Yes, "Delete schedule "+printable(c.Name)+"?"); err != nil {
		return err
	}
	return withSchedules(g, func(all *queue.Schedules) error { return all.Remove(ctx, c.Circle, c.Name) })
}

// schedulePause is henge schedule pause.
type schedulePause struct{ namedSchedule }

// Run pauses a schedule.
func (c *schedulePause) Run(ctx context.Context, g *globals) error {
	return withSchedules(g, func(all *queue.Schedules) error { return all.Pause(ctx, c.Circle, c.Name) })
}

// scheduleResume is henge schedule resume.
type scheduleResume struct{ namedSchedule }

// Run lets a schedule go on.
func (c *scheduleResume) Run(ctx context.Context, g *globals) error {
	return withSchedules(g, func(all *queue.Schedules) error { return all.Resume(ctx, c.Circle, c.Name) })
}

// scheduleTrigger is henge schedule trigger.
type scheduleTrigger struct{ namedSchedule }

// Run writes a job and prints its id.
func (c *scheduleTrigger) Run(ctx context.Context, s streams, g *globals) error {
	return withSchedules(g, func(all *queue.Schedules) error {
		ref, err := all.Trigger(ctx, c.Circle, c.Name)
		if err != nil {
			return err
		}
		return g.print(s, table{columns: []string{"id"}, rows: [][]any{{ref.ID}}, bare: true})
	})
}
