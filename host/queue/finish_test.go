package queue

import (
	"math"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestFinishEnds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for _, c := range []struct {
			name          string
			result        job.Result
			status, reply string
			output, error string
		}{
			{"success", job.Result{End: job.Success, Output: []byte("a\x00\xff")}, "finished", "a\x00\xff", "a\x00\xff", ""},
			{"success that says nothing", job.Result{End: job.Success}, "finished", "", "", ""},
			{"success with a message", job.Result{End: job.Success, Error: "odd"}, "finished", "", "", ""},
			{"script error", job.Result{End: job.ScriptError, Error: "line 1"}, "error", "line 1", "", "line 1"},
			{"error and output", job.Result{End: job.ExitCode, Error: "code 3", Output: []byte("so far")}, "error", "code 3", "so far", "code 3"},
			{"no message", job.Result{End: job.Fuel}, "error", "the job ended with fuel", "", "the job ended with fuel"},
		} {
			t.Run(c.name, func(t *testing.T) {
				id := b.put(map[string]string{"error": "of an older attempt"})
				claim := b.one(q, id)
				require.NoError(t, q.Finish(t.Context(), claim, &c.result))
				got := b.get(id)
				require.Equal(t, c.status, got["status"])
				require.Equal(t, c.output, got["output"])
				require.Equal(t, c.error, got["error"])
				require.Equal(t, c.result.End.String(), got["end"])
				require.Equal(t, []string{c.reply}, b.replies(id))

				before := b.snapshot()
				require.ErrorIs(t, q.Finish(t.Context(), claim, &c.result), ErrLost, "a second time")
				require.Equal(t, before, b.snapshot())
			})
		}
	})
}

// Whatever a worker does with a claim that is no longer its own changes
// nothing at all.
func TestFence(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		for name, lose := range map[string]func(b *testBundle, q *Queue, c *Claim){
			"put back": func(b *testBundle, q *Queue, c *Claim) {
				b.expire(c)
				b.reap(q)
			},
			"taken by another": func(b *testBundle, q *Queue, c *Claim) {
				b.expire(c)
				b.reap(q)
				b.one(b.queue(Options{Worker: "other"}), c.Job.ID)
			},
			"taken by the same worker": func(b *testBundle, q *Queue, c *Claim) {
				b.expire(c)
				b.reap(q)
				b.one(q, c.Job.ID)
			},
			"ended by another": func(b *testBundle, q *Queue, c *Claim) {
				b.expire(c)
				b.reap(q)
				other := b.queue(Options{Worker: "other"})
				b.finish(other, b.one(other, c.Job.ID), "theirs")
			},
			"given up": func(b *testBundle, q *Queue, c *Claim) {
				require.NoError(b, rdb.HSet(ctx, heroJob+c.Job.ID, "crashes", "2").Err())
				b.expire(c)
				b.reap(q)
			},
			"deleted": func(b *testBundle, q *Queue, c *Claim) {
				require.NoError(b, rdb.Del(ctx, heroJob+c.Job.ID).Err())
			},
			"no longer a hash": func(b *testBundle, q *Queue, c *Claim) {
				require.NoError(b, rdb.Set(ctx, heroJob+c.Job.ID, "text", 0).Err())
			},
			"lease gone": func(b *testBundle, q *Queue, c *Claim) {
				require.NoError(b, rdb.ZRem(ctx, scopeShared+inLease, memberOf(osis, c.Job.ID)).Err())
			},
		} {
			t.Run(name, func(t *testing.T) {
				b := setup(t, rdb)
				require.NoError(t, rdb.FlushAll(ctx).Err())
				q := b.queue(Options{Worker: "w"})
				b.put(map[string]string{"retries": "5"})
				stale := b.claim(q, 1)[0]
				lose(b, q, stale)

				before := b.snapshot()
				for _, r := range []job.Result{
					{End: job.Success, Output: []byte("mine"), Log: []job.LogLine{{Text: "x"}}},
					{End: job.ScriptError, Error: "mine"},
					{End: job.Refused, Error: "mine"},
				} {
					require.ErrorIs(t, q.Finish(ctx, stale, &r), ErrLost)
				}
				renewal, err := q.Renew(ctx, []*Claim{stale})
				require.NoError(t, err)
				lost := renewal.Lost
				require.Equal(t, []*Claim{stale}, lost)
				require.NoError(t, q.Release(ctx, []*Claim{stale}))
				require.Equal(t, before, b.snapshot())
			})
		}
	})
}

