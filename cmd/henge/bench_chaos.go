package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"

	"github.com/henge-run/henge/host/bench/chaos"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// benchChaos is henge bench chaos.
type benchChaos struct {
	Fault []string `placeholder:"NAME" help:"Make this fault; by default all. --list shows them."`
	Kills int      `default:"1000" help:"How many workers are killed (${default})."`
	Jobs  int      `default:"2000" help:"How many jobs each fault meets at least (${default})."`
	List  bool     `help:"Only list the faults."`
}

// Validate is called by the parser.
func (c *benchChaos) Validate() error {
	if c.Kills < 1 {
		return fmt.Errorf("--kills is %d and must be at least 1", c.Kills)
	}
	if c.Jobs < 1 {
		return fmt.Errorf("--jobs is %d and must be at least 1", c.Jobs)
	}
	return nil
}

// Run makes the faults and prints what became of the jobs.
func (c *benchChaos) Run(ctx context.Context, s streams, g *globals) error {
	if c.List {
		t := table{columns: []string{"fault", "what"}}
		for _, f := range chaos.Faults() {
			t.rows = append(t.rows, []any{f.Name, f.What})
		}
		return g.print(s, t)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find henge, to start workers: %w", err)
	}
	dir, err := g.dataDir()
	if err != nil {
		return err
	}
	bad := 0
	t := table{columns: []string{"bench", "fault", "submitted", "ended", "lost", "twice", "recovery_s"}}
	err = chaos.Run(ctx, chaos.Options{
		Faults: c.Fault, Kills: c.Kills, Jobs: c.Jobs, Log: g.logger(s),
		Child: func() *exec.Cmd {
			return exec.Command(self, "bench", "chaos-worker", "--data", dir, "--modules", g.Modules)
		},
	}, func(r chaos.Report) error {
		if !r.OK() {
			bad++
		}
		row := []any{"chaos", r.Fault, r.Submitted, r.Ended, r.Lost, r.Twice, rounded(r.Recovery.Seconds(), 3)}
		if g.Output == "jsonl" { // each as soon as it is known
			return g.print(s, table{columns: t.columns, rows: [][]any{row}})
		}
		t.rows = append(t.rows, row)
		return nil
	})
	if errors.Is(err, chaos.ErrNoSuchFault) {
		return &exitError{exitNotFound, err}
	}
	if g.Output != "jsonl" && len(t.rows) > 0 {
		err = errors.Join(err, g.print(s, t))
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("something was lost, done twice, or otherwise wrong with %d faults", bad)
	}
	return err
}

// chaosWorker is a worker that henge bench chaos starts.
type chaosWorker struct{}

// Run works until standard input ends.
func (chaosWorker) Run(ctx context.Context, g *globals) error {
	if !chaos.IsChild() {
		return exitWith(exitUsage, "this is what henge bench chaos starts")
	}
	return chaos.Child(ctx, func(ctx context.Context, log *slog.Logger) (*registry.Registry, io.Closer, error) {
		mods, err := g.load(ctx, sandbox.Options{Log: log}, job.Limits{})
		if err != nil {
			return nil, nil, err
		}
		return mods.Registry, closer(mods.close), nil
	})
}

// closer is a function as an io.Closer.
type closer func()

// Close implements io.Closer.
func (c closer) Close() error {
	c()
	return nil
}
