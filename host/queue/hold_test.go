package queue

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestRenew(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for range 3 {
			b.put(nil)
		}
		claims := b.claim(q, 3)
		for _, c := range claims {
			b.expire(c)
		}
		require.NoError(t, rdb.ZRem(t.Context(), scopeShared+inLease, memberOf(osis, claims[1].Job.ID)).Err())
		renewal, err := q.Renew(t.Context(), claims)
		require.NoError(t, err)
		lost := renewal.Lost
		require.Equal(t, claims[1:2], lost)
		require.Empty(t, b.reap(q).Requeued, "the others have a new lease, though the old one had ended")
		require.EqualValues(t, 2, rdb.ZCard(t.Context(), scopeShared+inLease).Val())

		renewal, err = q.Renew(t.Context(), nil)
		require.NoError(t, err)
		lost = renewal.Lost
		require.Empty(t, lost)
	})
}

// A job that was to be stopped and was handed back first is still to be stopped.
func TestCancelOutlivesARelease(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(nil)
		first := b.claim(q, 1)
		_, err := b.producer().Cancel(t.Context(), Ref{ID: id}, "too slow")
		require.NoError(t, err)
		require.NoError(t, q.Release(t.Context(), first))
		renewal, err := q.Renew(t.Context(), b.claim(q, 1))
		require.NoError(t, err)
		require.Len(t, renewal.Cancelled, 1)
		require.Equal(t, "too slow", renewal.Cancelled[0].Why)
	})
}

// A job that waits for others makes room in its channels, keeps its lease, and
// counts again when it goes on.
func TestAside(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Caps: Caps{Circle: 1}})
		b.put(nil)
		b.put(nil)
		counted := func() int64 {
			return rdb.ZCount(t.Context(), "henge:run:circle/"+alice, "-inf", "+inf").Val()
		}
		parent := b.claim(q, 2)
		require.Len(t, parent, 1)
		require.NoError(t, q.Aside(t.Context(), parent[0], true))
		require.Zero(t, counted())
		_, err := q.Renew(t.Context(), parent)
		require.NoError(t, err)
		require.Zero(t, counted(), "a renewal does not bring it back")

		child := b.claim(q, 2)
		require.Len(t, child, 1)
		require.NoError(t, q.Aside(t.Context(), parent[0], false))
		require.EqualValues(t, 2, counted())
		b.finish(q, child[0], "1")
		b.finish(q, parent[0], "2")
		require.Zero(t, counted())
		require.ErrorIs(t, q.Aside(t.Context(), parent[0], true), ErrLost)
		follows := b.queue(Options{CapsNow: func() Caps { return Caps{Circle: 1} }})
		require.ErrorIs(t, follows.Aside(t.Context(), parent[0], true), ErrLost, "caps that may change count too")
		require.NoError(t, b.queue(Options{}).Aside(t.Context(), parent[0], true), "without caps there is nothing to do")
	})
}

func TestReleaseCountsNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		var ids []string
		for range 4 {
			ids = append(ids, b.put(nil))
		}
		first := b.claim(q, 1)
		require.NoError(t, q.Release(t.Context(), first))
		got := b.get(ids[0])
		require.Equal(t, "dispatched", got["status"])
		require.Equal(t, "1", got["attempt"])
		require.NotContains(t, got, "failures")
		require.NotContains(t, got, "crashes")
		require.Zero(t, rdb.ZCard(t.Context(), scopeShared+inLease).Val())

		again := b.claim(q, 10)
		require.Equal(t, ids, idsOf(again), "it is the first again")
		require.EqualValues(t, 2, again[0].Job.Attempt)
		require.EqualValues(t, 1, again[0].Job.Run)
		require.Zero(t, again[0].Crashes)
		require.Zero(t, again[0].Failures)
	})
}

func TestReapPutsBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(map[string]string{"retries": "1"})
		behind := b.put(nil)
		for crashes := int64(1); crashes <= 2; crashes++ {
			c := b.claim(q, 1)[0]
			require.Equal(t, id, c.Job.ID, "in front of the other")
			require.Equal(t, crashes-1, c.Crashes)
			b.expire(c)
			report := b.reap(q)
			require.Equal(t, []Requeued{{osis, id, crashes}}, report.Requeued)
			require.Equal(t, "dispatched", b.get(id)["status"])
		}
		b.expire(b.claim(q, 1)[0])
		report := b.reap(q)
		require.Empty(t, report.Requeued)
		require.Len(t, report.Notices, 1)
		got := b.get(id)
		require.Equal(t, "error", got["status"])
		require.Equal(t, "worker lost 3 times", got["error"])
		require.Equal(t, "worker_lost", got["end"])
		require.Equal(t, "3", got["crashes"])
		require.NotContains(t, got, "failures", "a crash is no failure")
		require.Equal(t, []string{"worker lost 3 times"}, b.replies(id))
		require.Equal(t, []string{"hero|" + osis + "|worker lost 3 times|" + id}, b.dead())
		b.push(osis, id)
		b.one(q, behind)
	})
}

