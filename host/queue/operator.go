package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrServed is returned for what must not be done to a list while workers take
// from it.
var ErrServed = errors.New("workers take from it")

const (
	drainEvery   = 250 * time.Millisecond
	purgedAtOnce = 200  // ids ended in one call, some milliseconds of the server's time
	movedAtOnce  = 1000 // ids given back in one call
)

// Operator is an operator's side of the queue: it looks at lists and dead
// letters, in small steps that hold up nobody, and changes what becomes of
// them. It is safe for concurrent use and has nothing to close.
type Operator struct {
	rdb      redis.UniversalClient
	dialects []dialect
	opts     Options
	scripts  *scripts
}

// NewOperator returns an operator for dialects, all for none named. What New
// says of rdb holds here too.
func NewOperator(rdb redis.UniversalClient, dialects ...string) (*Operator, error) {
	q, err := New(rdb, Options{AllCircles: true, Dialects: dialects})
	if err != nil {
		return nil, err
	}
	return &Operator{rdb: rdb, dialects: q.dialects, opts: q.opts, scripts: q.scripts}, nil
}

// Check returns an error for what is no name of a list of jobs.
func (o *Operator) Check(list string) error {
	_, err := o.dialectOf(list)
	return err
}

// Pause has nothing handed out of a list any more; what runs goes on.
func (o *Operator) Pause(ctx context.Context, list string) error {
	return o.setPaused(ctx, list, "pause", o.rdb.SAdd)
}

// Resume ends Pause.
func (o *Operator) Resume(ctx context.Context, list string) error {
	return o.setPaused(ctx, list, "resume", o.rdb.SRem)
}

func (o *Operator) setPaused(ctx context.Context, list, verb string, do func(context.Context, string, ...any) *redis.IntCmd) error {
	if _, err := o.dialectOf(list); err != nil {
		return fmt.Errorf("%s queue: %w", verb, err)
	}
	_, err := within(ctx, func() (int64, error) { return do(ctx, scopeOf(list)+inPaused, list).Result() })
	if err != nil {
		return fmt.Errorf("%s queue %s: %w", verb, quoteShort(list), err)
	}
	return nil
}

// Drain pauses a list and returns when none of its jobs runs, or at the end of
// ctx; the list then stays paused. It tells how many still run, first and
// whenever that changes.
func (o *Operator) Drain(ctx context.Context, list string, running func(int)) error {
	if err := o.Pause(ctx, list); err != nil {
		return err
	}
	for last := -1; ; {
		n, err := o.running(ctx, list)
		if err != nil {
			return fmt.Errorf("drain queue %s: %w", quoteShort(list), err)
		}
		if n != last {
			running(n)
		}
		if last = n; n == 0 {
			return nil
		}
		if err := sleep(ctx, drainEvery); err != nil {
			return fmt.Errorf("drain queue %s: %w", quoteShort(list), err)
		}
	}
}

func (o *Operator) running(ctx context.Context, list string) (int, error) {
	ids, err := o.idsIn(ctx, inLease, list)
	return len(ids), err
}

// idsIn returns the ids of a list's jobs in one of the sorted sets of its scope.
func (o *Operator) idsIn(ctx context.Context, set, list string) ([]string, error) {
	d, err := o.dialectOf(list)
	if err != nil {
		return nil, err
	}
	prefix := d.name() + "|" + list + "|"
	seen := map[string]bool{}
	var ids []string
	err = scanMembers(ctx, o.rdb, scopeOf(list)+set, literal(prefix)+"*", func(m string) {
		if id := strings.TrimPrefix(m, prefix); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	})
	return ids, err
}

