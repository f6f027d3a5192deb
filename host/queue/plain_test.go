package queue

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// seen is what workers, producers and live views see of some jobs, without what
// differs each time.
type seen struct {
	claimed       []job.Job
	tokens        []bool
	started, done []map[string]string
	events        []Event
}

// Jobs that are handed out and ended many at a time are so like any others. A
// field that henge does not know is enough for a job to go the other way.
func TestPlainAsOthers(t *testing.T) {
	for _, dialect := range []string{Hero, Rhailib, Henge} {
		t.Run(dialect, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				b := setup(t, rdb)
				plain, reads := b.lives(dialect, nil)
				require.Len(t, plain.claimed, 12)
				require.NotContains(t, plain.tokens, false)
				require.NotEmpty(t, plain.events)
				other, readsOfOther := b.lives(dialect, map[string]string{"odd": "1"})
				require.Equal(t, other, plain)
				if strings.HasSuffix(t.Name(), "/real") {
					require.Equal(t, []int{12, 24}, []int{reads, readsOfOther}, "take reads a job anew")
				}
			})
		})
	}
}

// lives has jobs with further fields go through a worker, and returns what is seen
// of them and how often the claim has read one.
func (b *testBundle) lives(dialect string, further map[string]string) (s seen, reads int) {
	ctx := b.Context()
	require.NoError(b, b.rdb.FlushAll(ctx).Err())
	p, err := NewProducer(b.rdb, dialect)
	require.NoError(b, err)
	var jobs []Submission
	of := map[string]int{} // how many jobs of each circle
	for i := range 12 {
		one := Submission{Job: job.Job{
			ID: fmt.Sprint("job-", i), Circle: alice, Type: "rhai", Caller: "carol", Payload: fmt.Append(nil, "40 + ", i),
			Timeout: time.Duration(i) * time.Second, Retries: i % 2,
		}}
		if dialect == Hero && i%3 == 0 {
			one.Job.Circle = bob
		}
		if dialect != Rhailib && i == 4 {
			one.Job.Env = map[string]string{"A": "b"}
		}
		jobs = append(jobs, one)
		of[one.Job.Circle]++
	}
	submitted, err := p.SubmitMany(ctx, jobs)
	require.NoError(b, err)
	keys := make([]string, len(jobs))
	for i, one := range submitted {
		require.NoError(b, one.Err)
		place, err := p.dialect.place(one.Ref, nil)
		require.NoError(b, err)
		keys[i] = place.key
		if len(further) > 0 {
			require.NoError(b, b.rdb.HSet(ctx, keys[i], further).Err())
		}
	}
	look := func() (all []map[string]string) {
		for _, key := range keys {
			fields := b.rdb.HGetAll(ctx, key).Val()
			for name := range further {
				delete(fields, name)
			}
			for _, name := range []string{"begun", "created_at", "updated_at", "created_ms", "updated_ms"} {
				delete(fields, name)
			}
			all = append(all, fields)
		}
		return all
	}

	b.rdb.ConfigResetStat(ctx) // for commands
	q, err := New(b.rdb, Options{Circles: []string{alice, bob}, Dialects: []string{dialect}, Worker: "w"})
	require.NoError(b, err)
	claims, err := q.Claim(ctx, Wanted{Types: []string{"rhai"}}, 20)
	require.NoError(b, err)
	reads = commands(b, b.rdb, "hgetall")
	s.started = look()
	var done []Done
	for _, c := range claims.Jobs {
		require.Empty(b, c.Refusal)
		require.Positive(b, c.Job.Begun)
		one := *c.Job
		one.Begun, one.Live = 0, nil
		s.claimed, s.tokens = append(s.claimed, one), append(s.tokens, c.token != "")
		done = append(done, Done{c, &job.Result{End: job.Success, Output: c.Job.Payload, Cost: smallCost}})
	}
	x, err := q.Exchange(ctx, done, 0)
	require.NoError(b, err)
	require.Empty(b, x.Lost)
	s.done = look()
	for _, circle := range slices.Sorted(maps.Keys(of)) {
		events, err := p.Events(soon(b.T), EventsFrom{Circle: circle, After: EventsOldest})
		require.NoError(b, err)
		for _, e := range b.take(events, 3*of[circle]) { // submitted, started, ended
			e.ID, e.Time = "", time.Time{}
			s.events = append(s.events, e)
		}
	}
	return s, reads
}

// What is in a list is handed out in its order, whichever way each of it goes.
func TestPlainBetweenOthers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		b.put(map[string]string{"id": "ended", "status": "finished"})
		for _, id := range []string{"a", "b", "c"} {
			b.put(map[string]string{"id": id})
		}
		b.push(osis, "a", "missing", strings.Repeat("x", 600), "")
		b.put(map[string]string{"id": "odd", "unknown": "1"})
		b.put(map[string]string{"id": "again", "attempt": "3", "failures": "2", "run": "1", "begun": "7", "queue": osis})
		b.put(map[string]string{"id": "bobs", "context_id": bob})
		b.put(map[string]string{"id": "later", "prerequisites": `["b"]`})
		b.put(map[string]string{"id": "nothing to wait for", "prerequisites": "[]"})
		b.push(osis, "again")
		b.put(map[string]string{"id": "d"})
		q := b.queue(Options{Worker: "w"})
		claims := b.claim(q, 50)
		require.Equal(t, []string{"a", "b", "c", "odd", "again", "bobs", "nothing to wait for", "d"}, idsOf(claims))
		for _, c := range claims {
			require.Equal(t, map[bool]string{false: alice, true: bob}[c.Job.ID == "bobs"], c.Job.Circle)
			require.EqualValues(t, map[bool]int{false: 1, true: 4}[c.Job.ID == "again"], c.Job.Attempt)
			require.EqualValues(t, map[bool]int{false: 0, true: 2}[c.Job.ID == "again"], c.Failures)
		}
		again, err := q.Exchange(t.Context(), nil, 50)
		require.NoError(t, err)
		require.Empty(t, again.Jobs)
		require.Equal(t, "waiting_for_prerequisites", b.get("later")["status"])
	})
}

// Many leases are given with a member that is there for a moment.
func TestLeasesAlone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		var want []string
		for i := range 20 {
			want = append(want, memberOf(osis, b.put(map[string]string{"id": fmt.Sprint(i)})))
		}
		require.Len(t, b.claim(b.queue(Options{}), 30), 20)
		require.ElementsMatch(t, want, rdb.ZRange(t.Context(), scopeShared+inLease, 0, -1).Val())
		if strings.HasSuffix(t.Name(), "/real") {
			require.Equal(t, "skiplist", rdb.ObjectEncoding(t.Context(), scopeShared+inLease).Val())
		}
	})
}