func TestRetry(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q := b.queue(Options{Rand: func() float64 { return 1 }})
		id := b.put(map[string]string{"retries": "2"})
		failed := &job.Result{End: job.ScriptError, Error: "no luck", Log: []job.LogLine{{Text: "tried"}}}

		for i, delay := range []time.Duration{time.Second, 2 * time.Second} {
			c := b.one(q, id)
			require.EqualValues(t, i, c.Failures)
			require.NoError(t, q.Finish(ctx, c, failed))
			got := b.get(id)
			require.Equal(t, "dispatched", got["status"])
			require.Equal(t, "no luck", got["error"])
			require.Empty(t, b.replies(id))
			require.Zero(t, rdb.ZCard(ctx, scopeShared+inLease).Val())

			now, err := rdb.Time(ctx).Result()
			require.NoError(t, err)
			due := rdb.ZScore(ctx, scopeShared+inDue, memberOf(osis, id)).Val()
			require.InDelta(t, float64(now.Add(delay).UnixMilli()), due, 900)
			b.push(osis, id) // a copy of what is due does not start it early
			claims := b.claims(q, 10)
			require.Empty(t, claims.Jobs)
			require.LessOrEqual(t, claims.Next, min(delay, PollInterval))
			require.NoError(t, rdb.ZAddXX(ctx, scopeShared+inDue, redis.Z{Member: memberOf(osis, id), Score: 1}).Err())
		}
		c := b.one(q, id)
		require.EqualValues(t, 2, c.Failures)
		require.EqualValues(t, 3, c.Job.Attempt)
		require.NoError(t, q.Finish(ctx, c, failed))
		require.Equal(t, "error", b.get(id)["status"])
		require.Equal(t, []string{"no luck"}, b.replies(id))
		lines, err := b.producer().Logs(ctx, Ref{ID: id})
		require.NoError(t, err)
		require.Len(t, lines, 3)
	})
}

func TestWhatIsNotRetried(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		for _, r := range []job.Result{
			{End: job.Fuel}, {End: job.Memory}, {End: job.Refused}, {End: job.Cancelled}, {End: job.Success},
			{End: job.ScriptError, NoRetry: true},
		} {
			id := b.put(map[string]string{"retries": "5"})
			require.NoError(t, q.Finish(t.Context(), b.one(q, id), &r))
			require.Equal(t, r.End.String(), b.get(id)["end"])
			require.Zero(t, rdb.ZCard(t.Context(), scopeShared+inDue).Val())
		}
	})
}

func TestDueInTime(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := soon(t)
		q := b.queue(Options{Retry: Backoff{First: 30 * time.Millisecond}})
		w := q.NewWaker()
		defer w.Close()
		id := b.put(map[string]string{"retries": "1"})
		c := b.one(q, id)
		require.NoError(t, q.Finish(ctx, c, &job.Result{End: job.Trap}))
		for {
			claims := b.claims(q, 1)
			if len(claims.Jobs) > 0 {
				require.Equal(t, id, claims.Jobs[0].Job.ID)
				return
			}
			require.NoError(t, w.Wait(ctx, claims.Next))
		}
	})
}

func TestLogs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{LogLines: 2500, LogTTL: time.Hour})
		id := b.put(nil)
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		var lines []job.LogLine
		for range 2600 {
			lines = append(lines, job.LogLine{Time: at, Level: job.Debug, Text: "line"})
		}
		lines = append(lines,
			job.LogLine{Time: at, Level: job.Error, Text: "a\x00\n\"", Fields: map[string]any{"n": "1"}},
			job.LogLine{Time: at, Text: "nan", Fields: map[string]any{"x": math.NaN()}})
		require.NoError(t, q.Finish(t.Context(), b.one(q, id), &job.Result{End: job.Success, Log: lines}))

		got, err := b.producer().Logs(t.Context(), Ref{ID: id})
		require.NoError(t, err)
		require.Len(t, got, 2500)
		require.Equal(t, lines[2600], got[2498])
		require.Equal(t, "nan", got[2499].Text)
		require.Equal(t, lines[2598], got[2496])
		require.InDelta(t, 3600, rdb.TTL(t.Context(), "henge:log:hero|"+id).Val().Seconds(), 5)

		none, err := b.producer().Logs(t.Context(), Ref{ID: "nobody"})
		require.NoError(t, err)
		require.Empty(t, none)
		require.NoError(t, rdb.RPush(t.Context(), keyLog+"hero|foreign", "plain").Err())
		foreign, err := b.producer().Logs(t.Context(), Ref{ID: "foreign"})
		require.NoError(t, err)
		require.Equal(t, []job.LogLine{{Text: "plain"}}, foreign)
	})
}

func TestBackoff(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		name     string
		b        Backoff
		failures []int
		want     []time.Duration
	}{
		{"default", Backoff{NoJitter: true}, []int{0, 1, 2, 3, 7, 8, 1 << 40}, []time.Duration{s, s, 2 * s, 4 * s, 60 * s, 60 * s, 60 * s}},
		{"constant", Backoff{Growth: Constant, NoJitter: true, First: 3 * s}, []int{1, 9}, []time.Duration{3 * s, 3 * s}},
		{"linear", Backoff{Growth: Linear, NoJitter: true, Most: 5 * s}, []int{1, 2, 9}, []time.Duration{s, 2 * s, 5 * s}},
		{"huge", Backoff{NoJitter: true, First: math.MaxInt64, Most: 1 << 60}, []int{1000}, []time.Duration{1 << 60}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, n := range c.failures {
				require.Equal(t, c.want[i], c.b.Delay(n, 0.5), n)
			}
		})
	}
	require.Equal(t, 500*time.Millisecond, Backoff{}.Delay(1, 0))
	require.Equal(t, 750*time.Millisecond, Backoff{}.Delay(1, 0.5))
}
