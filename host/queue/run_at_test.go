package queue

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// A job of any dialect may wait for a time, or for how long after it was handed
// in, by the server's clock.
func TestRunAtAndRunIn(t *testing.T) {
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				s := withSchedules(t, rdb)
				q := s.queue(Options{Circles: []string{alice}, Dialects: []string{dialect}})
				p := s.producers[dialect]
				due := scopeShared + inDue
				if dialect == Henge {
					due = ownScope(alice) + inDue
				}
				hour := s.now().Add(time.Hour)
				claimed := func() []string {
					c, err := q.Claim(t.Context(), everyType, 10)
					require.NoError(t, err)
					return idsOf(c.Jobs)
				}
				for name, when := range map[string]Submission{"at": {At: hour}, "in": {In: time.Hour}} {
					when.Job = job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}
					ref, err := p.Submit(t.Context(), &when)
					require.NoError(t, err, name)
					require.Empty(t, claimed(), name)
					all := rdb.ZRangeWithScores(t.Context(), due, 0, -1).Val()
					require.Len(t, all, 1, name)
					require.InDelta(t, hour.UnixMilli(), all[0].Score, 60_000, name)
					r, err := p.Get(t.Context(), ref)
					require.NoError(t, err)
					require.False(t, r.Ended())
					switch dialect { // those whose jobs say the time themselves
					case HeroJobs:
						key := "herojobs:alice:default:" + ref.ID
						text := regexp.MustCompile(`"time_scheduled":\d+`).ReplaceAllString(rdb.HGet(t.Context(), key, "job").Val(), `"time_scheduled":1`)
						require.NoError(t, rdb.HSet(t.Context(), key, "job", text).Err())
					case Henge:
						require.Equal(t, "scheduled", r.Status())
						require.InDelta(t, hour.UnixMilli(), count(t, r.Fields["run_at_ms"]), 60_000)
						require.NoError(t, rdb.HSet(t.Context(), "henge:{alice}:job:"+ref.ID, "run_at_ms", 1).Err())
					}
					require.NoError(t, rdb.ZAdd(t.Context(), due, redis.Z{Member: all[0].Member, Score: 1}).Err())
					s.reap(q)
					require.Equal(t, []string{ref.ID}, claimed(), name)
				}
				past := Submission{At: s.now().Add(-time.Hour), Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}}
				ref, err := p.Submit(t.Context(), &past)
				require.NoError(t, err)
				require.Equal(t, []string{ref.ID}, claimed(), "a time that has passed is now")
				past.In = time.Hour
				_, err = p.Submit(t.Context(), &past)
				require.ErrorContains(t, err, "not both")
			})
		})
	}
}

// A worker of all circles that is there already hears of such a circle.
func TestAllCirclesHearOfWhatIsInNoList(t *testing.T) {
	rdb := redistest.Real(t)
	s := withSchedules(t, rdb)
	q := s.queue(Options{})
	require.NoError(t, q.Serve(everyType))
	w := q.NewWaker()
	defer w.Close()
	require.NoError(t, w.Ready(soon(t)))
	require.NotContains(t, q.scopes(), ownScope(alice))
	_, err := s.producers[Henge].Submit(t.Context(), &Submission{In: time.Hour, Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return slices.Contains(q.scopes(), ownScope(alice)) }, soonest, tick)
}

func count(t *testing.T, s string) int64 {
	t.Helper()
	n, ok := wholeNumber(s, 1<<62)
	require.True(t, ok, s)
	return n
}

// A worker of all circles that comes later finds the jobs of a circle that only
// wait for their time, or were lost by another worker: nothing is pushed then.
func TestAllCirclesFindWhatIsInNoList(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := withSchedules(t, rdb)
		p := s.producers[Henge]
		for range 2 {
			_, err := p.Submit(t.Context(), &Submission{In: time.Hour, Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}})
			require.NoError(t, err)
		}
		q := s.queue(Options{})
		require.NoError(t, q.Serve(everyType))
		require.NoError(t, q.Discover(t.Context()))
		require.Contains(t, q.scopes(), ownScope(alice))
		for _, m := range rdb.ZRange(t.Context(), "henge:{alice}:due", 0, -1).Val() {
			require.NoError(t, rdb.ZAdd(t.Context(), "henge:{alice}:due", redis.Z{Member: m, Score: 1}).Err())
		}
		for _, key := range rdb.Keys(t.Context(), "henge:{alice}:job:*").Val() {
			require.NoError(t, rdb.HSet(t.Context(), key, "run_at_ms", 1).Err())
		}
		c, err := q.Claim(t.Context(), everyType, 1)
		require.NoError(t, err)
		require.Len(t, c.Jobs, 1)
		c2, err := q.Claim(t.Context(), everyType, 1)
		require.NoError(t, err)
		require.Len(t, c2.Jobs, 1)

		// Both run; the worker is gone, and another one comes.
		later := s.queue(Options{})
		require.NoError(t, later.Serve(everyType))
		require.NoError(t, later.Discover(t.Context()))
		_, err = later.Reap(t.Context())
		require.NoError(t, err)
		for _, m := range rdb.ZRange(t.Context(), "henge:{alice}:lease", 0, -1).Val() {
			require.NoError(t, rdb.ZAdd(t.Context(), "henge:{alice}:lease", redis.Z{Member: m, Score: 1}).Err())
		}
		report, err := later.Reap(t.Context())
		require.NoError(t, err)
		require.Len(t, report.Requeued, 2)
	})
}
