package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestClaimOfAnIDThatCameTwice(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(nil)
		b.push(osis, id)
		b.push(heroType+"sal", id)
		c := b.one(q, id) // in the list twice, and in another
		b.push(osis, id)
		b.none(q) // while leased
		sal, err := q.Claim(t.Context(), Wanted{Types: []string{"sal"}}, 10)
		require.NoError(t, err)
		require.Empty(t, sal.Jobs)
		b.finish(q, c, "42")
		b.push(osis, id)
		b.none(q) // after its end
		require.Equal(t, []string{"42"}, b.replies(id))
		require.Equal(t, "1", b.get(id)["attempt"])
	})
}

func TestDispatchAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(map[string]string{"retries": "3"})
		c := b.one(q, id)
		require.NoError(t, q.Finish(t.Context(), c, &job.Result{End: job.Refused, Error: "no module"}))
		require.Equal(t, []string{"no module"}, b.replies(id))

		require.NoError(t, rdb.HSet(t.Context(), heroJob+id, "status", "dispatched").Err())
		b.push(osis, id)
		c = b.one(q, id)
		require.EqualValues(t, 2, c.Job.Run)
		require.EqualValues(t, 2, c.Job.Attempt)
		require.NotContains(t, b.get(id), "error")
		b.finish(q, c, "42")
		require.Equal(t, "finished", b.get(id)["status"])
		require.Equal(t, "2", b.get(id)["run"])
		require.NotContains(t, b.get(id), "error")
	})
}

func TestClaimOfAnIDBeforeItsHash(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		b.push(osis, "early")
		claims := b.claims(q, 10)
		require.Empty(t, claims.Jobs)
		require.LessOrEqual(t, claims.Next, 50*time.Millisecond)
		require.EqualValues(t, 1, rdb.ZCard(t.Context(), scopeShared+inLimbo).Val())
		b.none(q)
		b.hash("early", nil)
		c := b.one(q, "early")
		require.Zero(t, rdb.ZCard(t.Context(), scopeShared+inLimbo).Val())
		b.finish(q, c, "42")
	})
}

func TestLimboIsLookedThrough(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		b.push(osis, numbered("never", 300)...)
		b.push(osis, "late")
		b.push(osis, numbered("nor", 300)...)
		for range 5 {
			b.none(q)
		}
		require.EqualValues(t, 601, rdb.ZCard(t.Context(), scopeShared+inLimbo).Val())
		b.hash("late", nil)
		for range 30 {
			if got := b.claim(q, 10); len(got) > 0 {
				require.Equal(t, []string{"late"}, idsOf(got))
				return
			}
		}
		t.Fatal("not found in 30 claims")
	})
}

func TestAnIDWithoutHashDies(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{LimboTTL: time.Millisecond})
		b.push(osis, "never")
		b.none(q)
		require.Eventually(t, func() bool { return len(b.reap(q).Notices) == 1 }, 5*time.Second, time.Millisecond)
		require.Equal(t, []string{"hero|hero:q:work:type:osis|no job came within 0 s of its id|never"}, b.dead())
		require.Len(t, b.replies("never"), 1)
		require.Zero(t, rdb.Exists(t.Context(), scopeShared+inLimbo, heroJob+"never").Val())

		young := b.queue(Options{})
		b.push(osis, "wait")
		b.none(young)
		require.Empty(t, b.reap(young).Notices)
		require.EqualValues(t, 1, rdb.ZCard(t.Context(), scopeShared+inLimbo).Val())
	})
}

