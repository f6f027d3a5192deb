package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Operation is what one thing costs that a guest does again and again.
type Operation struct {
	Name string
	Way  Way

	// Nanoseconds is how long it takes once, of which a nanosecond or so is
	// the loop around it: the median of the rounds.
	Nanoseconds float64
}

// operationWays are the ways that differ while a job runs.
func operationWays() []Way { return []Way{Reset, CloseOnContext, Unmetered} }

// nothing is a capability whose one function does nothing: what is left is the
// way to the host and back.
var nothing = capability.Capability{
	Name: "bench_v1",
	Functions: []capability.Function{
		{Name: "nothing", Call: func(context.Context, *capability.Call) error { return nil }},
	},
}

// operation is a guest that does something as often as it is told, ready in
// one way.
type operation struct {
	name   string
	way    Way
	module *sandbox.Module
	rounds []float64
}

// operations measures what single operations of a guest cost.
func (o Options) operations(ctx context.Context) (measured []Operation, err error) {
	var all []*operation
	for _, way := range operationWays() {
		baseline, _ := way.baseline()
		rt, err := sandbox.New(ctx, sandbox.Options{Baseline: baseline, Capabilities: []capability.Capability{nothing}, Log: o.Log})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, rt.Close(context.WithoutCancel(ctx))) }()
		for _, g := range guests() {
			m, err := rt.Load(ctx, g.encode(), &abi.Manifest{Name: "bench"}, job.Limits{HostCalls: 1 << 62, Fuel: 1 << 62})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", g.name, err)
			}
			all = append(all, &operation{name: g.name, way: way, module: m})
		}
	}
	for range o.Rounds {
		for _, op := range all {
			if err := op.measure(ctx, o.turn()); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", op.name, op.way, err)
			}
		}
	}
	for _, op := range all {
		measured = append(measured, Operation{op.name, op.way, median(op.rounds, func(ns float64) float64 { return ns })})
	}
	return measured, nil
}

// firstTimes is how often the operation is done in the first job of a round:
// so often that the job itself does not count.
const firstTimes = 100_000

// measure does the operation more and more often, until a job of it fills a
// good part of the turn.
func (op *operation) measure(ctx context.Context, turn time.Duration) error {
	for times := int64(firstTimes); ; times *= 2 {
		j := &job.Job{
			ID: "bench", Circle: "bench", Caller: "bench", Type: "bench", Dialect: "local",
			Payload: binary.LittleEndian.AppendUint64(nil, uint64(times)), Timeout: time.Hour, Attempt: 1,
		}
		start := time.Now()
		r := op.module.Run(ctx, j)
		took := time.Since(start)
		if err := succeeded(r); err != nil {
			return err
		}
		if took >= turn/2 {
			op.rounds = append(op.rounds, float64(took)/float64(times))
			return nil
		}
	}
}
