package queue

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestClaimAndFinish(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Worker: "w1"})
		ctx := t.Context()

		// What somebody with redis-cli types.
		require.NoError(t, rdb.Do(ctx, "HSET", "hero:job:J", "id", "J", "caller_id", "C",
			"context_id", strings.ToUpper(strings.Repeat("ab", 32)), "script", "40 + 2", "status", "dispatched").Err())
		require.NoError(t, rdb.Do(ctx, "LPUSH", "hero:q:work:type:osis", "J").Err())

		c := b.one(q, "J")
		require.Empty(t, c.Refusal)
		require.Empty(t, c.Notes)
		require.Equal(t, &job.Job{
			ID: "J", Circle: strings.Repeat("ab", 32), Caller: "C", Type: "osis", Dialect: "hero",
			Queue: osis, Payload: []byte("40 + 2"), Timeout: time.Minute, Attempt: 1, Run: 1, Begun: c.Job.Begun, Live: c.Job.Live,
		}, c.Job)
		require.EqualValues(t, 1, c.Job.Run)
		require.Positive(t, c.Job.Begun)
		require.EqualValues(t, 0, rdb.LLen(ctx, osis).Val())

		started := b.get("J")
		require.Equal(t, "started", started["status"])
		require.Equal(t, "w1", started["worker"])
		require.Equal(t, osis, started["queue"])
		now, err := rdb.Time(ctx).Result()
		require.NoError(t, err)
		at := Record{Fields: started}.Updated()
		require.WithinDuration(t, now, at, 5*time.Second)
		require.Len(t, started["updated_at"], len("2006-01-02T15:04:05.000Z"))
		expiry := rdb.ZScore(ctx, scopeShared+inLease, "hero|hero:q:work:type:osis|J").Val()
		require.InDelta(t, float64(now.Add(15*time.Second).UnixMilli()), expiry, 5000)

		b.finish(q, c, "42")
		ended := b.get("J")
		require.Equal(t, "finished", ended["status"])
		require.Equal(t, "42", ended["output"])
		require.Equal(t, "success", ended["end"])
		require.NotContains(t, ended, "error")
		require.Equal(t, []string{"42"}, b.replies("J"))
		require.InDelta(t, time.Hour.Seconds(), rdb.TTL(ctx, "hero:q:reply:J").Val().Seconds(), 5)
		require.Zero(t, rdb.ZCard(ctx, scopeShared+inLease).Val())
	})
}

func TestClaimOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		for _, c := range []struct {
			pop  Pop
			n    int
			want []string
		}{
			{"", 5, []string{"0", "1", "2", "3", "4"}},
			{PopOldest, 2, []string{"0", "1", "2", "3", "4"}},
			{PopNewest, 5, []string{"4", "3", "2", "1", "0"}},
			{PopNewest, 2, []string{"4", "3", "2", "1", "0"}},
		} {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			q := b.queue(Options{Pop: c.pop})
			for _, id := range numbered("", 5) {
				b.put(map[string]string{"id": id})
			}
			var got []string
			for len(got) < 5 {
				got = append(got, idsOf(b.claim(q, c.n))...)
			}
			require.Equal(t, c.want, got, "%s, %d at a time", c.pop, c.n)
		}
	})
}

func TestClaimLists(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for id, list := range map[string]string{
			"type": osis, "group": osis + ":group:g", "inst": osis + ":group:g:inst:i",
			"other": osis + ":group:g:inst:j", "sal": heroType + "sal",
		} {
			b.hash(id, nil)
			b.push(list, id)
		}
		claims, err := q.Claim(t.Context(), Wanted{Types: []string{"OSIS", "sal"}, Group: "g", Instance: "i"}, 10)
		require.NoError(t, err)
		got := idsOf(claims.Jobs)
		require.Equal(t, []string{"inst", "group"}, got[:2])
		require.ElementsMatch(t, []string{"type", "sal"}, got[2:], "lists of a tier have their turns")
		for _, c := range claims.Jobs {
			require.Equal(t, map[bool]string{true: "sal", false: "osis"}[c.Job.ID == "sal"], c.Job.Type)
		}

		for _, w := range []Wanted{
			{Types: []string{"osis"}, Instance: "i"},
			{Types: []string{"a|b"}},
			{Types: []string{""}},
			{Types: []string{strings.Repeat("x", 200)}},
		} {
			_, err := q.Claim(t.Context(), w, 1)
			require.Error(t, err, w)
		}
	})
}

