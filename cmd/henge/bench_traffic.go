package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/henge-run/henge/host/bench/traffic"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
)

// traffics are the flags of all benches that send jobs through Redis.
type traffics struct {
	Dialect string        `enum:"hero,henge" default:"hero" help:"Wire format of the jobs: ${enum}."`
	Time    time.Duration `default:"60s" help:"How long one list is drained at most; what is left then is not counted."`
	Plot    string        `type:"path" placeholder:"FILE.svg" help:"Draw how long jobs waited into this file."`
}

// benchThroughput is henge bench throughput.
type benchThroughput struct {
	Work    []string `enum:"native,sandboxed" default:"native,sandboxed" help:"What each job does: native returns from a Go function, sandboxed runs 40 + 2 in Rhai."`
	Slots   []int    `default:"2,16,64" placeholder:"N" help:"How many jobs run at once (${default})."`
	Circles []int    `default:"1,50" placeholder:"N" help:"Of how many circles the jobs are (${default})."`
	Jobs    int      `default:"20000" help:"How many jobs are in the list."`
	Samples int      `default:"100" help:"How many jobs are then pushed one by one to the idle worker."`
	Rounds  int      `default:"3" help:"How often everything has its turn."`

	traffics
}

// Run measures and prints.
func (c *benchThroughput) Run(ctx context.Context, s streams, g *globals) error {
	var settings []traffic.Setting
	for _, circles := range c.Circles {
		for _, slots := range c.Slots {
			for _, work := range c.Work {
				settings = append(settings, traffic.Setting{Work: traffic.Work(work), Slots: slots, Circles: circles})
			}
		}
	}
	opts := traffic.Options{Jobs: c.Jobs, Samples: c.Samples, Rounds: c.Rounds}
	return c.bench(ctx, s, g, opts, settings, func(ctx context.Context, opts traffic.Options, _ string) ([]traffic.Row, error) {
		return traffic.Throughput(ctx, opts, settings)
	})
}

// benchLatency is henge bench latency.
type benchLatency struct {
	Work    string `enum:"native,sandboxed" default:"native" help:"What each job does: ${enum}."`
	Slots   int    `default:"2" help:"How many jobs run at once."`
	Circles []int  `default:"1,10000" placeholder:"N" help:"How many circles the worker serves (${default}); where there are several, each has a list of its own, as in the dialect henge."`
	Samples int    `default:"1000" help:"How many jobs are pushed, one by one, with plain commands."`

	traffics
}

// Run measures and prints.
func (c *benchLatency) Run(ctx context.Context, s streams, g *globals) error {
	var settings []traffic.Setting
	for _, circles := range c.Circles {
		settings = append(settings, traffic.Setting{Work: traffic.Work(c.Work), Slots: c.Slots, Circles: circles})
	}
	opts := traffic.Options{Jobs: 1, Samples: c.Samples, Rounds: 1}
	return c.bench(ctx, s, g, opts, settings, func(ctx context.Context, opts traffic.Options, _ string) ([]traffic.Row, error) {
		return traffic.Latency(ctx, opts, settings)
	})
}

// benchFairness is henge bench fairness.
type benchFairness struct {
	Work   string `enum:"native,sandboxed" default:"native" help:"What each job does: ${enum}."`
	Slots  int    `default:"16" help:"How many jobs run at once."`
	Jobs   int    `default:"100000" help:"How many jobs of the large circle wait."`
	Rounds int    `default:"10" help:"How often each of 50 small circles pushes 10 jobs."`

	traffics
}

// Run measures and prints.
func (c *benchFairness) Run(ctx context.Context, s streams, g *globals) error {
	setting := traffic.Setting{Work: traffic.Work(c.Work), Slots: c.Slots, Circles: traffic.SmallCircles + 1}
	opts := traffic.Options{Jobs: c.Jobs, Samples: 1, Rounds: c.Rounds}
	return c.bench(ctx, s, g, opts, []traffic.Setting{setting}, func(ctx context.Context, opts traffic.Options, _ string) ([]traffic.Row, error) {
		return traffic.Fairness(ctx, opts, setting)
	})
}

// benchCompare is henge bench compare.
type benchCompare struct {
	Peer         []string `enum:"asynq,asynq-kept,river" default:"asynq,asynq-kept,river" help:"What henge is compared with: asynq, on the same Redis, as it is and keeping what ended as the others do, and River, on PostgreSQL."`
	PeersCommand string   `type:"path" placeholder:"FILE" help:"The command henge-peers, by default beside henge or on the PATH; make peers builds it."`
	PostgresURL  string   `name:"postgres-url" placeholder:"URL" help:"PostgreSQL for River; by default a server is started where PostgreSQL is installed."`
	Slots        int      `default:"64" help:"How many jobs run at once."`
	Jobs         int      `default:"20000" help:"How many jobs are in the list."`
	Samples      int      `default:"10" help:"How many jobs are then pushed one by one to idle workers."`
	Rounds       int      `default:"3" help:"How often each system has its turn."`

	traffics
}

