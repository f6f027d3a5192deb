package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/henge-run/henge/host/metrics"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/worker"
)

// workerStart is henge worker start.
type workerStart struct {
	Circle      []string       `aliases:"circle-public-key" placeholder:"PK" xor:"circles" required:"" help:"Circle to serve: a public key in hex, or a name. May be given several times."`
	AllCircles  bool           `xor:"circles" required:"" help:"Serve whatever circle a job is for."`
	Types       []string       `placeholder:"TYPE" help:"Script types to serve; by default all that the loaded modules serve."`
	Slots       int            `default:"${slots}" help:"Jobs that run at once (${slots} on this machine)."`
	Group       string         `help:"Serve the lists of this worker group as well."`
	Instance    string         `help:"Serve the lists of this instance of the group as well."`
	Dialect     []string       `enum:"hero,rhailib,henge,herojobs" placeholder:"NAME" help:"Wire formats to serve, of ${enum}; by default all."`
	Pop         string         `enum:"oldest,newest" default:"oldest" help:"Which waiting job is taken first: oldest, or newest as upstream workers do."`
	Grace       time.Duration  `default:"20s" help:"How long running jobs may go on after a stop; those left are handed back."`
	PerCircle   int            `placeholder:"N" help:"Most jobs of a circle that run at once, over all workers."`
	PerType     map[string]int `placeholder:"TYPE=N" help:"The same for jobs of a type."`
	PerChannel  map[string]int `placeholder:"NAME=N" help:"The same for jobs of a channel, of every circle or as circle/name."`
	Weight      map[string]int `placeholder:"CIRCLE=N" help:"How many jobs in a row a circle gets in its turn; 1 for others."`
	Share       string         `enum:"apart,leave" default:"apart" help:"What to do about other circles' jobs in a shared list: take them apart into lists of henge's own, or leave them in their place, for upstream workers that take from it too."`
	LegacyKeys  bool           `help:"Serve the lists of older Hero systems too: hero:work_queue:{worker} and hero:stop_queue:{worker}, where a worker is named by a script type or by --instance."`
	Reset       string         `enum:"auto,faults,pagemap,drop,copy" default:"auto" help:"How instances are put back after a job: auto takes the cheapest way that works here (henge doctor shows them); or one of faults, pagemap, drop, copy."`
	Metrics     string         `placeholder:"ADDR" help:"Serve Prometheus metrics, /healthz and /readyz there: a port of this machine, or host:port. By default nowhere."`
	MaxDatabase byteSize       `placeholder:"SIZE" help:"Largest database of a circle; 256MiB if not set."`
	VerifyReset bool           `help:"Compare the whole instance with its snapshot after each job, which takes milliseconds."`

	dataRedis
	limits
	retention
}

// Run serves until the context ends.
func (c *workerStart) Run(ctx context.Context, s streams, g *globals) error {
	log := g.logger(s)
	defer spareProcessor()()
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	opts := queue.Options{
		Circles:    c.Circle,
		AllCircles: c.AllCircles,
		Dialects:   c.Dialect,
		Pop:        queue.Pop(c.Pop),
		CapsNow:    c.capsWith(g.policy),
		Leave:      c.Share == "leave",
		LegacyKeys: c.LegacyKeys,
		Log:        log,
	}
	if err := c.retention.set(&opts); err != nil {
		return &exitError{exitUsage, err}
	}
	q, err := queue.New(rdb, opts)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	way, err := linear.ParseWay(c.Reset)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	data, connections, err := c.dataRedis.shared(g.RedisURL, c.Slots)
	if err != nil {
		return err
	}
	defer connections.Close()
	children, err := worker.NewChildren(rdb, c.Dialect...)
	if err != nil {
		return err
	}
	defer children.Close()
	circles, err := g.openCircles(ctx, rdb, log, circleOptions{jobs: c.Slots, maxBytes: int64(c.MaxDatabase), keep: c.KeepJobs})
	if err != nil {
		return err
	}
	defer circles.Close()
	mods, err := g.open(ctx, sandbox.Options{
		Way: way, VerifyReset: c.VerifyReset, Log: log,
		Capabilities: capabilities(offer{redis: data, circles: circles, policy: g.policy, jobs: children}),
	}, registry.Options{Watch: g.Modules != "", Types: c.Types, Limits: c.limits.limits()})
	if err != nil {
		return err
	}
	defer mods.close()
	counts, observer := c.newMetrics()
	kept, closeHistory, err := c.retention.open(g, opts.History, log)
	if err != nil {
		return err
	}
	defer closeHistory()
	w, err := worker.New(worker.Options{
		Queue:    q,
		Registry: mods.Registry,
		Types:    c.Types,
		Group:    c.Group,
		Instance: c.Instance,
		Slots:    c.Slots,
		Limits:   g.policy.Limits,
		Grace:    c.Grace,
		Results:  circles,
		Observer: observer,
		History:  kept,
		Log:      log,
	})
	if err != nil {
		return err
	}
	log.Info("serving", "redis", queue.Where(g.RedisURL), "worker", q.Worker(), "circles", circlesOf(c), "slots", c.Slots, "reset", mods.runtime.Way().String())
	stopShowing, err := c.showMetrics(ctx, log, counts, metrics.Source{State: w.State, Waiting: q.Waiting, Pool: mods.idle})
	if err != nil {
		return err
	}
	defer stopShowing()
	defer g.watchConfig(ctx, log)()
	if err := w.Run(ctx); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	instances, memory := mods.idle()
	log.Info("stopped", "instances", instances, "instances_memory", memory)
	return nil
}

func circlesOf(c *workerStart) any {
	if c.AllCircles {
		return "all"
	}
	return c.Circle
}

// spareProcessor lets one more goroutine run than there are processors, which
// guests may hold all of, unless the operator said how many. Otherwise whatever
// the process does for itself, like collecting garbage, waits for a guest's turn
// to end each time it pauses. It returns what undoes that.
func spareProcessor() (undo func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + 1)
	return func() { runtime.GOMAXPROCS(before) }
}

// defaultSlots is one job for each processor: a job that computes uses one up.
func defaultSlots() int { return runtime.GOMAXPROCS(0) }
