package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

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

// workerNames are the workers that a command is about.
type workerNames struct {
	Workers []string `arg:"" optional:"" name:"worker" help:"Names, as henge worker ls shows them."`
	All     bool     `help:"Ask all workers."`
}

// workerStop is henge worker stop.
type workerStop struct{ workerNames }

// Run asks workers to stop.
func (c *workerStop) Run(ctx context.Context, s streams, g *globals) error {
	return c.ask(ctx, s, g, func(redis.UniversalClient) error { return nil })
}

// workerDrain is henge worker drain.
type workerDrain struct {
	workerNames
	Timeout time.Duration `default:"0s" help:"How long to wait; 0 waits until they are gone. They end all the same."`
}

// Run asks workers to stop and waits for them.
func (c *workerDrain) Run(ctx context.Context, s streams, g *globals) error {
	return c.ask(ctx, s, g, func(rdb redis.UniversalClient) error {
		if c.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.Timeout)
			defer cancel()
		}
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for last := 0; ; {
			there, err := queue.Workers(ctx, rdb)
			left := slices.DeleteFunc(there, func(p queue.Presence) bool { return !slices.Contains(c.Workers, p.Worker) })
			if err == nil && len(left) == 0 {
				return nil
			}
			if err == nil && len(left) != last {
				last = len(left)
				fmt.Fprintf(s.err, "Waiting for %s.\n", counted(last, "worker", "workers"))
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			switch {
			case errors.Is(ctx.Err(), context.DeadlineExceeded):
				return exitWith(exitTimeout, "%s still there after %s", counted(last, "worker is", "workers are"), c.Timeout)
			case ctx.Err() != nil:
				return exitWith(exitFailed, "stopped waiting; the workers end all the same")
			case err != nil:
				return err
			}
		}
	})
}

// ask asks the workers to stop, and then does what else is wanted.
func (c *workerNames) ask(ctx context.Context, s streams, g *globals, then func(redis.UniversalClient) error) error {
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
	return then(rdb)
}
