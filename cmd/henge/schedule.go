package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/schedule"
)

// withSchedules connects to Redis for the time of one command.
func withSchedules(g *globals, do func(*queue.Schedules) error) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	all, err := queue.NewSchedules(rdb)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	err = do(all)
	if errors.Is(err, queue.ErrNoSchedule) {
		return &exitError{exitNotFound, err}
	}
	return err
}

// scheduleLs is henge schedule ls.
type scheduleLs struct {
	Circle string `placeholder:"PK" help:"Only schedules of this circle."`
}

// Run lists schedules.
func (c *scheduleLs) Run(ctx context.Context, s streams, g *globals) error {
	return withSchedules(g, func(all *queue.Schedules) error {
		list, err := all.List(ctx, c.Circle)
		if err != nil {
			return err
		}
		t := table{columns: []string{"name", "circle", "state", "spec", "missed", "next", "last", "last_job", "dialect", "type", "problem"}}
		for _, sc := range list {
			t.rows = append(t.rows, []any{
				sc.Name, sc.Circle(), scheduleState(sc), sc.Spec.String(), sc.Missed.String(), tick(sc.Next), tick(sc.Last),
				sc.LastJob, sc.Job.Dialect, sc.Job.Type, sc.Problem,
			})
		}
		return g.print(s, t)
	})
}

// scheduleState is a schedule's state in one word.
func scheduleState(sc *queue.Schedule) string {
	switch {
	case sc.Problem != "":
		return "damaged"
	case sc.Paused:
		return "paused"
	case sc.Next.IsZero():
		return "ended"
	}
	return "active"
}

// tick is a time as it is printed, nothing for none.
func tick(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// scheduleAdd is henge schedule add.
type scheduleAdd struct {
	Name string `arg:"" help:"Name of the schedule, unlike that of the circle's others."`
	Spec string `arg:"" help:"When: 'every 15m', 'cron 0 9 * * mon-fri zone Europe/Berlin' or 'at 2027-01-31T09:00:00Z'."`
	template

	Missed  string `enum:"skip,once,all" default:"skip" help:"What becomes of ticks for which no worker was there: skip those older than a minute, run once for all, or run all."`
	Replace bool   `help:"Replace the schedule of that name, if there is one."`
	Most    int    `default:"1000" help:"Add none if the circle has so many."`
}

// Run writes a schedule and prints its next tick.
func (c *scheduleAdd) Run(ctx context.Context, s streams, g *globals) error {
	spec, err := schedule.ParseSpec(c.Spec)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	missed, err := schedule.ParsePolicy(c.Missed)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	job, err := c.job(s)
	if err != nil {
		return err
	}
	return withSchedules(g, func(all *queue.Schedules) error {
		all.Most = c.Most
		next, err := all.Put(ctx, queue.Schedule{Name: c.Name, Spec: spec, Missed: missed, Job: *job}, c.Replace)
		if errors.Is(err, queue.ErrScheduleExists) {
			return exitWith(exitFailed, "%w: give --replace, or another name", err)
		}
		if err != nil {
			return err
		}
		return g.print(s, table{columns: []string{"next"}, rows: [][]any{{tick(next)}}, bare: true})
	})
}

// scheduleNext is henge schedule next.
type scheduleNext struct {
	Schedule string `arg:"" help:"Name of a schedule, or a spec such as 'every 15m'."`
	Circle   string `placeholder:"PK" help:"The schedule's circle."`
	Count    int    `default:"5" help:"How many ticks, at most 1000."`
}

// Run prints ticks, in UTC and on the clock of the spec's zone.
func (c *scheduleNext) Run(ctx context.Context, s streams, g *globals) error {
	if c.Circle != "" {
		return withSchedules(g, func(all *queue.Schedules) error {
			sc, err := all.Get(ctx, c.Circle, c.Schedule)
			if err != nil {
				return err
			}
			ticks, err := all.Upcoming(ctx, sc, c.Count)
			if err != nil {
				return err
			}
			return g.print(s, tickTable(sc.Spec, ticks))
		})
	}
	if !strings.Contains(strings.TrimSpace(c.Schedule), " ") { // no spec is one word
		return exitWith(exitUsage, "give the schedule's circle with --circle, or a spec such as 'every 15m'")
	}
	spec, err := schedule.ParseSpec(c.Schedule)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	compiled, err := spec.Compile()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return g.print(s, tickTable(spec, compiled.NextN(time.Now(), c.Count)))
}

func tickTable(spec schedule.Spec, ticks []time.Time) table {
	zone, err := time.LoadLocation(spec.Zone)
	if err != nil { // of a damaged schedule
		zone = time.UTC
	}
	t := table{columns: []string{"tick", "local"}}
	for _, at := range ticks {
		t.rows = append(t.rows, []any{tick(at), tick(at.In(zone))})
	}
	return t
}
