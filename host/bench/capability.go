package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
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

// benchCircle is the circle of the calls that are measured.
const benchCircle = "bench"

// redisCall is a command as a guest sends it and as Go does.
type redisCall struct {
	name string
	args []any
}

func redisCalls() []redisCall {
	return []redisCall{
		{"redis get", []any{"GET", "text"}},
		{"redis set", []any{"SET", "text", "some bytes of value"}},
		{"redis hgetall", []any{"HGETALL", "hash"}},
	}
}

// timed is something that is done so many times, and how long once took in
// each round.
type timed struct {
	name   string
	way    Way
	do     func(ctx context.Context, times int64) error
	rounds []float64
}

// Capabilities measures host functions, in turns with the same from Go over
// the same connections. pool is as redis.Pool gives it, with two or more
// connections; the keys of the circle "bench" are written.
func Capabilities(ctx context.Context, opts Options, pool goredis.UniversalClient) (report *CapabilityReport, err error) {
	opts, err = opts.complete()
	if err != nil {
		return nil, err
	}
	redisCapability := redis.New(redis.Options{Client: func(context.Context) (goredis.UniversalClient, error) { return pool, nil }})
	rt, err := sandbox.New(ctx, sandbox.Options{Capabilities: []capability.Capability{nothing, redisCapability}, Log: opts.Log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rt.Close(context.WithoutCancel(ctx))) }()
	all, err := capabilityOperations(ctx, rt, pool)
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
	return capabilityReport(all), redis.Remove(ctx, pool, benchCircle)
}

func capabilityOperations(ctx context.Context, rt *sandbox.Runtime, pool goredis.UniversalClient) ([]*timed, error) {
	load := func(g guest) (*sandbox.Module, error) {
		return rt.Load(ctx, g.encode(), &abi.Manifest{Name: "bench"}, job.Limits{HostCalls: 1 << 62, Fuel: 1 << 62})
	}
	idle, err := load(guest{"host call", nothing.Name, nothing.Functions[0].Name})
	if err != nil {
		return nil, err
	}
	asking, err := load(guest{"redis", abi.RedisV1, "do"})
	if err != nil {
		return nil, err
	}
	if err := pool.HSet(ctx, redis.Prefix(benchCircle)+"hash", "one", 1, "two", 2, "three", 3).Err(); err != nil {
		return nil, fmt.Errorf("write what is read: %w", err)
	}
	all := []*timed{{name: "host call", way: Reset, do: calls(idle, nil)}}
	for _, c := range redisCalls() {
		request := make([]abi.Value, len(c.args))
		for i, a := range c.args {
			request[i] = abi.Value{V: a}
		}
		encoded, err := abi.Encode(abi.CBOR, request)
		if err != nil {
			return nil, err
		}
		args := slices.Clone(c.args)
		args[1] = redis.Prefix(benchCircle) + args[1].(string)
		all = append(all,
			&timed{name: c.name, way: Direct, do: func(ctx context.Context, times int64) error {
				for range times {
					if err := pool.Do(ctx, args...).Err(); err != nil && !errors.Is(err, goredis.Nil) {
						return err
					}
				}
				return nil
			}},
			&timed{name: c.name, way: Reset, do: calls(asking, encoded)})
	}
	return all, nil
}

// calls has a guest make one call so many times.
func calls(m *sandbox.Module, request []byte) func(ctx context.Context, times int64) error {
	return func(ctx context.Context, times int64) error {
		return succeeded(m.Run(ctx, &job.Job{
			ID: "bench", Circle: benchCircle, Caller: benchCircle, Type: "bench", Dialect: "local",
			Payload: append(binary.LittleEndian.AppendUint64(nil, uint64(times)), request...), Timeout: time.Hour, Attempt: 1,
		}))
	}
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