// Purge ends all jobs of a list that wait, for their turn or for anything else,
// as cancelled; producers see it and get their replies. It does so in batches
// and tells after each how many were ended so far. What runs goes on. After an
// error some were ended.
func (o *Operator) Purge(ctx context.Context, list, reason string, ended func(int)) (int, error) {
	d, err := o.dialectOf(list)
	if err != nil {
		return 0, fmt.Errorf("purge queue: %w", err)
	}
	if reason == "" {
		reason = defaultCancel
	}
	var others []string
	for _, set := range []string{inDue, inWaiting} {
		ids, err := o.idsIn(ctx, set, list)
		if err != nil {
			return 0, fmt.Errorf("purge queue %s: %w", quoteShort(list), err)
		}
		others = append(others, ids...)
	}
	held, err := o.held(ctx, list)
	if err != nil {
		return 0, fmt.Errorf("purge queue %s: %w", quoteShort(list), err)
	}
	for _, h := range held {
		others = append(others, h.id)
	}
	total := 0
	for more := true; more || len(others) > 0; {
		args := o.opts.args(d.name(), purgedAtOnce, reason)
		part := others[:min(len(others), purgedAtOnce)]
		for _, id := range part {
			args = append(args, id)
		}
		reply, err := o.scripts.purge.run(ctx, o.rdb, []string{list}, args...)
		if err != nil {
			return total, fmt.Errorf("purge queue %s: %w", quoteShort(list), err)
		}
		c := newCursor(reply)
		more = c.int() > 0
		n := int(c.int())
		if err := c.err(); err != nil {
			return total, fmt.Errorf("purge queue %s: %w", quoteShort(list), err)
		}
		others = others[len(part):]
		if total += n; n > 0 && ended != nil {
			ended(total)
		}
	}
	return total, nil
}

// heldJob is one that waits for room in a channel.
type heldJob struct{ channel, id string }

// held returns a list's jobs that wait for room in their channels.
func (o *Operator) held(ctx context.Context, list string) ([]heldJob, error) {
	d, err := o.dialectOf(list)
	if err != nil {
		return nil, err
	}
	var held []heldJob
	err = o.eachHeld(ctx, scopeOf(list), func(channel, m string) {
		if id, ok := strings.CutPrefix(m, d.name()+"|"+list+"|"); ok {
			held = append(held, heldJob{channel, id})
		}
	})
	return held, err
}

// eachHeld gives all jobs of a scope that wait for room in a channel.
func (o *Operator) eachHeld(ctx context.Context, scope string, f func(channel, member string)) error {
	_, err := within(ctx, func() (struct{}, error) {
		channels, err := o.rdb.ZRange(ctx, scope+inHeld, 0, -1).Result()
		for _, channel := range channels {
			for at := int64(0); err == nil; at += scanned {
				var members []string
				if members, err = o.rdb.LRange(ctx, scope+inHold+channel, at, at+scanned-1).Result(); len(members) == 0 {
					break
				}
				for _, m := range members {
					f(channel, m)
				}
			}
		}
		return struct{}{}, err
	})
	return err
}

// Restore gives the ids that were taken apart from a shared list back to it, in
// front and in their order, for an upstream worker to take: henge's own would
// take them apart again. So while there are any that serve the list it returns
// ErrServed, unless it is forced. It returns how many were given back. Jobs that
// wait for a time, for a retry or for other jobs stay where they are.
func (o *Operator) Restore(ctx context.Context, list string, force bool) (int, error) {
	d, err := o.dialectOf(list)
	if err != nil {
		return 0, fmt.Errorf("restore queue: %w", err)
	}
	if d.name() != Hero {
		return 0, fmt.Errorf("restore queue %s: only lists of the dialect %s are shared by circles and taken apart", quoteShort(list), Hero)
	}
	if !force {
		if err := o.unserved(ctx, list); err != nil {
			return 0, fmt.Errorf("restore queue %s: %w", quoteShort(list), err)
		}
	}
	held, err := o.held(ctx, list)
	if err != nil {
		return 0, fmt.Errorf("restore queue %s: %w", quoteShort(list), err)
	}
	total := 0
	for {
		args := o.opts.args(d.name(), movedAtOnce)
		part := held[:min(len(held), movedAtOnce)]
		for _, h := range part {
			args = append(args, h.channel, h.id)
		}
		held = held[len(part):]
		reply, err := o.scripts.restore.run(ctx, o.rdb, []string{list}, args...)
		if err != nil {
			return total, fmt.Errorf("restore queue %s: %w", quoteShort(list), err)
		}
		n, _ := reply.(int64)
		if total += int(n); n == 0 && len(held) == 0 {
			return total, nil
		}
	}
}

// unserved returns ErrServed where a live worker takes from a list of Hero.
func (o *Operator) unserved(ctx context.Context, list string) error {
	all, err := Workers(ctx, o.rdb)
	if err != nil {
		return err
	}
	for _, w := range all {
		// One that does not say what it serves may be about to serve this.
		if len(w.Types) == 0 || typeOfHero(list, Wanted{Types: w.Types}) != "" {
			return fmt.Errorf("%w: %s is there and would take the jobs apart again; stop it first", ErrServed, w.Worker)
		}
	}
	return nil
}
