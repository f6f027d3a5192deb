package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/queue"
)

// mostEvents is how many events the workers of a trial keep.
const mostEvents = 4_000_000

// start is one start of a job, as the events tell.
type start struct {
	id, worker string
	at         time.Time
}

// report reads what became of the jobs. The server's clock is this machine's.
func (t *trial) report(ctx context.Context, fault string) (Report, error) {
	if _, err := t.ledger.look(ctx); err != nil {
		return Report{}, err
	}
	t.crew.killAll() // from here on nobody writes
	twice, err := t.ledger.twice(ctx)
	if err != nil {
		return Report{}, err
	}
	starts, err := t.starts(ctx)
	if err != nil {
		return Report{}, err
	}
	if t.Claim == Safe {
		if err := t.examine(ctx, starts); err != nil {
			return Report{}, err
		}
	}
	submitted, open := t.ledger.counts()
	return Report{
		Fault: fault, Submitted: submitted, Ended: submitted - open, Lost: open, Twice: twice,
		Recovery: t.recovery(starts), Wrong: t.wrong,
	}, nil
}

// starts reads the events, the oldest first.
func (t *trial) starts(ctx context.Context) ([]start, error) {
	events, err := queue.EventsKept(ctx, t.rdb, queue.EventsFrom{Dialect: queue.Hero})
	if err != nil {
		return nil, err
	}
	var all []start
	for _, e := range events {
		if e.Kind == queue.EventStarted {
			all = append(all, start{e.Job.ID, e.Worker, e.Time})
		}
	}
	return all, nil
}

// examine looks for what should not be, beside jobs that are lost or ended
// twice.
func (t *trial) examine(ctx context.Context, starts []start) error {
	count := map[string]int{}
	for _, s := range starts {
		count[s.id]++
	}
	if t.steady {
		again := 0
		for _, n := range count {
			if n > 1 {
				again++
			}
		}
		if again > 0 {
			t.fault("%d jobs were started again, although no worker was lost", again)
		}
	}
	for part := range slices.Chunk(t.ledger.all, 1000) {
		cmds, err := t.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, id := range part {
				pipe.HGet(ctx, heroJob+id, "failures")
			}
			return nil
		})
		if err != nil && err != redis.Nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
			return fmt.Errorf("read failures: %w", err)
		}
		for i, c := range cmds {
			if n := c.(*redis.StringCmd).Val(); n != "" && n != "0" {
				t.fault("job %s has used %s of its retries", part[i], n)
			}
		}
	}
	if babbling := t.crew.babbling(); babbling != "" {
		t.fault("the log of a worker has more than one line for a change of state: %s", babbling)
	}
	return nil
}

// recovery is the longest time that a job waited for the fault.
func (t *trial) recovery(starts []start) (longest time.Duration) {
	lost := t.crew.lost()
	last := map[string]start{}
	for _, s := range starts {
		before, again := last[s.id]
		if at, ok := lost[before.worker]; again && ok && before.at.Before(at) {
			longest = max(longest, s.at.Sub(at))
		}
		if at, ok := t.since[s.id]; ok && !again {
			longest = max(longest, s.at.Sub(at))
		}
		last[s.id] = s
	}
	for _, well := range t.healed {
		i := slices.IndexFunc(starts, func(s start) bool { return s.at.After(well) })
		if i >= 0 {
			longest = max(longest, starts[i].at.Sub(well))
		}
	}
	return max(longest, 0)
}
