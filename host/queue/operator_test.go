package queue

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func (b *testBundle) operator() *Operator {
	b.Helper()
	o, err := NewOperator(b.rdb)
	require.NoError(b, err)
	return o
}

func (b *testBundle) lists() []ListState {
	b.Helper()
	all, err := b.operator().Lists(b.Context())
	require.NoError(b, err)
	return all
}

// apart has n ids of circles in turn wait apart.
func (b *testBundle) apart(n int, circles ...string) {
	b.Helper()
	for i, id := range numbered("j", n) {
		b.put(map[string]string{"id": id, "context_id": circles[i%len(circles)]})
	}
	b.takeApart()
}

// takeApart has a worker of another circle look at the list until it is empty.
func (b *testBundle) takeApart() {
	b.Helper()
	for nobody := b.queue(Options{Circles: []string{"nobody"}}); b.rdb.LLen(b.Context(), osis).Val() > 0; {
		b.none(nobody)
	}
}

func TestListsCountWhatWaits(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		require.Empty(t, b.lists())
		q := b.queue(Options{Retry: Backoff{First: time.Hour}, Dialects: []string{Hero}})
		b.apart(5, alice, bob)
		claims := b.claim(q, 3)
		require.NoError(t, q.Finish(t.Context(), claims[0], &job.Result{End: job.Success}))
		require.NoError(t, rdb.HSet(t.Context(), heroJob+claims[1].Job.ID, "retries", 1).Err())
		claims[1].Job.Retries = 1
		require.NoError(t, q.Finish(t.Context(), claims[1], &job.Result{End: job.ScriptError, Error: "x"}))
		b.put(map[string]string{"prerequisites": `["` + claims[2].Job.ID + `"]`, "context_id": "carol"})
		b.none(b.queue(Options{Circles: []string{"carol"}, Dialects: []string{Hero}}))
		b.put(nil)

		for _, dialect := range []string{Henge, Rhailib, HeroJobs} {
			p, err := NewProducer(rdb, dialect)
			require.NoError(t, err)
			for i := range 3 {
				s := Submission{Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("x")}}
				if dialect == Henge {
					s.Priority = i - 1
				}
				_, err := p.Submit(t.Context(), &s)
				require.NoError(t, err)
			}
		}
		require.NoError(t, b.operator().Pause(t.Context(), "heroqueue:alice:default"))
		require.Equal(t, []ListState{
			{Name: "henge:{alice}:q:rhai", Dialect: Henge, Circles: 1, Waiting: 3},
			{Name: osis, Dialect: Hero, Circles: 2, Waiting: 3, Held: 1, Due: 1, Running: 1},
			{Name: "heroqueue:alice:default", Dialect: HeroJobs, Circles: 1, Waiting: 3, Paused: true},
			{Name: "rhai_tasks:alice", Dialect: Rhailib, Circles: 1, Waiting: 3},
		}, b.lists())
		require.NoError(t, b.operator().Resume(t.Context(), "heroqueue:alice:default"))
		require.False(t, b.lists()[2].Paused)
	})
}

func TestNamesThatAreNoLists(t *testing.T) {
	b := setup(t, redistest.InProcess(t))
	for _, name := range []string{
		"", "osis", "hero:job:J", "hero:q:reply:J", "henge:{alice}:q:rhai:high", "henge:{alice}:lease", "heroqueue:alice", "hero:q:work:a|b", "hero:q:work:a\n",
	} {
		require.ErrorContains(t, b.operator().Pause(t.Context(), name), "is no list of jobs", name)
		_, err := b.operator().Purge(t.Context(), name, "", nil)
		require.Error(t, err, name)
		_, err = b.operator().Restore(t.Context(), name, true)
		require.Error(t, err, name)
	}
	require.Empty(t, b.rdb.Keys(t.Context(), "*").Val())
}

func TestDrain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for range 3 {
			b.put(nil)
		}
		claims := b.claim(q, 2)
		told := make(chan int, 10)
		drained := make(chan error, 1)
		go func() { drained <- b.operator().Drain(soon(t), osis, func(n int) { told <- n }) }()
		require.Equal(t, 2, <-told)
		b.none(q)
		b.finish(q, claims[0], "")
		require.Equal(t, 1, <-told)
		b.finish(q, claims[1], "")
		require.Equal(t, 0, <-told)
		require.NoError(t, <-drained)
		b.none(q)

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.NoError(t, b.operator().Resume(t.Context(), osis))
		b.claim(q, 1)
		require.ErrorIs(t, b.operator().Drain(ctx, osis, func(int) {}), context.DeadlineExceeded)
	})
}

