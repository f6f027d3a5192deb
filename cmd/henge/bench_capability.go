package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/bench"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle/sqlite"
	"github.com/henge-run/henge/host/worker"
)

// benchCapability is henge bench capability.
type benchCapability struct {
	Time   time.Duration `default:"2s" help:"How long each row is measured, in all rounds together."`
	Rounds int           `default:"100" help:"How often each row has its turn; what is shown are tenth percentiles of the rounds."`
}

// Validate is called by the parser.
func (c *benchCapability) Validate() error {
	return (&benchSandbox{Time: c.Time, Rounds: c.Rounds}).Validate()
}

// Run measures and prints.
func (c *benchCapability) Run(ctx context.Context, s streams, g *globals) error {
	url, stop, err := g.redisToMeasure(ctx)
	if err != nil {
		return err
	}
	defer stop()
	base, err := queue.Connect(url)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer base.Close()
	pool, err := redis.Pool(base, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	report, err := c.measure(ctx, bench.Options{Time: c.Time, Rounds: c.Rounds, Log: g.logger(s)}, base, pool)
	if err != nil {
		return err
	}
	t := table{columns: []string{"call", "way", "ns", "added_ns", "ratio"}}
	for _, o := range report.Operations {
		row := []any{o.Name, string(o.Way), rounded(o.Nanoseconds, 2), 0.0, 0.0}
		for _, more := range report.Overheads {
			if more.Name == o.Name && o.Way == bench.Reset {
				row[3], row[4] = rounded(more.Nanoseconds, 2), rounded(more.Ratio, 3)
			}
		}
		t.rows = append(t.rows, row)
	}
	if g.Output != "table" {
		return g.print(s, t)
	}
	return g.print(s, heading{"calls", t}.forPeople())
}

// measure measures with databases in a folder that is gone afterwards, as are
// the keys of the bench in Redis.
func (c *benchCapability) measure(ctx context.Context, opts bench.Options, base, pool goredis.UniversalClient) (report *bench.CapabilityReport, err error) {
	dir, err := os.MkdirTemp("", "henge-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	circles, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	defer circles.Close()
	jobs, err := worker.NewChildren(base, queue.Henge)
	if err != nil {
		return nil, err
	}
	defer jobs.Close()
	name := "bench-" + uuid.NewString()[:8]
	defer func() { err = errors.Join(err, bench.Clean(ctx, base, name)) }()
	return bench.Capabilities(ctx, opts, bench.Subjects{Redis: pool, Circles: circles, Jobs: jobs, Circle: name})
}

// redisToMeasure returns the URL of the Redis that was named, or of one that is
// started for it, and what stops that.
func (g *globals) redisToMeasure(ctx context.Context) (url string, stop func() error, err error) {
	if g.redisGiven {
		return g.RedisURL, func() error { return nil }, nil
	}
	server, err := localredis.Start(ctx, localredis.Options{})
	if errors.Is(err, localredis.ErrNoServer) {
		return "", nil, fmt.Errorf("%w: install it, or name a Redis with --redis-url", err)
	}
	if err != nil {
		return "", nil, err
	}
	return server.URL(), server.Close, nil
}
