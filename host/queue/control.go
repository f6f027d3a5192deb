package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

const (
	keyWorkers = "henge:workers" // sorted set: worker, by the time it was last seen, ms
	keyWorker  = "henge:worker:" // hash of facts, for a while

	// presenceTTL is how long a worker that says nothing is still shown.
	presenceTTL = time.Minute
)

// Presence is what a worker says of itself.
type Presence struct {
	Worker  string    `json:"worker"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Circles []string  `json:"circles"` // the first ones; empty for all
	Types   []string  `json:"types"`
	Slots   int       `json:"slots"`
	Running int       `json:"running"`
	State   string    `json:"state"` // serving, stopping

	// Group, Instance and Dialects narrow what is served; an older worker does
	// not tell them.
	Group    string   `json:"group,omitempty"`
	Instance string   `json:"instance,omitempty"`
	Dialects []string `json:"dialects,omitempty"`

	// Modules are what it has loaded and refused, no more than 64; an older worker
	// does not tell them.
	Modules []PresentModule `json:"modules,omitempty"`

	// Refused is how many writes came too late, and LeasesLost how many
	// running jobs were stopped since they were another worker's by then.
	Refused    int64 `json:"refused,omitempty"`
	LeasesLost int64 `json:"leases_lost,omitempty"`

	// Seen is when it said so, by the server's clock; Announce sets it.
	Seen time.Time `json:"-"`
}

// PresentModule is what a worker says of one version of a module.
type PresentModule struct {
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
	Types   []string `json:"types,omitempty"`
	File    string   `json:"file"`

	// Sum is the same for the same content, wherever it lies; empty for a file
	// that could not be read.
	Sum string `json:"sum,omitempty"`

	// State is serving, draining, pending, refused or quarantined, and Reason is
	// why it is one of the last two.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`

	// Freshness is how each job gets an instance that nobody has used: reset or
	// instance. Empty while there is none.
	Freshness string `json:"freshness,omitempty"`

	// Ran is how long the attempts took that have run in it since the worker
	// loaded it.
	Ran job.Times `json:"ran,omitempty"`
}

// Announce says that a worker is there. Call it again at least every
// 20 seconds; without it the worker is forgotten after a minute. It returns
// ErrProtocol, and says nothing, when the keys are another version's by now:
// then take no more jobs.
func (q *Queue) Announce(ctx context.Context, p Presence) error {
	if err := q.checkProtocol(ctx); err != nil {
		return fmt.Errorf("announce worker: %w", err)
	}
	p.Worker = q.opts.Worker
	facts, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("announce worker: %w", err)
	}
	_, err = within(ctx, func() (struct{}, error) {
		now, err := q.rdb.Time(ctx).Result()
		if err != nil {
			return struct{}{}, err
		}
		_, err = q.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HSet(ctx, keyWorker+p.Worker, "facts", facts)
			pipe.PExpire(ctx, keyWorker+p.Worker, presenceTTL)
			pipe.ZAdd(ctx, keyWorkers, redis.Z{Score: float64(now.UnixMilli()), Member: p.Worker})
			pipe.ZRemRangeByScore(ctx, keyWorkers, "-inf", fmt.Sprint(now.Add(-presenceTTL).UnixMilli()))
			if len(q.opts.Circles) > mostCircles {
				pipe.PExpire(ctx, keyServes+p.Worker, servesTTL)
			}
			return nil
		})
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("announce worker: %w", err)
	}
	return nil
}

// Leave takes a worker out of the list of those that are there.
func (q *Queue) Leave(ctx context.Context) error {
	_, err := within(ctx, func() (struct{}, error) {
		_, err := q.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Del(ctx, keyWorker+q.opts.Worker)
			pipe.Del(ctx, keyServes+q.opts.Worker)
			pipe.ZRem(ctx, keyWorkers, q.opts.Worker)
			return nil
		})
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("take the worker off the list: %w", err)
	}
	return nil
}

// Workers returns the workers that said within the last minute that they are
// there, by name.
func Workers(ctx context.Context, rdb redis.UniversalClient) ([]Presence, error) {
	all, err := within(ctx, func() ([]Presence, error) { return workers(ctx, rdb) })
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	return all, nil
}

func workers(ctx context.Context, rdb redis.UniversalClient) ([]Presence, error) {
	names, err := rdb.ZRangeWithScores(ctx, keyWorkers, 0, -1).Result()
	if err != nil {
		return nil, err
	}
	var all []Presence
	for _, z := range names {
		name, _ := z.Member.(string)
		facts, err := rdb.HGet(ctx, keyWorker+name, "facts").Bytes()
		if err == redis.Nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		p := Presence{}
		if json.Unmarshal(facts, &p) != nil {
			continue // somebody else's
		}
		p.Worker, p.Seen = name, time.UnixMilli(int64(z.Score))
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Worker < all[j].Worker })
	return all, nil
}

// What is said on henge:control: a verb and whom it is for.
const (
	verbCancel = "cancel" // a job that runs
	verbStop   = "stop"   // a worker

	// verbSchedule stands alone: a schedule may be due sooner than was known.
	verbSchedule = "schedule"
)

// StopWorker asks a worker, by its name, to take no more jobs and to end when
// those that run have. It says how many were listening.
func StopWorker(ctx context.Context, rdb redis.UniversalClient, worker string) (int, error) {
	n, err := within(ctx, func() (int64, error) {
		return rdb.Publish(ctx, keyControl, verbStop+" "+worker).Result()
	})
	if err != nil {
		return 0, fmt.Errorf("ask worker %s to stop: %w", quoteShort(worker), err)
	}
	return int(n), nil
}

// Control is what Listen calls, one call at a time.
type Control struct {
	// Cancelled is told that a job was cancelled; the next renewal says which
	// and why.
	Cancelled func()

	// Stop is told that this worker is asked to stop.
	Stop func()

	// Scheduled is told that FireSchedules has something to look at.
	Scheduled func()
}

// Listen waits for messages to this worker until ctx ends. While Redis is away
// nothing comes; what was missed, renewals find too.
func (q *Queue) Listen(ctx context.Context, c Control) {
	sub := q.rdb.Subscribe(ctx, keyControl)
	defer sub.Close()
	messages := sub.Channel()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return
			}
			verb, whom, _ := strings.Cut(m.Payload, " ")
			switch {
			case verb == verbCancel:
				c.Cancelled()
			case verb == verbStop && whom == q.opts.Worker:
				c.Stop()
			case verb == verbSchedule:
				c.Scheduled()
			}
		case <-ctx.Done():
			return
		}
	}
}