func TestClaimSkipsPausedLists(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(nil)
		require.NoError(t, rdb.SAdd(t.Context(), scopeShared+inPaused, osis).Err())
		b.none(q)
		require.NoError(t, rdb.SRem(t.Context(), scopeShared+inPaused, osis).Err())
		b.one(q, id)
	})
}

func TestLargeScript(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		script := strings.Repeat("0123456789\x00\xff", 5<<20/12)
		id := b.put(map[string]string{"script": script})
		c := b.one(q, id)
		require.Empty(t, c.Refusal)
		require.True(t, script == string(c.Job.Payload), "the script has changed")
		b.finish(q, c, script)
		require.True(t, script == b.get(id)["output"], "the output has changed")
	})
}

// A server that has lost its scripts and functions gets them again.
func TestScriptFlush(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		flush := func() {
			require.NoError(t, rdb.ScriptFlush(t.Context()).Err())
			_ = rdb.FunctionFlush(t.Context()) // the one inside a process has none
		}
		id := b.put(nil)
		flush()
		c := b.one(q, id)
		flush()
		renewal, err := q.Renew(t.Context(), []*Claim{c})
		require.NoError(t, err)
		lost := renewal.Lost
		require.Empty(t, lost)
		flush()
		b.reap(q)
		flush()
		require.NoError(t, q.Release(t.Context(), []*Claim{c}))
		flush()
		c = b.one(q, id)
		flush()
		b.finish(q, c, "42")
	})
}

func TestTwoQueuesClaimEachJobOnce(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		const jobs = 500
		for _, id := range numbered("j", jobs) {
			b.put(map[string]string{"id": id, "context_id": []string{alice, bob}[len(id)%2]})
		}
		var mu sync.Mutex
		taken := map[string]int{}
		var workers sync.WaitGroup
		for range 2 {
			q := b.queue(Options{})
			workers.Go(func() {
				for {
					claims, err := q.Claim(t.Context(), osisOnly, 7)
					if err != nil {
						t.Error(err)
						return
					}
					if len(claims.Jobs) == 0 && claims.Next > 0 {
						return
					}
					for _, c := range claims.Jobs {
						mu.Lock()
						taken[c.Job.ID]++
						mu.Unlock()
						if err := q.Finish(t.Context(), c, &job.Result{End: job.Success}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		workers.Wait()
		require.Len(t, taken, jobs)
		for id, times := range taken {
			require.Equal(t, 1, times, id)
		}
	})
}

// A worker that pops and leases in two steps and dies in between loses the
// job, and no reaper can know of it. This is the test that the others would
// catch such a claim.
func TestAnUnsafeClaimLosesTheJob(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		b.put(nil)
		require.NoError(t, rdb.RPop(t.Context(), osis).Err()) // and here it dies
		require.Empty(t, b.reap(q).Requeued)
		b.none(q)

		id := b.put(nil)
		c := b.one(q, id) // and here it dies
		b.expire(c)
		require.Len(t, b.reap(q).Requeued, 1)
		b.one(q, id)
	})
}

// With Redis out of memory a claim is refused whole: it must not pop what it
// then cannot lease.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	b := setup(t, rdb)
	q := b.queue(Options{})
	ctx := t.Context()
	held := b.put(nil)
	c := b.one(q, held)
	id := b.put(nil)
	before := b.snapshot()
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "1").Err())
	_, err := q.Claim(ctx, osisOnly, 1)
	require.ErrorContains(t, err, "maxmemory")
	require.Error(t, q.Finish(ctx, c, &job.Result{End: job.Success, Output: []byte("42")}))
	_, err = q.Reap(ctx)
	require.Error(t, err)
	require.Equal(t, before, b.snapshot())
	lost, err := q.Renew(ctx, []*Claim{c})
	require.NoError(t, err, "a lease is kept while memory is short")
	require.Empty(t, lost)
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "0").Err())
	b.finish(q, c, "42")
	b.one(q, id)
}
