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

// Whatever somebody does to a schedule with redis-cli, it is said, the others
// go on, and nothing is asked again and again.
func TestDamagedSchedules(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	set := func(fields ...any) func(*scheduled) error {
		return func(s *scheduled) error {
			return s.testBundle.rdb.HSet(s.Context(), scheduleKey(alice, nightly), fields...).Err()
		}
	}
	del := func(fields ...string) func(*scheduled) error {
		return func(s *scheduled) error {
			return s.testBundle.rdb.HDel(s.Context(), scheduleKey(alice, nightly), fields...).Err()
		}
	}
	damages := map[string]struct {
		damage func(*scheduled) error
		notice string // empty: nothing is to be said
	}{
		"no spec":                  {del("spec"), "schedule is empty"},
		"a spec":                   {set("spec", "\x1b[2J"+long), "schedule has 10004 bytes"},
		"a cron":                   {set("spec", "cron * * * * * * * *"), "has 8 fields"},
		"a policy":                 {set("missed", "perhaps"), "skip, once and all"},
		"no policy":                {del("missed"), "skip, once and all"},
		"no payload":               {del("payload"), "payload is missing"},
		"a timeout":                {set("timeout_ms", "soon"), "timeout_ms \"soon\""},
		"retries":                  {set("retries", "-1"), "retries \"-1\""},
		"limits":                   {set("limits", "{]"), "limits"},
		"an environment":           {set("env", "1"), "env"},
		"a priority":               {set("priority", "high"), "priority \"high\""},
		"a type":                   {set("type", "\x00"), "type"},
		"another type":             {set("type", long[:100]+"|"), "type"},
		"a dialect":                {set("dialect", long), "is no dialect"},
		"no dialect":               {del("dialect"), "is no dialect"},
		"a circle":                 {set("circle", bob), "circle \"bob\" is not that of the key"},
		"a revision":               {del("revision"), "revision is missing"},
		"a next":                   {set("next", "tomorrow"), "next \"tomorrow\""},
		"a next of 0":              {set("next", "0"), "next \"0\""},
		"a huge next":              {set("next", long), "next"},
		"an early next":            {set("next", "1000", "missed", "all", "spec", "every 1s"), "before the first tick"},
		"a last":                   {set("last", "x"), "last \"x\""},
		"a list of another format": {set("queue", "rhai_tasks:alice"), "is no list of the hero dialect"},
		"another kind of key": {func(s *scheduled) error {
			key := scheduleKey(alice, nightly)
			return s.testBundle.rdb.Del(s.Context(), key).Err()
		}, ""},
		"a key of the wrong type": {func(s *scheduled) error {
			return s.testBundle.rdb.Set(s.Context(), scheduleKey(alice, nightly), "x", 0).Err()
		}, "something other than a hash"},
		"a list that is none": {func(s *scheduled) error {
			return s.testBundle.rdb.Set(s.Context(), heroType+"rhai", "x", 0).Err()
		}, "cannot be written"},
		"a job of that id": {func(s *scheduled) error {
			id := "alice/" + nightly + "@" + tickText(s.stored(nightly).Next)
			return s.testBundle.rdb.HSet(s.Context(), heroJob+id, "x", "y").Err()
		}, "gave no job: there is a job alice/nightly@"},
		"names": {func(s *scheduled) error {
			return s.testBundle.rdb.ZAdd(s.Context(), "henge:{alice}:schedules",
				redis.Z{Member: long}, redis.Z{Member: "\x00\n"}, redis.Z{Member: nightly, Score: 99e12}).Err()
		}, "held a name of 10000 bytes"},
		"times": {func(s *scheduled) error {
			_, err := s.testBundle.rdb.TxPipelined(s.Context(), func(pipe redis.Pipeliner) error {
				next := tickMS(s.now().Add(time.Hour))
				pipe.HSet(s.Context(), scheduleKey(alice, nightly), "next", next)
				return pipe.ZAdd(s.Context(), "henge:{alice}:schedules", redis.Z{Member: nightly, Score: -1}).Err()
			})
			return err
		}, ""},
		"a pause": {set("paused", "yes"), ""},
		"circles": {func(s *scheduled) error {
			return s.testBundle.rdb.SAdd(s.Context(), keySchedules, "", long, "}{:", "nobody").Err()
		}, "which is no circle"},
		"a circle's schedules": {func(s *scheduled) error {
			_, err := s.testBundle.rdb.TxPipelined(s.Context(), func(pipe redis.Pipeliner) error {
				pipe.SAdd(s.Context(), keySchedules, "carol")
				return pipe.Set(s.Context(), "henge:{carol}:schedules", "x", 0).Err()
			})
			return err
		}, "holds a string, not a sorted set"},
	}
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		for name, c := range damages {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				q := s.queue(Options{})
				s.add(template(Hero))
				other := template(Henge)
				other.Name = "other"
				s.add(other)
				s.forge(alice, nightly, s.now())
				s.forge(alice, "other", s.now())
				require.NoError(t, c.damage(s))
				report := s.fire(q)
				require.Contains(t, firedNames(report), "other")
				text := ""
				for _, n := range report.Notices {
					text += n.String() + "\n"
				}
				if c.notice == "" {
					require.Empty(t, text)
				} else {
					require.Contains(t, text, c.notice)
					require.Less(t, len(text), 2000)
				}
				// Once more, as the worker does at once or soon: nothing is said twice.
				require.Positive(t, report.Next)
				before := s.jobs(Hero)
				report = s.fire(q)
				require.Empty(t, report.Notices)
				require.Empty(t, report.Fired)
				require.Positive(t, report.Next)
				require.Len(t, s.jobs(Hero), len(before))

				all, err := s.List(t.Context(), "")
				require.NoError(t, err)
				require.Contains(t, shownNames(all), "other")
				// To write it again, or to remove it, is always the way out.
				_, err = s.Put(t.Context(), template(Hero), true)
				require.NoError(t, err)
				require.NoError(t, s.Remove(t.Context(), alice, nightly))
			})
		}
		t.Run("the circles' own key", func(t *testing.T) {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			require.NoError(t, rdb.Set(t.Context(), keySchedules, "x", 0).Err())
			q := s.queue(Options{})
			require.Len(t, s.fire(q).Notices, 1)
			require.Empty(t, s.fire(q).Notices)
		})
	})
}