func TestReapGivesGraceAfterAGap(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q := b.queue(Options{})
		id := b.put(nil)
		c := b.one(q, id)
		for _, gap := range []time.Duration{8 * time.Second, time.Hour} {
			b.expire(c)
			b.lastReaped(gap)
			report, err := q.Reap(ctx)
			require.NoError(t, err)
			require.Equal(t, 1, report.Grace)
			require.Empty(t, report.Requeued)
		}
		require.NoError(t, rdb.Del(ctx, scopeShared+inReaped).Err())
		b.expire(c)
		report, err := q.Reap(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, report.Grace, "nobody ever looked")

		report, err = q.Reap(ctx)
		require.NoError(t, err)
		require.Zero(t, report.Grace)
		require.Empty(t, report.Requeued)
		renewal, err := q.Renew(ctx, []*Claim{c})
		require.NoError(t, err)
		lost := renewal.Lost
		require.Empty(t, lost)
		require.NotContains(t, b.get(id), "crashes")
		b.expire(c)
		report, err = q.Reap(ctx)
		require.NoError(t, err)
		require.Len(t, report.Requeued, 1)
	})
}

func TestReapSaysWhenNext(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		long := b.queue(Options{})
		require.Equal(t, 2500*time.Millisecond, b.reap(long).Next)
		require.Equal(t, 5*time.Second, b.reap(b.queue(Options{Lease: time.Hour})).Next)

		short := b.queue(Options{Lease: 900 * time.Millisecond})
		b.put(nil)
		c := b.claim(short, 1)[0]
		require.LessOrEqual(t, b.reap(long).Next, 900*time.Millisecond)
		b.finish(short, c, "")

		for range 150 {
			b.put(nil)
		}
		for _, c := range b.claim(long, 150) {
			b.expire(c)
		}
		report := b.reap(long)
		require.Len(t, report.Requeued, 100)
		require.Zero(t, report.Next)
		require.Len(t, b.reap(long).Requeued, 50)
	})
}

// From the death of a worker to the next start of its job, with a clock of a
// fifteenth.
func TestAJobOfADeadWorkerStartsAgain(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := soon(t)
		dead, alive := b.queue(Options{Lease: time.Second}), b.queue(Options{Lease: time.Second})
		id := b.put(nil)
		b.reap(alive)
		b.one(dead, id)
		start := time.Now()
		for {
			report, err := alive.Reap(ctx)
			require.NoError(t, err)
			if len(report.Requeued) > 0 {
				break
			}
			require.NoError(t, sleep(ctx, report.Next))
		}
		c := b.one(alive, id)
		require.EqualValues(t, 1, c.Crashes)
		require.Less(t, time.Since(start), 4*time.Second/3+time.Second)
	})
}

func TestReapOfJobsThatChanged(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q := b.queue(Options{})
		for id, change := range map[string]func() error{
			"deleted": func() error { return rdb.Del(ctx, heroJob+"deleted").Err() },
			"text":    func() error { return rdb.Set(ctx, heroJob+"text", "x", 0).Err() },
			"ended":   func() error { return rdb.HSet(ctx, heroJob+"ended", "status", "finished").Err() },
		} {
			b.put(map[string]string{"id": id})
			c := b.one(q, id)
			require.NoError(t, change())
			b.expire(c)
		}
		require.NoError(t, rdb.ZAdd(ctx, scopeShared+inLease, redis.Z{Member: "other|list|id", Score: 1}).Err())
		report := b.reap(q)
		require.Empty(t, report.Requeued)
		require.Len(t, report.Notices, 2)
		require.Len(t, b.dead(), 2)
		require.Equal(t, []string{"other|list|id"}, rdb.ZRange(ctx, scopeShared+inLease, 0, -1).Val(), "another dialect's")
		require.NotContains(t, b.get("ended"), "error")
	})
}

func TestDeadLettersAreBounded(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{DeadLetters: 10, DeadTTL: time.Hour})
		for _, id := range numbered("odd", 15) {
			require.NoError(t, rdb.Set(t.Context(), heroJob+id, "x", 0).Err())
			b.push(osis, id)
		}
		b.none(q)
		require.Len(t, b.dead(), 10)
		require.NoError(t, rdb.ZAdd(t.Context(), scopeShared+inDead, redis.Z{Member: b.dead()[0], Score: 1}).Err())
		b.reap(q)
		require.Len(t, b.dead(), 9)
		require.Positive(t, rdb.TTL(t.Context(), scopeShared+inDead).Val())
	})
}
