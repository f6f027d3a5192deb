package queue

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// cutting is a connection that is cut after the server has run a command and
// before its answer comes.
type cutting struct {
	net.Conn
	cuts *atomic.Int64
}

func (c cutting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.cuts.Add(-1) >= 0 {
		c.Conn.Close()
		return 0, errors.New("cut")
	}
	return n, err
}

// cut returns a queue whose next answers are lost, as many as cuts says. The
// client sends a command again as often as retries says.
func (b *testBundle) cut(retries int) (q *Queue, cuts *atomic.Int64) {
	b.Helper()
	cuts = new(atomic.Int64)
	weak := b.through(retries, func(conn net.Conn) net.Conn { return cutting{conn, cuts} })
	q, err := New(weak, Options{AllCircles: true})
	require.NoError(b, err)
	b.finish(q, b.one(q, b.put(nil)), "") // the server knows the scripts now
	return q, cuts
}

// through returns a client of the same Redis whose connections are wrapped.
func (b *testBundle) through(retries int, wrap func(net.Conn) net.Conn) *redis.Client {
	client := redis.NewClient(&redis.Options{
		Addr:                  b.rdb.Options().Addr,
		ContextTimeoutEnabled: true,
		MaxRetries:            retries,
		MinRetryBackoff:       time.Millisecond,
		MaxRetryBackoff:       time.Millisecond,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return wrap(conn), nil
		},
	})
	b.Cleanup(func() { _ = client.Close() })
	return client
}

func TestAFinishWhoseAnswerWasLost(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		q, cuts := b.cut(-1)
		for _, r := range []job.Result{
			{End: job.Success, Output: []byte("42"), Log: []job.LogLine{{Text: "once"}}},
			{End: job.ScriptError, Error: "no"},
		} {
			id := b.put(map[string]string{"retries": "1"})
			c := b.one(q, id)
			cuts.Store(1)
			err := q.Finish(ctx, c, &r)
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrLost)
			before := b.snapshot()
			require.NoError(t, q.Finish(ctx, c, &r), "it was written the first time")
			require.Equal(t, before, b.snapshot())
			require.ErrorIs(t, q.Finish(ctx, c, &r), ErrLost)
		}
		require.Len(t, rdb.Keys(ctx, "henge:log:*").Val(), 1)
	})
}

func TestAClaimWhoseAnswerWasLost(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		t.Run("the client sends it again", func(t *testing.T) {
			b := setup(t, rdb)
			q, cuts := b.cut(3)
			first, second := b.put(map[string]string{"id": "odd|:1\n"}), b.put(nil)
			cuts.Store(2)
			claims := b.claim(q, 1)
			require.Equal(t, []string{first}, idsOf(claims))
			require.EqualValues(t, 1, claims[0].Job.Attempt)
			require.EqualValues(t, 1, rdb.ZCard(t.Context(), scopeShared+inLease).Val())
			b.finish(q, claims[0], "42")
			b.finish(q, b.one(q, second), "42")
		})
		t.Run("the worker makes another", func(t *testing.T) {
			b := setup(t, rdb)
			q, cuts := b.cut(-1)
			var ids []string
			for range 5 {
				ids = append(ids, b.put(nil))
			}
			cuts.Store(1)
			_, err := q.Claim(t.Context(), osisOnly, 3)
			require.Error(t, err)
			require.EqualValues(t, 3, rdb.ZCard(t.Context(), scopeShared+inLease).Val())
			require.NoError(t, rdb.ZRem(t.Context(), scopeShared+inLease, memberOf(osis, ids[1])).Err()) // lost meanwhile
			claims := b.claim(q, 3)
			require.Equal(t, []string{ids[0], ids[2]}, idsOf(claims))
			for _, c := range claims {
				b.finish(q, c, "42")
			}
			require.Equal(t, ids[3:], idsOf(b.claim(q, 3)))
		})
	})
}

// A claim that runs while the worker shuts down leaves nothing leased.
func TestAClaimThatNobodyWaitsFor(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		s := slow{armed: new(atomic.Bool), held: make(chan struct{}), hold: make(chan struct{})}
		q, err := New(b.through(-1, func(conn net.Conn) net.Conn {
			return slow{conn, s.armed, s.held, s.hold}
		}), Options{AllCircles: true})
		require.NoError(t, err)
		b.finish(q, b.one(q, b.put(nil)), "") // the server knows the scripts now
		id := b.put(nil)
		ctx, cancel := context.WithCancel(t.Context())
		s.armed.Store(true)
		go func() {
			<-s.held // the server has answered
			cancel()
		}()
		_, err = q.Claim(ctx, osisOnly, 1)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "started", b.get(id)["status"])
		close(s.hold)
		require.Eventually(t, func() bool { return b.get(id)["status"] == "dispatched" }, soonest, tick)
		require.Zero(t, rdb.ZCard(t.Context(), scopeShared+inLease).Val())
		require.EqualValues(t, 2, b.one(q, id).Job.Attempt)
	})
}

// slow is a connection whose answers, once armed, wait until hold is closed.
type slow struct {
	net.Conn
	armed      *atomic.Bool
	held, hold chan struct{}
}

func (s slow) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.armed.CompareAndSwap(true, false) {
		close(s.held)
		<-s.hold
	}
	return n, err
}
