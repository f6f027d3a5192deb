package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/capability"
	caphttp "github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/store/circle"
)

// CapabilityReport is what host functions cost, beside the same call from Go.
type CapabilityReport struct {
	Operations []Operation
	Overheads  []Overhead
}

// Overhead is what the sandbox adds to a call.
type Overhead struct {
	Name string

	// Nanoseconds is how much longer a guest's call takes than that from Go,
	// Ratio how many times as long, both of the tenth percentiles of the rounds.
	Nanoseconds, Ratio float64
}

// timed is something that is done so many times, and how long once took in
// each round.
type timed struct {
	name   string
	way    Way
	do     func(ctx context.Context, times int64) error
	rounds []float64
}

// Subjects are what the host functions that are measured work with.
type Subjects struct {
	// Redis is as redis.Pool gives it, with two or more connections.
	Redis goredis.UniversalClient

	// Circles has the databases.
	Circles circle.Store

	// Jobs takes the jobs that are submitted. They stay: see Circle.
	Jobs queue.Jobs

	// Circle is the circle of all calls. What they leave in Redis and in the
	// queue is its caller's to remove, by this name.
	Circle string
}

// Capabilities measures host functions, in turns with the same from Go over
// the same connections and databases.
func Capabilities(ctx context.Context, opts Options, with Subjects) (report *CapabilityReport, err error) {
	opts, err = opts.complete()
	if err != nil {
		return nil, err
	}
	server, err := newLoopback()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.close()) }()
	rt, err := sandbox.New(ctx, sandbox.Options{Log: opts.Log, Capabilities: []capability.Capability{
		nothing,
		redis.New(redis.Options{Client: func(context.Context) (goredis.UniversalClient, error) { return with.Redis, nil }}),
		sql.New(with.Circles), kv.New(with.Circles),
		caphttp.New(caphttp.Options{Policy: server}),
		queue.New(queue.Options{Jobs: with.Jobs, MaxJobs: math.MaxInt}),
	}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rt.Close(context.WithoutCancel(ctx))) }()
	all, err := (&calling{Subjects: with, runtime: rt, server: server}).operations(ctx)
	if err != nil {
		return nil, err
	}
	for range opts.Rounds {
		for _, op := range all {
			if err := op.measure(ctx, opts.turn()); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", op.name, op.way, err)
			}
		}
	}
	return capabilityReport(all), nil
}

// measure does it more and more often, until that fills a good part of the
// turn.
func (o *timed) measure(ctx context.Context, turn time.Duration) error {
	for times := int64(100); ; times *= 2 {
		start := time.Now()
		if err := o.do(ctx, times); err != nil {
			return err
		}
		if took := time.Since(start); took >= turn/2 {
			o.rounds = append(o.rounds, float64(took)/float64(times))
			return nil
		}
	}
}

func capabilityReport(all []*timed) *CapabilityReport {
	report := &CapabilityReport{}
	var direct *timed
	for _, o := range all {
		report.Operations = append(report.Operations, Operation{o.name, o.way, o.fast()})
		if o.way == Direct {
			direct = o
		} else if direct != nil && direct.name == o.name {
			report.Overheads = append(report.Overheads, Overhead{o.name, o.fast() - direct.fast(), o.fast() / direct.fast()})
		}
	}
	return report
}

// fast is the tenth percentile of the rounds: a call waits for another process,
// and how long shows most of all what else the machine does.
func (o *timed) fast() float64 {
	return Percentile(slices.Sorted(slices.Values(o.rounds)), 0.10)
}