func TestPurge(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Retry: Backoff{First: time.Hour}})
		running := b.put(nil)
		c := b.one(q, running)
		failed := b.put(map[string]string{"retries": "1"})
		require.NoError(t, q.Finish(t.Context(), b.one(q, failed), &job.Result{End: job.ScriptError, Error: "x"}))
		b.apart(2*purgedAtOnce+10, alice, bob, "carol")
		b.put(map[string]string{"id": "in the list"})
		b.put(map[string]string{"id": "twice"})
		b.push(osis, "twice", running, "early", "gone")
		require.NoError(t, rdb.HSet(t.Context(), heroJob+"gone", "status", "finished").Err())

		var told []int
		n, err := b.operator().Purge(t.Context(), osis, "no more", func(n int) { told = append(told, n) })
		require.NoError(t, err)
		require.Equal(t, 2*purgedAtOnce+13, n)
		require.True(t, slices.IsSorted(told))
		require.Equal(t, n, told[len(told)-1])
		for _, id := range []string{"j0", "j100", "in the list", "twice", failed} {
			got := b.get(id)
			require.Equal(t, []string{"error", "cancelled", "no more"}, []string{got["status"], got["end"], got["error"]}, id)
			require.Equal(t, []string{"no more"}, b.replies(id), id)
		}
		require.Equal(t, "finished", b.get("gone")["status"])
		require.Equal(t, []string{memberOf(osis, "early")}, rdb.ZRange(t.Context(), scopeShared+inLimbo, 0, -1).Val(), "its job may still come")
		require.Zero(t, rdb.ZCard(t.Context(), keyCircles+"hero|"+osis).Val())

		b.finish(q, c, "42") // what ran goes on
		require.Equal(t, "finished", b.get(running)["status"])
		require.Empty(t, b.lists())
		n, err = b.operator().Purge(t.Context(), osis, "", nil)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestPurgeOfHeldJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Caps: Caps{Types: map[string]int{"osis": 1}}})
		ids := []string{b.put(nil), b.put(nil), b.put(nil)}
		c := b.one(q, ids[0])
		require.Equal(t, 2, b.lists()[0].Held+b.lists()[0].Waiting)
		n, err := b.operator().Purge(t.Context(), osis, "", nil)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		b.finish(q, c, "")
		b.none(q)
		require.Equal(t, "cancelled", b.get(ids[2])["end"])
	})
}

func TestRestore(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q := b.queue(Options{})
		b.apart(9, alice, bob, "carol")
		b.put(map[string]string{"id": "later"})

		require.NoError(t, q.Announce(ctx, Presence{Types: []string{"osis"}}))
		_, err := b.operator().Restore(ctx, osis, false)
		require.ErrorIs(t, err, ErrServed)
		require.NoError(t, q.Leave(ctx))
		require.NoError(t, q.Announce(ctx, Presence{Types: []string{"python"}}))

		n, err := b.operator().Restore(ctx, osis, false)
		require.NoError(t, err)
		require.Equal(t, 9, n)
		got := rdb.LRange(ctx, osis, 0, -1).Val()
		slices.Reverse(got)
		require.Equal(t, append(numbered("j", 9), "later"), got, "the one that upstream takes first is the oldest")
		require.Empty(t, rdb.Keys(ctx, "henge:wait:*").Val())
		require.Zero(t, rdb.ZCard(ctx, keyCircles+"hero|"+osis).Val())

		n, err = b.operator().Restore(ctx, osis, true)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestRestoreOfManyAndOfHeldJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Caps: Caps{Types: map[string]int{"osis": 1}}})
		b.put(nil)
		held := b.put(nil)
		b.claim(q, 2)
		b.claim(q, 2)
		for i, id := range numbered("j", 2*movedAtOnce+1) {
			b.put(map[string]string{"id": id, "context_id": []string{alice, bob, bob}[i%3]})
		}
		b.takeApart()
		n, err := b.operator().Restore(t.Context(), osis, false)
		require.NoError(t, err)
		require.Equal(t, 2*movedAtOnce+2, n)
		got := rdb.LRange(t.Context(), osis, 0, -1).Val()
		require.Contains(t, got, held)
		slices.Reverse(got)
		last := map[string]int{}
		for _, id := range got {
			if id == held {
				continue
			}
			circle := b.get(id)["context_id"]
			var at int
			for _, c := range id[1:] {
				at = at*10 + int(c-'0')
			}
			require.GreaterOrEqual(t, at, last[circle], "a circle's ids keep their order")
			last[circle] = at
		}
		require.Zero(t, b.lists()[0].Held)
	})
}
