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

func (b *testBundle) letters(f DeadFilter) []DeadLetter {
	b.Helper()
	letters, err := b.operator().Dead(b.Context(), f)
	require.NoError(b, err)
	return letters
}

// die has a job lose its last worker.
func (b *testBundle) die(q *Queue, id string) {
	b.Helper()
	b.expire(b.one(q, id))
	b.reap(q)
}

func TestDeadLetters(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q := b.queue(Options{Crashes: 1, LimboTTL: time.Millisecond})
		require.Empty(t, b.letters(DeadFilter{}))
		b.die(q, b.put(map[string]string{"id": "lost|with bar"}))
		require.NoError(t, rdb.Set(ctx, heroJob+"text", "x", 0).Err())
		long := strings.Repeat("x", maxID+1)
		b.push(osis, "early", "text", long)
		b.none(q)
		require.Eventually(t, func() bool { b.reap(q); return len(b.dead()) == 4 }, soonest, tick)

		byID := map[string]DeadLetter{}
		for _, l := range b.letters(DeadFilter{}) {
			require.Equal(t, []string{Hero, osis}, []string{l.Dialect, l.Queue})
			require.WithinDuration(t, time.Now(), l.At, time.Minute)
			byID[l.ID] = l
		}
		require.Equal(t, []string{alice, "error", "worker lost 1 times"},
			[]string{byID["lost|with bar"].Circle, byID["lost|with bar"].Status, byID["lost|with bar"].Reason})
		require.Contains(t, byID["early"].Reason, "no job came")
		require.Empty(t, byID["early"].Circle)
		require.Contains(t, byID["text"].Reason, "holds a string")
		cut := byID[strings.Repeat("x", 64)+"..."]
		require.Contains(t, cut.Reason, "bytes long")

		require.Len(t, b.letters(DeadFilter{Circle: "Alice"}), 1)
		require.Len(t, b.letters(DeadFilter{Queue: osis}), 4)
		require.Empty(t, b.letters(DeadFilter{Queue: "other"}))
		require.Len(t, b.letters(DeadFilter{Reason: "lost"}), 1)
		require.Len(t, b.letters(DeadFilter{IDs: []string{"text", cut.Member}}), 2)

		o := b.operator()
		require.ErrorIs(t, o.RetryDead(ctx, byID["text"]), ErrNotFound)
		require.ErrorIs(t, o.RetryDead(ctx, byID["early"]), ErrNotFound)
		require.NoError(t, o.RetryDead(ctx, byID["lost|with bar"]))
		require.ErrorIs(t, o.RetryDead(ctx, byID["lost|with bar"]), ErrGone)
		c := b.one(q, "lost|with bar")
		require.EqualValues(t, 2, c.Job.Run)
		require.Zero(t, c.Crashes)
		b.finish(q, c, "42")

		// The job came too late for its id.
		b.hash("early", nil)
		require.NoError(t, o.RetryDead(ctx, byID["early"]))
		b.finish(q, b.one(q, "early"), "42")

		n, err := o.RemoveDead(ctx, append(b.letters(DeadFilter{}), byID["early"]))
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.Empty(t, b.letters(DeadFilter{}))
	})
}

func TestDeadLetterOfAJobThatRunsAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Crashes: 1})
		id := b.put(nil)
		b.die(q, id)
		require.NoError(t, b.producer().Retry(t.Context(), Ref{ID: id}))
		letter := b.letters(DeadFilter{})[0]
		require.ErrorIs(t, b.operator().RetryDead(t.Context(), letter), ErrNotEnded)
		b.one(q, id)
		require.ErrorIs(t, b.operator().RetryDead(t.Context(), letter), ErrNotEnded)
		b.none(q)
	})
}

func TestDeadLettersOfManyCircles(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		p, err := NewProducer(rdb, Henge)
		require.NoError(t, err)
		q := b.queue(Options{Circles: []string{alice, bob}, Dialects: []string{Henge}, Retry: Backoff{First: time.Millisecond}})
		for _, circle := range []string{alice, bob} {
			_, err := p.Submit(t.Context(), &Submission{Job: job.Job{Circle: circle, Type: "osis", Payload: []byte("x"), Retries: 1}})
			require.NoError(t, err)
		}
		failed := 0
		require.Eventually(t, func() bool {
			for _, c := range b.claim(q, 2) {
				require.NoError(t, q.Finish(t.Context(), c, &job.Result{End: job.ScriptError, Error: "x"}))
				failed++
			}
			return failed == 4
		}, soonest, tick)
		letters := b.letters(DeadFilter{Circle: bob})
		require.Len(t, letters, 1)
		require.Equal(t, "failed 2 times, at last with script_error", letters[0].Reason)
		require.Equal(t, "dead", letters[0].Status)
		require.NoError(t, b.operator().RetryDead(t.Context(), letters[0]))
		require.Len(t, b.claim(q, 2), 1)
		require.Len(t, b.letters(DeadFilter{}), 1)
	})
}
