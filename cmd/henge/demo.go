package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
)

// demo is henge demo.
type demo struct{}

// Two made-up public keys: the circle that the demo serves, and a member.
const (
	demoCircle = "02e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	demoCaller = "03ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
)

// demoType is the script type that upstream's producers use.
const demoType = "osis"

// demoJobs are what a first look should show: a result, an identity, and a
// script that would never end.
var demoJobs = []job.Job{
	{Payload: []byte("40 + 2")},
	{Payload: []byte("`${CALLER_ID.sub_string(0, 8)}… asks in circle ${CONTEXT_ID.sub_string(0, 8)}…`")},
	{Payload: []byte("loop { }"), Timeout: time.Second},
}

// Run starts a Redis and a worker, runs three jobs and stops both.
func (demo) Run(ctx context.Context, s streams, g *globals) error {
	// The jobs' own hashes say what became of them.
	g.LogLevel = "warn"
	log := g.logger(s)
	server, err := localredis.Start(ctx, localredis.Options{})
	if errors.Is(err, localredis.ErrNoServer) {
		fmt.Fprintln(s.err, "There is no redis-server on the PATH: using the one inside henge, which keeps nothing.")
		server, err = localredis.StartInProcess()
	}
	if err != nil {
		return err
	}
	defer server.Close()
	rdb, err := queue.Connect(server.URL())
	if err != nil {
		return err
	}
	defer rdb.Close()
	q, err := queue.New(rdb, queue.Options{Circles: []string{demoCircle}, Log: log})
	if err != nil {
		return err
	}
	mods, err := g.load(ctx, sandbox.Options{Log: log}, job.Limits{}, demoType)
	if err != nil {
		return err
	}
	defer mods.close()
	w, err := worker.New(worker.Options{Queue: q, Registry: mods.Registry, Slots: defaultSlots(), Log: log})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Redis: %s at %s. A worker serves circle %s….\n", server.Kind(), server.Addr(), demoCircle[:8])

	working, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(working) }()
	err = runDemoJobs(ctx, s.out, rdb)
	stop()
	if stopErr := <-stopped; err == nil {
		err = stopErr
	}
	if err == nil {
		fmt.Fprintln(s.out, "\nAll three ended, and worker and Redis are stopped.")
	}
	return err
}

// runDemoJobs submits the jobs and prints the hash of each as it ends.
func runDemoJobs(ctx context.Context, out io.Writer, rdb redis.UniversalClient) error {
	p, err := queue.NewProducer(rdb, queue.Hero)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	type ended struct {
		script string
		record queue.Record
		err    error
	}
	results := make(chan ended, len(demoJobs))
	for _, j := range demoJobs {
		j.Circle, j.Caller, j.Type = demoCircle, demoCaller, demoType
		id, err := p.Submit(ctx, &queue.Submission{Job: j})
		if err != nil {
			return err
		}
		go func() {
			r, err := p.Wait(ctx, id)
			results <- ended{string(j.Payload), r, err}
		}()
	}
	for range demoJobs {
		r := <-results
		if r.err != nil {
			return r.err
		}
		fmt.Fprintf(out, "\n%s\nhero:job:%s\n", printable(r.script), r.record.ID)
		if err := printTable(out, recordTable(r.record)); err != nil {
			return err
		}
	}
	return nil
}
