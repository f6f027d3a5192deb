package main

import (
	"context"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// workerLs is henge worker ls.
type workerLs struct{}

// Run lists the workers that said within the last minute that they are there.
func (workerLs) Run(ctx context.Context, s streams, g *globals) error {
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	all, err := queue.Workers(ctx, rdb)
	if err != nil {
		return err
	}
	t := table{columns: []string{"worker", "host", "pid", "state", "running", "slots", "circles", "types", "started", "seen"}}
	for _, p := range all {
		circles := p.Circles
		if len(circles) == 0 {
			circles = []string{"all"}
		}
		t.rows = append(t.rows, []any{
			p.Worker, p.Host, p.PID, p.State, p.Running, p.Slots, circles, p.Types,
			p.Started.UTC().Format(time.RFC3339), p.Seen.UTC().Format(time.RFC3339),
		})
	}
	return g.print(s, t)
}

// workerStop is henge worker stop.
type workerStop struct {
	Workers []string `arg:"" optional:"" name:"worker" help:"Names, as henge worker ls shows them."`
	All     bool     `help:"Ask all workers."`
}

// Run asks workers to stop.
func (c *workerStop) Run(ctx context.Context, s streams, g *globals) error {
	if c.All == (len(c.Workers) > 0) {
		return exitWith(exitUsage, "name the workers to stop, or give --all: henge worker ls shows them")
	}
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	there, err := queue.Workers(ctx, rdb)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range there {
		known[p.Worker] = true
		if c.All {
			c.Workers = append(c.Workers, p.Worker)
		}
	}
	for _, name := range c.Workers {
		if !known[name] {
			return exitWith(exitNotFound, "there is no worker %s", printable(name))
		}
		if _, err := queue.StopWorker(ctx, rdb, name); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "Worker %s is asked to stop.\n", printable(name))
	}
	return nil
}
