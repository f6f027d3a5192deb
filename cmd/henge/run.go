package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// runFile is henge run.
type runFile struct {
	File    string            `arg:"" help:"Script to run; - for standard input."`
	Circle  string            `default:"local" placeholder:"PK" help:"Circle that the script is told it runs in (${default})."`
	Caller  string            `placeholder:"PK" help:"Who the script is told asks; by default the circle itself."`
	Type    string            `placeholder:"TYPE" help:"Script type; by default the file's extension."`
	Timeout time.Duration     `default:"60s" help:"How long it may take."`
	Env     map[string]string `placeholder:"NAME=VALUE" help:"Environment of the job."`
	Circles string            `type:"path" placeholder:"DIR" help:"Folder of circles' databases; by default those at --database, or one that is empty and gone afterwards."`
	Cost    bool              `help:"Say on standard error what it has used."`

	dataRedis
	limits
}

// Run runs the script in this process and prints what it gave back.
func (c *runFile) Run(ctx context.Context, s streams, g *globals) error {
	submitted := template{File: c.File, Circle: c.Circle, Caller: c.Caller, Type: c.Type, Timeout: c.Timeout, Env: c.Env}
	j, err := submitted.job(s)
	if err != nil {
		return err
	}
	j.ID, j.Dialect, j.Attempt = uuid.NewString(), "local", 1
	data, connections, err := c.dataRedis.local()
	if err != nil {
		return err
	}
	defer connections.Close()
	circles, closeCircles, err := c.openCircles(ctx, g, g.logger(s))
	if err != nil {
		return err
	}
	defer closeCircles()
	mods, err := g.load(ctx, sandbox.Options{Log: g.logger(s), Capabilities: capabilities(offer{redis: data, circles: circles, policy: g.policy})}, c.limits.limits(), j.Type)
	if err != nil {
		return err
	}
	defer mods.close()
	m, err := mods.serving(ctx, j.Type)
	if err != nil {
		return err
	}
	j.Limits = j.Limits.Within(g.policy.Limits(m.Manifest.Name, j.Circle))
	result := m.Run(ctx, &j.Job)
	for _, l := range result.Log {
		fmt.Fprintf(s.err, "%s: %s\n", l.Level, printable(l.Text))
	}
	if c.Cost {
		fmt.Fprintf(s.err, "cost: %s\n", costOf(result.Cost))
	}
	if result.End != job.Success {
		return failure(result.End.String(), result.Error)
	}
	return printOutput(s, result.Output)
}

// openCircles opens the databases of circles, and returns what closes them: those
// at --database, as a worker has them, or those of a folder. Where neither was
// named the folder is a new one, which goes when it is closed.
func (c *runFile) openCircles(ctx context.Context, g *globals, log *slog.Logger) (_ circle.Store, closeAll func() error, err error) {
	if g.Database != "" {
		if c.Circles != "" {
			return nil, nil, exitWith(exitUsage, "there are two places for the circles' databases: leave out --circles, or --database (HENGE_DATABASE)")
		}
		store, err := g.openDatabase(ctx, log, circleOptions{jobs: 1})
		if err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	}
	dir, remove := c.Circles, func() error { return nil }
	if dir == "" {
		if dir, err = os.MkdirTemp("", "henge-run"); err != nil {
			return nil, nil, err
		}
		remove = func() error { return os.RemoveAll(dir) }
	}
	store, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return store, func() error { return errors.Join(store.Close(), remove()) }, nil
}
