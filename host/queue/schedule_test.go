package queue

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/schedule"
)

const nightly = "nightly"

// never has one tick, in the year 9999: those of a test are forged before it.
var never = schedule.Spec{At: "9999-01-01T00:00:00Z"}

// scheduled is a Redis with schedules in it.
type scheduled struct {
	*testBundle
	*Schedules
}

func withSchedules(t *testing.T, rdb redis.UniversalClient) *scheduled {
	t.Helper()
	s, err := NewSchedules(rdb)
	require.NoError(t, err)
	one, _ := rdb.(*redis.Client)
	return &scheduled{setup(t, one), s}
}

func template(dialect string) Schedule {
	s := Schedule{Name: nightly, Spec: never, Job: Submission{Job: job.Job{
		Dialect: dialect, Circle: alice, Type: "rhai", Payload: []byte("40 + 2"), Timeout: 5 * time.Second, Retries: 2,
	}}}
	if dialect != HeroJobs {
		s.Job.Caller = bob
	}
	return s
}

func (s *scheduled) add(sc Schedule) Schedule {
	s.Helper()
	next, err := s.Put(s.Context(), sc, false)
	require.NoError(s, err)
	require.False(s, next.IsZero())
	return sc
}

// now is the server's time.
func (s *scheduled) now() time.Time {
	s.Helper()
	now, err := s.rdbOf().Time(s.Context()).Result()
	require.NoError(s, err)
	return now.UTC()
}

func (s *scheduled) rdbOf() redis.UniversalClient { return s.Schedules.rdb }

// forge makes a schedule wait for a tick, as if it had been written before.
func (s *scheduled) forge(circle, name string, tick time.Time) time.Time {
	s.Helper()
	tick = tick.Truncate(time.Second)
	ctx := s.Context()
	require.NoError(s, s.rdbOf().HSet(ctx, scheduleKey(circle, name), "next", tickMS(tick), "first", tickMS(tick)).Err())
	require.NoError(s, s.rdbOf().ZAdd(ctx, ownScope(circle)+inSchedules, redis.Z{Member: name, Score: float64(tick.UnixMilli())}).Err())
	return tick
}

func (s *scheduled) fire(q *Queue) FireReport {
	s.Helper()
	report, err := q.FireSchedules(s.Context())
	require.NoError(s, err)
	return report
}

// stored is a schedule as it stands.
func (s *scheduled) stored(name string) *Schedule {
	s.Helper()
	sc, err := s.Get(s.Context(), alice, name)
	require.NoError(s, err)
	return sc
}

// jobs returns the records of all jobs of alice in a dialect.
func (s *scheduled) jobs(dialect string) []Record {
	s.Helper()
	records, err := s.producers[dialect].List(s.Context(), Filter{Circle: alice}, 10_000)
	require.NoError(s, err)
	return records
}

var everyType = Wanted{Types: []string{"rhai", "rhaiscript"}}

func TestATickGivesAJobInEachDialect(t *testing.T) {
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				s := withSchedules(t, rdb)
				q := s.queue(Options{Circles: []string{alice}, Dialects: []string{dialect}})
				s.add(template(dialect))
				require.Empty(t, s.fire(q).Fired)
				tick := s.forge(alice, nightly, s.now())
				fired := s.fire(q).Fired
				require.Len(t, fired, 1)
				require.Equal(t, Fired{alice, nightly, tick, fired[0].Job}, fired[0])
				require.Empty(t, s.fire(q).Fired)

				c, err := q.Claim(t.Context(), everyType, 10)
				require.NoError(t, err)
				require.Equal(t, []string{fired[0].Job}, idsOf(c.Jobs))
				one := c.Jobs[0]
				require.Empty(t, one.Refusal)
				require.Equal(t, "40 + 2", string(one.Job.Payload))
				require.Equal(t, 5*time.Second, one.Job.Timeout)
				require.Equal(t, 2, one.Job.Retries)
				ref := Ref{ID: one.Job.ID, Circle: alice}
				r, err := s.producers[dialect].Get(t.Context(), ref)
				require.NoError(t, err)
				names := []string{"henge:schedule", "henge:tick"}
				if dialect == Henge {
					names = []string{"schedule", "tick"}
				}
				require.Equal(t, nightly, r.Fields[names[0]], r.Fields)
				require.Equal(t, tickText(tick), r.Fields[names[1]], r.Fields)

				after := s.stored(nightly)
				require.Equal(t, tick, after.Last)
				require.Equal(t, fired[0].Job, after.LastJob)
				require.Equal(t, 9999, after.Next.Year())
			})
		})
	}
}

