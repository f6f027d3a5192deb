package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
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
	Circles string            `type:"path" placeholder:"DIR" help:"Folder of circles' databases; by default one that is empty and gone afterwards."`
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
	dir := c.Circles
	if dir == "" {
		if dir, err = os.MkdirTemp("", "henge-run"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	circles, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		return err
	}
	defer circles.Close()
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