func shownNames(all []*Schedule) []string {
	var names []string
	for _, sc := range all {
		names = append(names, sc.Name)
	}
	return names
}

func firedNames(r FireReport) []string {
	var names []string
	for _, f := range r.Fired {
		names = append(names, f.Schedule)
	}
	return names
}

// A damaged one is shown with what is wrong, and repaired by hand it goes on.
func TestRepairedByHand(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		q := s.queue(Options{})
		sc := template(Hero)
		sc.Missed = schedule.Once
		s.add(sc)
		tick := s.forge(alice, nightly, s.now())
		key := scheduleKey(alice, nightly)
		require.NoError(t, rdb.HSet(t.Context(), key, "timeout_ms", "x").Err())
		require.Empty(t, s.fire(q).Fired)
		all, err := s.List(t.Context(), "")
		require.NoError(t, err)
		require.Contains(t, all[0].Problem, "timeout_ms")
		_, err = s.Trigger(t.Context(), alice, nightly)
		require.ErrorContains(t, err, "damaged")

		require.NoError(t, rdb.HSet(t.Context(), key, "timeout_ms", "1000").Err())
		score := rdb.ZScore(t.Context(), "henge:{alice}:schedules", nightly).Val()
		require.InDelta(t, s.now().Add(damagedFor).UnixMilli(), score, 10_000, "it is looked at again after a minute")
		require.NoError(t, rdb.ZAdd(t.Context(), "henge:{alice}:schedules", redis.Z{Member: nightly, Score: 1}).Err())
		require.Equal(t, tick, s.fire(q).Fired[0].Tick)
	})
}

// A job of a tick that the server has no memory for is not lost.
func TestFullServerKeepsTheTick(t *testing.T) {
	rdb := redistest.Real(t)
	s := withSchedules(t, rdb)
	q := s.queue(Options{})
	s.add(template(Hero))
	tick := s.forge(alice, nightly, s.now())
	require.NoError(t, rdb.ConfigSet(t.Context(), "maxmemory", "1").Err())
	report := s.fire(q)
	require.Empty(t, report.Fired)
	require.Len(t, report.Notices, 1)
	require.Contains(t, report.Notices[0].Text, "OOM")
	require.Equal(t, tick, s.stored(nightly).Next)
	require.Empty(t, s.fire(q).Notices)
	require.NoError(t, rdb.ConfigSet(t.Context(), "maxmemory", "0").Err())
	s.forge(alice, nightly, tick) // or a few seconds later
	require.Equal(t, tick, s.fire(q).Fired[0].Tick)
	require.Len(t, s.jobs(Hero), 1)
}
