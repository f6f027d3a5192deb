package queue

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestSubmit(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		p, q := b.producer(), b.queue(Options{})
		sent := &Submission{Job: job.Job{
			Circle: alice, Caller: "carol", Type: "OSIS", Payload: []byte("a\x00b"),
			Env: map[string]string{"A": "1"}, Timeout: 1500 * time.Millisecond, Retries: 2,
			Limits: job.Limits{Fuel: 1000, Wall: 3 * time.Millisecond},
		}}
		ref, err := p.Submit(ctx, sent)
		require.NoError(t, err)
		id := ref.ID
		parsed, err := uuid.Parse(id)
		require.NoError(t, err)
		require.EqualValues(t, 4, parsed.Version())

		record, err := p.Get(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, "dispatched", record.Status())
		require.Equal(t, record.Fields["created_at"], record.Fields["updated_at"])
		require.WithinDuration(t, time.Now(), record.Updated(), time.Minute)

		require.JSONEq(t, `{"fuel":1000,"wall_ms":3}`, record.Fields["henge:limits"])

		c := b.one(q, id)
		require.Empty(t, c.Refusal)
		want := sent.Job
		want.ID, want.Type, want.Timeout, want.Dialect, want.Queue, want.Attempt = id, "osis", 2*time.Second, "hero", osis, 1
		want.Run, want.Begun, want.Live = 1, c.Job.Begun, c.Job.Live
		require.Positive(t, c.Job.Begun)
		require.Equal(t, &want, c.Job)

		_, err = p.Submit(ctx, &Submission{Job: job.Job{ID: id, Circle: alice, Type: "osis"}})
		require.ErrorIs(t, err, ErrExists)

		for _, bad := range []job.Job{
			{Circle: "no circle", Type: "osis"},
			{Circle: alice},
			{Circle: alice, Type: "a|b"},
			{Circle: alice, Queue: "somewhere"},
			{Circle: alice, Type: "osis", ID: strings.Repeat("x", 513)},
		} {
			_, err := p.Submit(ctx, &Submission{Job: bad})
			require.Error(t, err)
		}
		ref, err = p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Queue: osis + ":group:g"}})
		require.NoError(t, err)
		require.Equal(t, []string{ref.ID}, rdb.LRange(ctx, osis+":group:g", 0, -1).Val())
	})
}

func TestGet(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		p := setup(t, rdb).producer()
		_, err := p.Get(t.Context(), Ref{ID: "nobody"})
		require.ErrorIs(t, err, ErrNotFound)
		require.NoError(t, rdb.Set(t.Context(), heroJob+"text", "x", 0).Err())
		_, err = p.Get(t.Context(), Ref{ID: "text"})
		require.ErrorContains(t, err, "WRONGTYPE")
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		p, q := b.producer(), b.queue(Options{})
		for i := range 700 {
			b.put(map[string]string{"context_id": []string{alice, bob}[i%2], "script_type": "Osis"})
		}
		require.NoError(t, rdb.Set(ctx, heroJob+"text", "x", 0).Err())
		b.finish(q, b.claim(q, 1)[0], "42")
		for _, c := range []struct {
			f     Filter
			limit int
			want  int
		}{
			{Filter{}, 10_000, 700},
			{Filter{}, 0, 100},
			{Filter{Status: "finished"}, 10, 1},
			{Filter{Circle: bob}, 1000, 350},
			{Filter{Circle: "not one"}, 1000, 0},
			{Filter{Type: "osis", Status: "dispatched", Circle: alice}, 1000, 349},
			{Filter{Type: "sal"}, 1000, 0},
		} {
			got, err := p.List(ctx, c.f, c.limit)
			require.NoError(t, err)
			require.Len(t, got, c.want, "%+v", c.f)
			for _, r := range got {
				require.NotContains(t, r.Fields, "script")
			}
		}
	})
}

func TestWait(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := soon(t)
		p, q := b.producer(), b.queue(Options{})

		t.Run("several wait, and none takes the reply", func(t *testing.T) {
			id := b.put(nil)
			got := make(chan Record)
			for range 2 {
				go func() {
					r, err := p.Wait(ctx, Ref{ID: id})
					if err != nil {
						t.Error(err)
					}
					got <- r
				}()
			}
			b.finish(q, b.one(q, id), "42")
			for range 2 {
				r := <-got
				require.Equal(t, "42", r.Fields["output"])
				require.True(t, r.Ended())
				require.False(t, r.Failed())
			}
			require.Equal(t, []string{"42"}, b.replies(id))
			require.Positive(t, rdb.TTL(ctx, heroReply+id).Val(), "the reply still goes in time")
		})
		t.Run("the reply was taken", func(t *testing.T) {
			id := b.put(nil)
			b.finish(q, b.one(q, id), "42")
			require.NoError(t, rdb.Del(ctx, heroReply+id).Err())
			r, err := p.Wait(ctx, Ref{ID: id})
			require.NoError(t, err)
			require.Equal(t, "finished", r.Status())
		})
		t.Run("a reply of an earlier run", func(t *testing.T) {
			id := b.put(nil)
			b.finish(q, b.one(q, id), "1")
			require.NoError(t, rdb.HSet(ctx, heroJob+id, "status", "dispatched").Err())
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, err := p.Wait(short, Ref{ID: id})
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
		t.Run("no such job", func(t *testing.T) {
			_, err := p.Wait(ctx, Ref{ID: "nobody"})
			require.ErrorIs(t, err, ErrNotFound)
		})
		t.Run("cancelled", func(t *testing.T) {
			id := b.put(nil)
			short, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			start := time.Now()
			_, err := p.Wait(short, Ref{ID: id})
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, time.Since(start), 5*time.Second)
		})
	})
}
