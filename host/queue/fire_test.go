package queue

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/schedule"
)

func TestMissedTicks(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		q := s.queue(Options{})
		hour := schedule.Spec{Cron: "0 * * * *"}
		for name, c := range map[string]struct {
			spec   schedule.Spec
			policy schedule.Policy
			ago    time.Duration
			least  int // jobs
		}{
			"skip, just now":        {never, schedule.Skip, 10 * time.Second, 1},
			"skip, after two hours": {never, schedule.Skip, 2 * time.Hour, 0},
			"once, after two days":  {never, schedule.Once, 48 * time.Hour, 1},
			"all, of 5 hours":       {hour, schedule.All, 5 * time.Hour, 5},
			"all, of 4 minutes":     {schedule.Spec{Every: "1s"}, schedule.All, 240 * time.Second, 240},
			"once, of 4 minutes":    {schedule.Spec{Every: "1s"}, schedule.Once, 240 * time.Second, 1},
		} {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				sc := template(Hero)
				sc.Spec, sc.Missed = c.spec, c.policy
				s.add(sc)
				first := s.forge(alice, nightly, s.now().Add(-c.ago))
				var ticks []time.Time
				report := s.fire(q)
				for calls := 1; ; calls++ {
					for _, f := range report.Fired {
						if f.Job != "" {
							ticks = append(ticks, f.Tick)
						}
					}
					if report.Next > 0 {
						require.LessOrEqual(t, calls, 4, "a hundred of each schedule in one call")
						break
					}
					report = s.fire(q)
				}
				require.GreaterOrEqual(t, len(ticks), c.least)
				require.LessOrEqual(t, len(ticks), c.least+10, "those of the test's own time")
				require.Len(t, s.jobs(Hero), len(ticks))
				require.True(t, s.stored(nightly).Next.After(s.now().Add(-time.Second)))
				if c.policy == schedule.All {
					want := append([]time.Time{first}, s.stored(nightly).ticks.NextN(first, len(ticks)-1)...)
					require.Equal(t, want, ticks)
				}
				if c.least == 0 {
					require.Equal(t, []Fired{{alice, nightly, first, ""}}, report.Fired)
				}
			})
		}
	})
}

// A worker that read a schedule, and fires it when somebody else has changed it.
func TestLateWorkerWritesNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		q := s.queue(Options{})
		p := s.producers[Hero]
		for name, c := range map[string]struct {
			change func()
			want   string
			jobs   int
		}{
			"another was faster": {func() { require.Len(t, s.fire(q).Fired, 1) }, "moved", 1},
			"replaced": {func() {
				_, err := s.Put(t.Context(), template(Hero), true)
				require.NoError(t, err)
			}, "changed", 0},
			"paused": {func() { require.NoError(t, s.Pause(t.Context(), alice, nightly)) }, "paused", 0},
			"paused and resumed": {func() {
				require.NoError(t, s.Pause(t.Context(), alice, nightly))
				require.NoError(t, s.Resume(t.Context(), alice, nightly))
			}, "moved", 0},
			"removed": {func() { require.NoError(t, s.Remove(t.Context(), alice, nightly)) }, "changed", 0},
			"removed and written again": {func() {
				require.NoError(t, s.Remove(t.Context(), alice, nightly))
				s.add(template(Hero))
			}, "changed", 0},
			"the server's clock went back": {func() { s.forge(alice, nightly, s.now().Add(time.Minute)) }, "early", 0},
		} {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				s.add(template(Hero))
				s.forge(alice, nightly, s.now())
				read := s.stored(nightly)
				c.change()
				if c.want == "early" {
					read.Next = s.stored(nightly).Next
				}
				before := s.snapshot()
				answer, err := fire(t.Context(), p, read, turns(read, read.Next)[0])
				require.NoError(t, err)
				require.Equal(t, fireAnswer{c.want, ""}, answer)
				require.Equal(t, before, s.snapshot())
				require.Len(t, s.jobs(Hero), c.jobs)
			})
		}
		t.Run("no step back", func(t *testing.T) {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			s.add(template(Hero))
			tick := s.forge(alice, nightly, s.now())
			_, err := fire(t.Context(), p, s.stored(nightly), turn{from: tick, next: tick, tick: tick})
			require.ErrorContains(t, err, "the tick after")
			require.Empty(t, s.jobs(Hero))
		})
	})
}

// A schedule that has had its last tick stays as long as an ended job.
func TestEndedSchedulesGo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		q := s.queue(Options{})
		s.add(template(Hero))
		require.NoError(t, rdb.HSet(t.Context(), scheduleKey(alice, nightly), "spec", "at 2026-01-01T00:00:00Z").Err())
		s.forge(alice, nightly, s.now())
		require.Len(t, s.fire(q).Fired, 1)
		require.True(t, s.stored(nightly).Next.IsZero())
		require.InDelta(t, q.opts.JobTTL, rdb.PTTL(t.Context(), scheduleKey(alice, nightly)).Val(), float64(time.Minute))
		require.NoError(t, rdb.Del(t.Context(), scheduleKey(alice, nightly)).Err())
		require.NoError(t, rdb.ZAdd(t.Context(), "henge:{alice}:schedules", redis.Z{Member: nightly, Score: 1}).Err())
		require.Empty(t, s.fire(q).Notices)
		require.Zero(t, rdb.Exists(t.Context(), "henge:{alice}:schedules", keySchedules).Val())
	})
}

func TestOnlyWhatIsServedIsFired(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		for _, circle := range []string{alice, bob} {
			for _, dialect := range []string{Hero, Henge} {
				sc := template(dialect)
				sc.Name, sc.Job.Circle = dialect, circle
				s.add(sc)
				s.forge(circle, dialect, s.now())
			}
		}
		report := s.fire(s.queue(Options{Circles: []string{bob}, Dialects: []string{Henge}}))
		require.Len(t, report.Fired, 1)
		require.Equal(t, []string{bob, Henge}, []string{report.Fired[0].Circle, report.Fired[0].Schedule})
		require.Positive(t, report.Next, "what is due and another worker's is not asked for at once")
		require.Len(t, s.fire(s.queue(Options{})).Fired, 3)
	})
}

func TestASchedulesPlaceOnACluster(t *testing.T) {
	server := redistest.Server(t, localredis.Options{Args: []string{"--cluster-enabled", "yes"}})
	one := redistest.Client(t, server)
	require.NoError(t, one.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr()}, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = cluster.Close() })
	require.Eventually(t, func() bool { return cluster.Set(t.Context(), "x", 1, 0).Err() == nil }, soonest, tick)
	s := withSchedules(t, cluster)
	_, err := s.Put(t.Context(), template(Hero), false)
	require.ErrorContains(t, err, "the dialect")
	s.add(template(Henge))
	s.forge(alice, nightly, s.now())
	q, err := New(cluster, Options{AllCircles: true})
	require.NoError(t, err)
	require.Len(t, s.fire(q).Fired, 1)
	_, err = s.Trigger(t.Context(), alice, nightly)
	require.NoError(t, err)
	require.NoError(t, s.Pause(t.Context(), alice, nightly))
	require.NoError(t, s.Resume(t.Context(), alice, nightly))
	all, err := s.List(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.EqualValues(t, 2, cluster.LLen(t.Context(), "henge:{alice}:q:rhai").Val())
	require.NoError(t, s.Remove(t.Context(), alice, nightly))
	require.Empty(t, s.fire(q).Notices)
}
