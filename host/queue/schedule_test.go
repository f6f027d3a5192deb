package queue

import (
	"fmt"
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
