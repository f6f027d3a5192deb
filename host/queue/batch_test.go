package queue

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestFinishesShareRoundTrips(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for range 300 {
			b.put(nil)
		}
		claims := b.claim(q, 300)
		require.Len(t, claims, 300)
		stale := claims[150]
		b.expire(stale)
		b.reap(q)
		var wait sync.WaitGroup
		for i, c := range claims {
			wait.Go(func() {
				output := c.Job.ID
				if i%50 == 0 {
					output += strings.Repeat("x", 600<<10)
				}
				err := q.Finish(t.Context(), c, &job.Result{
					End: job.Success, Output: []byte(output), Log: make([]job.LogLine, i%3)})
				if (c == stale) != errors.Is(err, ErrLost) {
					t.Errorf("job %d: %v", i, err)
				}
			})
		}
		wait.Wait()
		for i, c := range claims {
			if c != stale {
				require.True(t, strings.HasPrefix(b.get(c.Job.ID)["output"], c.Job.ID))
				require.EqualValues(t, i%3, rdb.LLen(t.Context(), logKey(c.Job.ID)).Val())
			}
		}
		require.Zero(t, rdb.ZCard(t.Context(), keyLease).Val())
	})
}

func TestBatch(t *testing.T) {
	type call struct {
		ok  bool
		err error
	}
	start := func(b *batch, ctx context.Context, send sender, arg any, size int) chan call {
		got := make(chan call, 1)
		ready := make(chan struct{})
		go func() {
			close(ready)
			ok, err := b.add(ctx, send, []any{arg}, size)
			got <- call{ok, err}
		}()
		<-ready
		return got
	}
	waiting := func(t *testing.T, b *batch, n int) {
		require.Eventually(t, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.waiting) == n
		}, soonest, tick)
	}

	t.Run("what comes meanwhile goes together, in order and in bounds", func(t *testing.T) {
		b := &batch{}
		hold := make(chan struct{})
		var sent [][]any
		send := func(_ context.Context, calls [][]any) ([]bool, error) {
			<-hold
			var args []any
			ok := make([]bool, len(calls))
			for i, c := range calls {
				args = append(args, c...)
				ok[i] = c[0] != "no"
			}
			sent = append(sent, args)
			return ok, nil
		}
		var got []chan call
		for i, arg := range []any{"first", "a", "no", "large", "b"} {
			got = append(got, start(b, t.Context(), send, arg, map[bool]int{true: batchBytes + 1}[arg == "large"]))
			waiting(t, b, i)
		}
		close(hold)
		for i, want := range []bool{true, true, false, true, true} {
			require.Equal(t, call{want, nil}, <-got[i])
		}
		require.Equal(t, [][]any{{"first"}, {"a", "no"}, {"large"}, {"b"}}, sent)
	})
	t.Run("one that is at fault fails alone", func(t *testing.T) {
		b := &batch{}
		hold := make(chan struct{})
		send := func(_ context.Context, calls [][]any) ([]bool, error) {
			<-hold
			for _, c := range calls {
				if c[0] == "bad" {
					return nil, refusal("ERR bad")
				}
			}
			return make([]bool, len(calls)), nil
		}
		var got []chan call
		for i, arg := range []any{"first", "good", "bad", "good"} {
			got = append(got, start(b, t.Context(), send, arg, 0))
			waiting(t, b, i)
		}
		close(hold)
		for i, bad := range []bool{false, false, true, false} {
			require.Equal(t, bad, (<-got[i]).err != nil)
		}
	})
	t.Run("nobody waits longer than its context", func(t *testing.T) {
		b := &batch{}
		hold := make(chan struct{})
		var sent int
		send := func(_ context.Context, calls [][]any) ([]bool, error) {
			<-hold
			sent += len(calls)
			return make([]bool, len(calls)), nil
		}
		first := start(b, t.Context(), send, "first", 0)
		waiting(t, b, 0)
		ctx, cancel := context.WithCancel(t.Context())
		second := start(b, ctx, send, "second", 0)
		waiting(t, b, 1)
		cancel()
		require.ErrorIs(t, (<-second).err, context.Canceled)
		third := start(b, t.Context(), send, "third", 0)
		waiting(t, b, 2)
		close(hold)
		require.NoError(t, (<-first).err)
		require.NoError(t, (<-third).err)
		require.Equal(t, 2, sent)
	})
}

// refusal is an error that the server answers.
type refusal string

func (r refusal) Error() string { return string(r) }
func (r refusal) RedisError()   {}

var _ redis.Error = refusal("")