// All that a template has arrives in the job.
func TestTemplateArrivesWhole(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		sc := template(Henge)
		sc.Job.Payload = []byte("\x00\xff|\r\n")
		sc.Job.Env = map[string]string{"A": "b"}
		sc.Job.Limits = job.Limits{Fuel: 7, Wall: time.Second}
		sc.Job.Backoff = Backoff{Growth: Linear, First: time.Second, NoJitter: true}
		sc.Job.Channel, sc.Job.Priority = "backup", 3
		s.add(sc)
		s.forge(alice, nightly, s.now())
		q := s.queue(Options{Circles: []string{alice}})
		require.Len(t, s.fire(q).Fired, 1)
		require.EqualValues(t, 1, rdb.LLen(t.Context(), "henge:{alice}:q:rhai:high").Val())
		c, err := q.Claim(t.Context(), everyType, 1)
		require.NoError(t, err)
		got := c.Jobs[0].Job
		require.Equal(t, sc.Job.Payload, got.Payload)
		require.Equal(t, sc.Job.Env, got.Env)
		require.Equal(t, sc.Job.Limits, got.Limits)
		require.Equal(t, bob, got.Caller)
		require.Equal(t, sc.Job.Backoff, *c.Jobs[0].backoff)
		require.Equal(t, "backup", rdb.HGet(t.Context(), "henge:{alice}:job:"+got.ID, "channel").Val())

		topic := template(HeroJobs)
		topic.Name, topic.Job.Topic, topic.Job.Circle = "t", "My Topic", "Alice"
		s.add(topic)
		s.forge(alice, "t", s.now())
		require.Equal(t, "1", s.fire(q).Fired[0].Job)
		require.EqualValues(t, 1, rdb.Exists(t.Context(), "herojobs:alice:my_topic:1").Val())
	})
}

// Many workers that see the same ticks at the same time write one job for each.
func TestManyWorkersOneJobForEachTick(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		const n = 20
		for i := range n {
			sc := template(Dialects()[i%4])
			sc.Name = fmt.Sprint("s", i)
			s.add(sc)
			s.forge(alice, sc.Name, s.now())
		}
		var all sync.WaitGroup
		fired := make([]int, 5)
		for i := range fired {
			q := s.queue(Options{})
			all.Go(func() {
				for range 3 {
					report, err := q.FireSchedules(t.Context())
					if err != nil {
						t.Error(err)
					}
					fired[i] += len(report.Fired)
				}
			})
		}
		all.Wait()
		sum := 0
		for _, n := range fired {
			sum += n
		}
		require.Equal(t, n, sum)
		for _, d := range Dialects() {
			require.Len(t, s.jobs(d), n/4, d)
		}
	})
}

// Workers whose clocks are wrong fire what the server's clock says. The clock
// of such a worker is the one of its bubble.
func TestAWorkersClockDecidesNothing(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	rdb := redistest.Client(t, server)
	s := withSchedules(t, rdb)
	due, early := template(Hero), template(Hero)
	due.Name, early.Name = "due", "early"
	now := s.now()
	for name, off := range map[string]time.Duration{
		"right": 0, "slow": -5 * time.Minute, "fast": 5 * time.Minute, "of another time": time.Until(time.Unix(1e9, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			s.add(due)
			s.add(early)
			tick := s.forge(alice, "due", s.now())
			s.forge(alice, "early", s.now().Add(time.Minute))
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Until(now.Add(off))) // the bubble's clock
				require.WithinDuration(t, now.Add(off), time.Now(), time.Second)
				rdb := redistest.Client(t, server)
				q, err := New(rdb, Options{AllCircles: true})
				require.NoError(t, err)
				report, err := q.FireSchedules(t.Context())
				require.NoError(t, err)
				require.Equal(t, []Fired{{alice, "due", tick, "alice/due@" + tickText(tick)}}, report.Fired)
				require.Equal(t, schedulesAtLeast, report.Next)
				require.NoError(t, rdb.Close())
			})
			require.Len(t, s.jobs(Hero), 1)
		})
	}
}

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

// A worker that is killed between reading and firing has changed nothing, and
// one that is killed after it has done all.
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

// Where there are no schedules, a worker asks one cheap question.
func TestNoSchedulesCostNearlyNothing(t *testing.T) {
	rdb := redistest.Real(t)
	s := withSchedules(t, rdb)
	q := s.queue(Options{Circles: numbered("c", 1000)})
	require.NoError(t, rdb.ConfigResetStat(t.Context()).Err())
	require.Equal(t, schedulesAtLeast, s.fire(q).Next)
	stats := rdb.Info(t.Context(), "commandstats").Val()
	require.Contains(t, stats, "cmdstat_smembers:calls=1,")
	require.NotContains(t, stats, "eval")
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
			"caller \"\\x1b\" is no name":          func(sc *Schedule) { sc.Job.Caller = "\x1b" },
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