// Run measures and prints.
func (c *benchCompare) Run(ctx context.Context, s streams, g *globals) error {
	command := c.PeersCommand
	if command == "" {
		command = beside("henge-peers")
	}
	if _, err := exec.LookPath(command); err != nil {
		return exitWith(exitNotFound, "the command henge-peers, which runs the other queues, is not there: build it with make peers, or name it with --peers-command")
	}
	setting := traffic.Setting{Work: traffic.Native, Slots: c.Slots, Circles: 1}
	opts := traffic.Options{Jobs: c.Jobs, Samples: c.Samples, Rounds: c.Rounds}
	return c.bench(ctx, s, g, opts, []traffic.Setting{setting}, func(ctx context.Context, opts traffic.Options, url string) ([]traffic.Row, error) {
		rows, left, err := traffic.Compare(ctx, opts, setting, traffic.PeerOptions{
			Command: command, Systems: c.Peer, RedisURL: url, PostgresURL: c.PostgresURL,
		})
		for _, why := range left {
			fmt.Fprintf(s.err, "henge: %s\n", printable(why.Error()))
		}
		return rows, err
	})
}

// bench starts what a bench needs, runs it, and prints its rows.
func (c *traffics) bench(ctx context.Context, s streams, g *globals, opts traffic.Options, settings []traffic.Setting,
	run func(ctx context.Context, opts traffic.Options, redisURL string) ([]traffic.Row, error),
) (err error) {
	if err := checkTraffic(opts, settings); err != nil {
		return err
	}
	var plot *os.File
	if c.Plot != "" {
		// A file that cannot be written is better known now than in the end.
		if plot, err = os.Create(c.Plot); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
		defer plot.Close()
	}
	url, stop, err := g.redisToMeasure(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if opts.Redis, err = queue.Connect(url); err != nil {
		return &exitError{exitUsage, err}
	}
	defer opts.Redis.Close()
	if g.LogLevel == "info" {
		g.LogLevel = "warn" // a worker's coming and going is no news here
	}
	opts.Log = g.logger(s)
	opts.Dialect, opts.Limit, opts.Progress = c.Dialect, c.Time, &traffic.Progress{}
	opts.Works = map[traffic.Work]worker.Handler{traffic.Native: traffic.NativeHandler}
	if wants(settings, traffic.Sandboxed) {
		mods, err := g.load(ctx, sandbox.Options{Log: opts.Log}, job.Limits{}, "rhai")
		if err != nil {
			return err
		}
		defer mods.close()
		m, err := mods.serving(ctx, "rhai")
		if err != nil {
			return err
		}
		opts.Works[traffic.Sandboxed] = m.Run
	}
	shown := showProgress(s, opts.Progress)
	rows, err := run(ctx, opts, url)
	shown()
	if err != nil {
		return err
	}
	return printTraffic(s, g, plot, rows)
}

func wants(settings []traffic.Setting, w traffic.Work) bool {
	for _, s := range settings {
		if s.Work == w {
			return true
		}
	}
	return false
}

// checkTraffic refuses what cannot be measured.
func checkTraffic(opts traffic.Options, settings []traffic.Setting) error {
	for _, one := range []struct {
		flag    string
		n, most int
	}{{"--jobs", opts.Jobs, traffic.MaxJobs}, {"--samples", opts.Samples, traffic.MaxJobs}, {"--rounds", opts.Rounds, 1000}} {
		if one.n < 1 || one.n > one.most {
			return exitWith(exitUsage, "%s is %d and takes 1 to %d", one.flag, one.n, one.most)
		}
	}
	for _, one := range settings {
		if one.Slots < 1 || one.Slots > traffic.MaxSlots {
			return exitWith(exitUsage, "--slots has %d and takes 1 to %d", one.Slots, traffic.MaxSlots)
		}
		if one.Circles < 1 || one.Circles > traffic.MaxCircles {
			return exitWith(exitUsage, "--circles has %d and takes 1 to %d", one.Circles, traffic.MaxCircles)
		}
	}
	return nil
}

// beside returns the path of a program in the folder of henge, or its bare name
// for the PATH.
func beside(program string) string {
	if self, err := os.Executable(); err == nil {
		if found, err := exec.LookPath(filepath.Join(filepath.Dir(self), program)); err == nil {
			return found
		}
	}
	return program
}
