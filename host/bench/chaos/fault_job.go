package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

type submission = queue.Submission

// oddIDs pushes ids before their jobs, twice, and such as have no job.
func oddIDs(ctx context.Context, t *trial) error {
	t.crew.settings.Limbo = 4 * t.Lease
	return t.disturbed(ctx, func(ctx context.Context) error {
		for i := range t.Jobs / 20 {
			id, key := fmt.Sprint("odd", i), fmt.Sprint(heroJob, "odd", i)
			var err error
			switch i % 4 {
			case 0: // the id first
				if err = t.rdb.LPush(ctx, list, id).Err(); err == nil {
					if err = pause(ctx, 20*time.Millisecond); err == nil {
						err = t.put(ctx, id)
						t.couldStart(id)
					}
				}
			case 1: // twice, and again when it has ended
				if err = t.put(ctx, id); err == nil {
					err = t.rdb.LPush(ctx, list, id, id).Err()
				}
			case 2: // no job at all
				if i%20 != 2 {
					continue // each waits for long
				}
				err = t.rdb.LPush(ctx, list, id).Err()
			case 3:
				if err = t.rdb.Set(ctx, key, "no hash", 0).Err(); err == nil {
					err = t.rdb.LPush(ctx, list, id).Err()
				}
			}
			if err != nil {
				return err
			}
			t.ledger.add(id)
		}
		return nil
	})
}

// put writes a job as a foreign producer does.
func (t *trial) put(ctx context.Context, id string) error {
	return t.rdb.HSet(ctx, heroJob+id, "id", id, "context_id", circle, "script", "1ms", "status", "dispatched").Err()
}

// How many small circles there are in a crowd, and how many jobs each has.
const (
	smallCircles = 50
	smallJobs    = 10
)

// crowd has a circle's many jobs wait in the list before those of small
// circles come. The recovery is the longest wait of a small circle's job.
func crowd(ctx context.Context, t *trial) error {
	large := t.Jobs * smallCircles
	for left := large; left > 0; left -= 5000 {
		many := t.longTasks(min(left, 5000), 0)
		if _, err := t.submit(ctx, many); err != nil {
			return err
		}
	}
	var small []submission
	for i := range smallCircles * smallJobs {
		one := t.task(0)
		one.Circle = fmt.Sprint("small", i%smallCircles)
		small = append(small, one)
	}
	ids, err := t.submit(ctx, small)
	if err != nil {
		return err
	}
	t.couldStart(ids...)
	for range 2 {
		if _, err := t.crew.start(nil); err != nil {
			return err
		}
	}
	if err := t.settle(ctx); err != nil {
		return err
	}
	return t.smallFirst(ctx, ids)
}

// smallFirst finds it wrong if the last of the small circles' jobs ended in
// the second half of all.
func (t *trial) smallFirst(ctx context.Context, ids []string) error {
	last := ""
	for _, id := range ids {
		ended, err := t.rdb.HGet(ctx, heroJob+id, "updated_at").Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		last = max(last, ended)
	}
	before, seen := 0, 0
	for i := 0; i < len(t.ledger.all)-len(ids); i += 97 { // a sample
		ended, err := t.rdb.HGet(ctx, heroJob+t.ledger.all[i], "updated_at").Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		seen++
		if ended < last {
			before++
		}
	}
	if before > seen/2 {
		t.fault("%d %% of the large circle's jobs ended before the last one of a small circle", 100*before/seen)
	}
	return nil
}

// hostileScripts are what a script's author may try.
func hostileScripts() []string {
	return []string{
		`loop {}`,
		`let s = "x"; loop { s += s; }`,
		`let a = []; loop { a.push("0123456789".to_blob()); }`,
		`fn f(x) { f(x + 1) } f(1)`,
		`loop { print("0123456789012345678901234567890123456789"); }`,
		`throw "no"`,
		`this is no script`,
	}
}

// hostile runs such scripts in the sandbox, and others beside them. The
// recovery is the longest time that one of the others waited for its start.
func hostile(ctx context.Context, t *trial) error {
	for range 2 {
		if _, err := t.crew.start(func(s *settings) { s.Sandboxed, s.Slots = true, 4 }); err != nil {
			return err
		}
	}
	script := func(text string) submission {
		return submission{Job: job.Job{Circle: circle, Caller: circle, Type: jobType, Payload: []byte(text), Timeout: time.Second}}
	}
	// What comes before the modules are loaded waits for that.
	first, err := t.submit(ctx, []submission{script("40 + 2")})
	if err != nil {
		return err
	}
	if err := t.settle(ctx); err != nil {
		return err
	}
	good := first
	for range max(t.Jobs/200, 1) {
		many := []submission{}
		for _, text := range hostileScripts() {
			many = append(many, script(text))
		}
		if _, err := t.submit(ctx, many); err != nil {
			return err
		}
		ids, err := t.submit(ctx, []submission{script("40 + 2"), script("40 + 2"), script("40 + 2")})
		if err != nil {
			return err
		}
		t.couldStart(ids...)
		good = append(good, ids...)
	}
	t.steady = true
	if err := t.settle(ctx); err != nil {
		return err
	}
	for _, id := range good {
		if output := t.rdb.HGet(ctx, heroJob+id, "output").Val(); output != "42" {
			t.fault("a script beside hostile ones gave %.40q", output)
		}
	}
	return nil
}
