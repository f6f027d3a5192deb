package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/schedule"
)

// Whoever writes a schedule again does not make it forget a tick.
func TestReplacingKeepsWhatIsDue(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		sc := s.add(template(Hero))
		_, err := s.Put(t.Context(), sc, false)
		require.ErrorIs(t, err, ErrScheduleExists)
		tick := s.forge(alice, nightly, s.now())
		sc.Job.Payload = []byte("new")
		next, err := s.Put(t.Context(), sc, true)
		require.NoError(t, err)
		require.Equal(t, tick, next)
		require.Len(t, s.fire(s.queue(Options{})).Fired, 1)
		jobs := s.jobs(Hero)
		require.Equal(t, "new", rdb.HGet(t.Context(), heroJob+jobs[0].ID, "script").Val())

		s.forge(alice, nightly, s.now())
		sc.Spec = schedule.Spec{Every: "24h"}
		next, err = s.Put(t.Context(), sc, true)
		require.NoError(t, err)
		require.True(t, next.After(s.now()), "another spec begins anew")
		require.Equal(t, tick, s.stored(nightly).Last)

		require.NoError(t, s.Pause(t.Context(), alice, nightly))
		_, err = s.Put(t.Context(), sc, true)
		require.NoError(t, err)
		require.True(t, s.stored(nightly).Paused)
	})
}

func TestPauseAndTrigger(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		q := s.queue(Options{})
		sc := template(Henge)
		sc.Spec, sc.Missed = schedule.Spec{Every: "1h"}, schedule.All
		s.add(sc)
		require.NoError(t, s.Pause(t.Context(), alice, nightly))
		require.NoError(t, s.Pause(t.Context(), alice, nightly))
		require.NoError(t, rdb.HSet(t.Context(), scheduleKey(alice, nightly), "next", tickMS(s.now().Add(-5*time.Hour)), "first", "1000").Err())
		require.Empty(t, s.fire(q).Fired)

		ref, err := s.Trigger(t.Context(), alice, nightly)
		require.NoError(t, err)
		require.Equal(t, ref.ID, s.stored(nightly).LastJob)
		require.True(t, s.stored(nightly).Last.IsZero())
		r, err := s.producers[Henge].Get(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, "40 + 2", r.Fields["payload"])

		require.NoError(t, s.Resume(t.Context(), alice, nightly))
		next := s.stored(nightly).Next
		require.True(t, next.After(s.now()), "ticks of a pause are not missed")
		require.NoError(t, s.Resume(t.Context(), alice, nightly))
		require.Empty(t, s.fire(q).Fired)
		require.Len(t, s.jobs(Henge), 1)

		tick := s.forge(alice, nightly, s.now())
		require.NoError(t, s.Resume(t.Context(), alice, nightly), "of one that is not paused")
		require.Equal(t, tick, s.fire(q).Fired[0].Tick, "what was due is due still")

		for name, err := range map[string]error{
			"pause": s.Pause(t.Context(), alice, "x"), "resume": s.Resume(t.Context(), alice, "x"), "remove": s.Remove(t.Context(), alice, "x"),
		} {
			require.ErrorIs(t, err, ErrNoSchedule, name)
		}
		_, err = s.Trigger(t.Context(), alice, "x")
		require.ErrorIs(t, err, ErrNoSchedule)
		_, err = s.Get(t.Context(), bob, nightly)
		require.ErrorIs(t, err, ErrNoSchedule)
	})
}

func TestPutRefuses(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		long := strings.Repeat("x", 10_000)
		for want, change := range map[string]func(*Schedule){
			`schedule name "" is not`:              func(sc *Schedule) { sc.Name = "" },
			`schedule name "a|b" is not`:           func(sc *Schedule) { sc.Name = "a|b" },
			`schedule name "\x00\x1b[2J" is not`:   func(sc *Schedule) { sc.Name = "\x00\x1b[2J" },
			`… (10000 bytes) is not 1 to 64`:       func(sc *Schedule) { sc.Name = long },
			`schedule name "` + long[:66]:          func(sc *Schedule) { sc.Name = long[:66] },
			"schedule has 0 of at, every and cron": func(sc *Schedule) { sc.Spec = schedule.Spec{} },
			`cron: minute "60"`:                    func(sc *Schedule) { sc.Spec = schedule.Spec{Cron: "60 * * * *"} },
			"not a duration":                       func(sc *Schedule) { sc.Spec = schedule.Spec{Every: long} },
			"has no tick that is still to come":    func(sc *Schedule) { sc.Spec = schedule.Spec{At: "2001-01-01T00:00:00Z"} },
			"Policy(7)":                            func(sc *Schedule) { sc.Missed = 7 },
			"no id of their own":                   func(sc *Schedule) { sc.Job.ID = "x" },
			"wait for no others":                   func(sc *Schedule) { sc.Job.After = []string{"x"} },
			"run at the ticks":                     func(sc *Schedule) { sc.Job.In = time.Second },
			"the dialect \"klingon\" is not":       func(sc *Schedule) { sc.Job.Dialect = "klingon" },
			"the dialect \"\" is not":              func(sc *Schedule) { sc.Job.Dialect = "" },
			"circle \"a b\" is not":                func(sc *Schedule) { sc.Job.Circle = "a b" },
			"caller \"\\x1b\" is not":              func(sc *Schedule) { sc.Job.Caller = "\x1b" },
			"have a priority":                      func(sc *Schedule) { sc.Job.Priority = 1 },
			"have a topic":                         func(sc *Schedule) { sc.Job.Topic = "t" },
			"cannot be a variable":                 func(sc *Schedule) { sc.Job.Env = map[string]string{"a=": "b"} },
		} {
			sc := template(Hero)
			change(&sc)
			_, err := s.Put(t.Context(), sc, false)
			require.ErrorContains(t, err, want)
			require.Less(t, len(err.Error()), 600)
		}
		require.Empty(t, s.snapshot())

		s.Most = 2
		for _, name := range []string{"a", "b"} {
			sc := template(Hero)
			sc.Name = name
			s.add(sc)
		}
		_, err := s.Put(t.Context(), template(Hero), false)
		require.ErrorIs(t, err, ErrSchedulesFull)
		again := template(Hero)
		again.Name = "a"
		_, err = s.Put(t.Context(), again, true)
		require.NoError(t, err)
		again.Job.Circle = bob
		s.add(again)
	})
}
