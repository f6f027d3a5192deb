package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"
)

// killed kills workers at random moments while jobs come all the time, so that
// there is always one to lose.
func killed(ctx context.Context, t *trial) error {
	return t.disturbed(ctx, func(ctx context.Context) error { return t.killSome(ctx, t.Kills) })
}

// killSome kills one worker after the other; another one takes its place.
func (t *trial) killSome(ctx context.Context, n int) error {
	for range n {
		if err := pause(ctx, 20*time.Millisecond+rand.N(60*time.Millisecond)); err != nil {
			return err
		}
		running := t.crew.running()
		one := running[rand.IntN(len(running))]
		t.crew.kill(one)
		if _, err := t.crew.start(func(s *settings) { s.Skew = one.skew }); err != nil {
			return err
		}
	}
	return nil
}

// clockOff is how far a worker's clock is off.
const clockOff = 5 * time.Minute

// skewed has workers whose clocks are ahead and behind, and kills some, since
// it is by the clock that their jobs are taken back.
func skewed(ctx context.Context, t *trial) error {
	return t.disturbed(ctx, func(ctx context.Context) error {
		for i, one := range t.crew.running() {
			off := clockOff
			if i == 0 {
				off = -clockOff
			}
			t.crew.kill(one)
			if _, err := t.crew.start(func(s *settings) { s.Skew = off }); err != nil {
				return err
			}
		}
		if _, err := t.submit(ctx, t.longTasks(50, t.Lease/2)); err != nil {
			return err
		}
		return t.killSome(ctx, 3)
	})
}

// longTasks take more than it takes to stop a worker.
func (t *trial) longTasks(n int, d time.Duration) []submission {
	many := make([]submission, n)
	for i := range many {
		many[i] = t.task(d)
	}
	return many
}

// stopped stops a worker that has jobs and lets it go on when their leases are
// long over, and does the same with one that then tries to write whatever a
// worker may.
func stopped(ctx context.Context, t *trial) error {
	return t.disturbed(ctx, func(ctx context.Context) error {
		if t.Claim == Safe {
			if err := t.writeTooLate(ctx); err != nil {
				return err
			}
		}
		// Enough for every slot.
		one := t.crew.running()[0]
		if _, err := t.submit(ctx, t.longTasks(6*t.crew.settings.Slots, t.Lease/2)); err != nil {
			return err
		}
		if err := pause(ctx, t.Lease/4); err != nil {
			return err
		}
		t.crew.lose(one)
		if err := freeze(one.cmd.Process.Pid); err != nil {
			return err
		}
		if err := pause(ctx, t.Lease*3/2); err != nil {
			return err
		}
		return thaw(one.cmd.Process.Pid)
	})
}

// writeTooLate has a worker claim jobs, stops it until others have ended them,
// and counts what of its writes is refused: all.
func (t *trial) writeTooLate(ctx context.Context) error {
	one, err := t.crew.start(func(s *settings) { s.Holds = true })
	if err != nil {
		return err
	}
	held, err := one.hears(ctx, saysHeld, t.Patience)
	if err != nil {
		return err
	}
	t.crew.lose(one)
	if err := freeze(one.cmd.Process.Pid); err != nil {
		return err
	}
	before := map[string]map[string]string{}
	for deadline := time.Now().Add(t.Patience); len(before) < len(held.Jobs); {
		for _, id := range held.Jobs {
			if fields := t.rdb.HGetAll(ctx, heroJob+id).Val(); fields["status"] == "finished" {
				before[id] = fields
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("the jobs of a stopped worker were not ended by others")
		}
	}
	if err := thaw(one.cmd.Process.Pid); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(one.in); err != nil {
		return err
	}
	tried, err := one.hears(ctx, saysTried, t.Patience)
	if err != nil {
		return err
	}
	t.Log.Info("writes of a worker that was stopped past its lease", "refused", tried.Refused, "accepted", len(tried.Accepted))
	if tried.Refused != kindsOfWrites*len(held.Jobs) {
		t.fault("a worker that was stopped past its lease could write: %v", tried.Accepted)
	}
	for _, id := range held.Jobs {
		logs := t.rdb.Exists(ctx, "henge:log:hero|"+id).Val()
		if after := t.rdb.HGetAll(ctx, heroJob+id).Val(); !maps.Equal(before[id], after) || logs > 0 {
			t.fault("a worker that was stopped past its lease has changed job %s", id)
		}
	}
	return nil
}

// hears waits for what a holder says.
func (m *member) hears(ctx context.Context, what string, most time.Duration) (line, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		select {
		case l := <-m.said:
			if l.Message == what {
				return l, nil
			}
		case <-m.done:
			return line{}, fmt.Errorf("%s ended before it said %q", m.name, what)
		case <-ctx.Done():
			return line{}, fmt.Errorf("%s did not say %q: %w", m.name, what, context.Cause(ctx))
		}
	}
}
