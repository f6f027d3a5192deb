package queue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestCirclesNotServedStayForOthers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		forAlice, forBob := b.queue(Options{Circles: []string{alice}}), b.queue(Options{Circles: []string{bob}})
		want := map[string][]string{}
		for i := range 30 {
			circle := []string{alice, bob}[i%2]
			want[circle] = append(want[circle], b.put(map[string]string{"context_id": circle}))
		}
		var got []string
		for range 10 {
			got = append(got, idsOf(b.claim(forAlice, 4))...)
		}
		require.Equal(t, want[alice], got)
		require.Equal(t, want[bob], idsOf(b.claim(forBob, 100)))

		// Alone in the list, and popped straight.
		id := b.put(map[string]string{"context_id": bob})
		b.none(forAlice)
		b.one(forBob, id)
	})
}

func TestCirclesAreComparedInLowerCase(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		key := strings.Repeat("0a", 33)
		q := b.queue(Options{Circles: []string{strings.ToUpper(key)}})
		id := b.put(map[string]string{"context_id": strings.ToUpper(key)})
		require.Equal(t, key, b.one(q, id).Job.Circle)
	})
}

// The rule stands in Go and in Lua.
func TestCircleRuleIsTheSameInLua(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Circles: []string{"nobody"}})
		names := []string{
			"", "a", "A.b_c-1", ".a", "-a", "_a", "a b", "a|b", "a\n", "a\x00b", "ä", "\xff", "a/b", "a:b", "0",
			strings.Repeat("a", 63), strings.Repeat("g", 64), strings.Repeat("A", 64), strings.Repeat("a", 65),
			strings.Repeat("AB", 33), strings.Repeat("x", 66), strings.Repeat("Ff", 65), strings.Repeat("f", 131),
			strings.Repeat("a", 65) + "\x00", strings.Repeat("a", 63) + "\n",
		}
		for _, name := range names {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			id := b.put(map[string]string{"context_id": name})
			claims := b.claim(q, 1)
			circle, err := job.ParseCircle(name)
			if err != nil {
				require.Equal(t, []string{id}, idsOf(claims), "%q is no circle and anybody's", name)
				require.Contains(t, claims[0].Refusal, "context_id")
				continue
			}
			require.Empty(t, claims, "%q", name)
			require.Equal(t, []string{circle}, rdb.ZRange(t.Context(), "henge:circles:hero|"+osis, 0, -1).Val())
		}
	})
}

func TestACircleDoesNotWaitBehindAnother(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		pipe := rdb.Pipeline()
		for _, id := range numbered("a", 2000) {
			pipe.HSet(t.Context(), heroJob+id, "context_id", alice, "script", "", "status", "dispatched")
			pipe.LPush(t.Context(), osis, id)
		}
		_, err := pipe.Exec(t.Context())
		require.NoError(t, err)
		b.put(map[string]string{"id": "b", "context_id": bob})
		for i := range 12 {
			claims := b.claim(q, 1)
			require.Len(t, claims, 1)
			if claims[0].Job.Circle == bob {
				t.Logf("found with claim %d", i+1)
				return
			}
		}
		t.Fatal("the other circle waits behind the first one's jobs")
	})
}

func TestCirclesTakeTurns(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, n := range []int{1, 3, 16} {
			b := setup(t, rdb)
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			q := b.queue(Options{})
			for i := range 40 {
				b.put(map[string]string{"id": fmt.Sprint("a", i), "context_id": alice})
			}
			for i := range 10 {
				b.put(map[string]string{"id": fmt.Sprint("b", i), "context_id": bob})
			}
			had := map[string]int{}
			for had[bob] < 10 {
				for _, c := range b.claim(q, n) {
					had[c.Job.Circle]++
				}
				if had[bob] < 10 {
					require.InDelta(t, had[alice], had[bob], 1, "%d at a time", n)
				}
			}
		}
	})
}

// A circle that sends one job at a time must not always be first.
func TestATrickleDoesNotStarveABacklog(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for range 20 {
			b.put(map[string]string{"context_id": alice})
		}
		served := map[string]int{}
		for range 20 {
			b.put(map[string]string{"context_id": bob})
			for _, c := range b.claim(q, 1) {
				served[c.Job.Circle]++
			}
		}
		require.InDelta(t, 10, served[alice], 2)
	})
}

func TestEveryCircleIsServed(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		const circles = 300
		for _, name := range numbered("c", circles) {
			b.put(map[string]string{"context_id": name})
			b.put(map[string]string{"context_id": name})
		}
		served := map[string]int{}
		for range 100 {
			claims := b.claims(q, 10)
			for _, c := range claims.Jobs {
				served[c.Job.Circle]++
			}
			if len(claims.Jobs) == 0 && claims.Next > 0 {
				break
			}
		}
		require.Len(t, served, circles)
		for name, n := range served {
			require.Equal(t, 2, n, name)
		}
		require.Empty(t, rdb.Keys(t.Context(), "henge:circles:*").Val())
		require.Empty(t, rdb.Keys(t.Context(), "henge:wait:*").Val())
	})
}

func TestManyCircles(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		circles := numbered("circle", 300)
		q := b.queue(Options{Circles: circles, Dialects: []string{Hero}})
		all := b.queue(Options{})
		for _, name := range []string{circles[0], circles[299], "foreign", circles[7]} {
			b.put(map[string]string{"context_id": name})
		}
		require.Len(t, b.claim(q, 3), 3)
		b.none(q)
		require.Len(t, b.claim(all, 3), 1)
	})
}
