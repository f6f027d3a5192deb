package queue

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// flaky is a connection that is cut now and then, as often after the server
// has done what it was asked as before.
type flaky struct{ net.Conn }

func (f flaky) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	return f.maybe(n, err)
}

func (f flaky) Write(p []byte) (int, error) {
	if n, err := f.maybe(len(p), nil); err != nil {
		return n, err
	}
	return f.Conn.Write(p)
}

func (f flaky) maybe(n int, err error) (int, error) {
	if err == nil && rand.IntN(30) == 0 {
		f.Conn.Close()
		return 0, errors.New("cut")
	}
	return n, err
}

// crew is some workers that end jobs, whatever happens, until stop.
type crew struct {
	accepted sync.Map // id → how many finishes were accepted
	stop     atomic.Bool
	all      sync.WaitGroup
}

func (c *crew) start(t *testing.T, q *Queue) {
	c.all.Go(func() {
		for !c.stop.Load() {
			claims, err := q.Claim(t.Context(), osisOnly, 5)
			if err != nil || len(claims.Jobs) == 0 {
				_ = sleep(t.Context(), 5*time.Millisecond)
				continue
			}
			for _, one := range claims.Jobs {
				c.all.Go(func() { c.finish(t, q, one) })
			}
		}
	})
	c.all.Go(func() {
		for !c.stop.Load() {
			_, _ = q.Reap(t.Context())
			_ = sleep(t.Context(), 20*time.Millisecond)
		}
	})
}

func (c *crew) finish(t *testing.T, q *Queue, one *Claim) {
	for {
		err := q.Finish(t.Context(), one, &job.Result{End: job.Success, Output: []byte("42")})
		switch {
		case err == nil:
			n, _ := c.accepted.LoadOrStore(one.Job.ID, new(atomic.Int64))
			n.(*atomic.Int64).Add(1)
			return
		case errors.Is(err, ErrLost):
			return
		}
		_ = sleep(t.Context(), time.Millisecond)
	}
}

// ended waits until all jobs have ended, and checks that each did so once.
func (c *crew) ended(b *testBundle, ids []string) {
	b.Helper()
	require.Eventually(b, func() bool {
		pipe := b.rdb.Pipeline()
		for _, id := range ids {
			pipe.LLen(b.Context(), heroReply+id)
		}
		replies, err := pipe.Exec(b.Context())
		for _, r := range replies {
			if r.(*redis.IntCmd).Val() == 0 {
				return false
			}
		}
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	c.stop.Store(true)
	c.all.Wait()
	for _, id := range ids {
		require.Equal(b, "finished", b.get(id)["status"], "%s: %s", id, b.get(id)["error"])
		require.Equal(b, []string{"42"}, b.replies(id))
		n, ok := c.accepted.Load(id)
		require.True(b, ok, id)
		require.EqualValues(b, 1, n.(*atomic.Int64).Load(), id)
	}
	require.Empty(b, b.dead())
}

func TestFlakyConnections(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		require.NoError(t, rdb.Set(t.Context(), scopeShared+inReaped, "1", 0).Err())
		c := &crew{}
		for i := range 3 {
			q, err := New(b.through(i-1, func(conn net.Conn) net.Conn { return flaky{conn} }),
				Options{AllCircles: true, Lease: 3 * time.Second})
			require.NoError(t, err)
			c.start(t, q)
		}
		ids := numbered("j", 400)
		for _, id := range ids {
			b.put(map[string]string{"id": id})
		}
		c.ended(b, ids)
	})
}

// Redis is stopped while jobs flow, and comes back with what it had written.
func TestRedisRestarts(t *testing.T) {
	dir := t.TempDir()
	always := []string{"--appendfsync", "always"}
	first := redistest.Server(t, localredis.Options{Dir: dir, Args: always})
	_, text, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)

	rdb := redistest.Client(t, first)
	b := setup(t, rdb)
	c := &crew{}
	ids := numbered("j", 400)
	for _, id := range ids {
		b.put(map[string]string{"id": id})
	}
	for range 3 {
		c.start(t, b.queue(Options{Lease: 3 * time.Second}))
	}
	require.Eventually(t, func() bool { return rdb.Exists(t.Context(), heroReply+ids[50]).Val() == 1 }, soonest, tick)
	require.NoError(t, first.Close())
	redistest.Server(t, localredis.Options{Dir: dir, Port: port, Args: always})
	c.ended(b, ids)
}