func TestKeysOfTheWrongType(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		ctx := t.Context()

		t.Run("job", func(t *testing.T) {
			require.NoError(t, rdb.Set(ctx, heroJob+"odd", "text", 0).Err())
			b.push(osis, "odd")
			good := b.put(nil)
			claims := b.claims(q, 10)
			require.Equal(t, []string{good}, idsOf(claims.Jobs))
			require.Equal(t, []Notice{{osis, "odd", "dead letter: its key holds a string, not a hash"}}, claims.Notices)
			require.Equal(t, []string{"its key holds a string, not a hash"}, b.replies("odd"))
			require.Equal(t, []string{"hero|" + osis + "|its key holds a string, not a hash|odd"}, b.dead())
			require.Equal(t, "text", rdb.Get(ctx, heroJob+"odd").Val())
			b.finish(q, claims.Jobs[0], "")
		})
		t.Run("list", func(t *testing.T) {
			require.NoError(t, rdb.Set(ctx, heroType+"bad", "text", 0).Err())
			good := b.put(nil)
			want := Wanted{Types: []string{"bad", "osis"}}
			claims, err := q.Claim(ctx, want, 10)
			require.NoError(t, err)
			require.Equal(t, []string{good}, idsOf(claims.Jobs))
			require.Len(t, claims.Notices, 1)
			require.Contains(t, claims.Notices[0].String(), "holds a string, not a list")
			claims2, err := q.Claim(ctx, want, 10)
			require.NoError(t, err)
			require.Empty(t, claims2.Notices, "said once a minute")
			b.finish(q, claims.Jobs[0], "")
		})
		t.Run("level", func(t *testing.T) {
			q := b.queue(Options{Circles: []string{alice}, Dialects: []string{Henge}})
			p, err := NewProducer(rdb, Henge)
			require.NoError(t, err)
			ref, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "osis", Payload: []byte("1")}})
			require.NoError(t, err)
			require.NoError(t, rdb.Set(ctx, ownScope(alice)+ownQueue+"osis:high", "text", 0).Err())
			claims, err := q.Claim(ctx, osisOnly, 1)
			require.NoError(t, err)
			require.Equal(t, []string{ref.ID}, idsOf(claims.Jobs))
			require.Contains(t, claims.Notices[0].String(), "osis:high: this key holds a string, not a list")
		})
		t.Run("reply", func(t *testing.T) {
			id := b.put(nil)
			require.NoError(t, rdb.Set(ctx, heroReply+id, "text", 0).Err())
			b.finish(q, b.one(q, id), "42")
			require.Equal(t, "42", b.get(id)["output"])
		})
		t.Run("paused", func(t *testing.T) {
			require.NoError(t, rdb.Set(ctx, scopeShared+inPaused, "text", 0).Err())
			id := b.put(nil)
			b.finish(q, b.one(q, id), "42")
			require.NoError(t, rdb.Del(ctx, scopeShared+inPaused).Err())
		})
		t.Run("a job that changes while it waits", func(t *testing.T) {
			ids := []string{b.put(nil), b.put(nil), b.put(nil)}
			first := b.claim(q, 1) // the others are in the waiting list now
			require.Equal(t, ids[:1], idsOf(first))
			require.NoError(t, rdb.Del(ctx, heroJob+ids[1]).Err())
			require.NoError(t, rdb.LPush(ctx, heroJob+ids[1], "x").Err())
			b.one(q, ids[2])
			require.Len(t, b.dead(), 2)
		})
	})
}

func TestOddIDs(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for name, id := range map[string]string{
			"bar":     "a|b|c",
			"lines":   "a\nb\r\nc",
			"nul":     "a\x00b",
			"not utf": "a\xff\xfeb",
			"spaces":  " ",
			"percent": "%s%d%z*[^",
			"longest": strings.Repeat("x", 512),
		} {
			t.Run(name, func(t *testing.T) {
				b := setup(t, rdb)
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				q := b.queue(Options{})
				b.put(map[string]string{"id": id, "retries": "1"})
				c := b.one(q, id)
				renewal, err := q.Renew(t.Context(), []*Claim{c})
				require.NoError(t, err)
				lost := renewal.Lost
				require.Empty(t, lost)
				require.NoError(t, q.Release(t.Context(), []*Claim{c}))
				c = b.one(q, id)
				b.expire(c)
				require.Len(t, b.reap(q).Requeued, 1)
				c = b.one(q, id)
				require.NoError(t, q.Finish(t.Context(), c, &job.Result{End: job.Trap, Error: "x"}))
				require.NoError(t, rdb.ZAddXX(t.Context(), scopeShared+inDue, redis.Z{Member: memberOf(osis, id), Score: 1}).Err())
				c = b.one(q, id)
				b.finish(q, c, "42")
				require.Equal(t, []string{"42"}, b.replies(id))
				require.Empty(t, b.dead())
			})
		}
		for name, id := range map[string]string{"empty": "", "too long": strings.Repeat("x", 10_000)} {
			t.Run(name, func(t *testing.T) {
				b := setup(t, rdb)
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				q := b.queue(Options{})
				b.hash(id, nil)
				b.push(osis, id)
				claims := b.claims(q, 1)
				require.Empty(t, claims.Jobs)
				require.Len(t, claims.Notices, 1)
				require.Contains(t, claims.Notices[0].Text, "1 to 512 are allowed")
				require.Len(t, b.dead(), 1)
				require.Less(t, len(b.dead()[0]), 300)
				b.push(osis, id)
				b.push(osis, b.put(nil)) // taken apart
				require.Len(t, b.claim(q, 1), 1)
				require.Len(t, b.dead(), 1)
			})
		}
	})
}
