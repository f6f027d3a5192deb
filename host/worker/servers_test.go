//go:build unix

package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// serveAt starts a worker that gives back the payload of jobs of the type echo,
// for all circles, and returns a producer of its own connection.
func serveAt(t *testing.T, address, dialect string) (*queue.Producer, redis.UniversalClient) {
	t.Helper()
	rdb, err := queue.Connect(address)
	require.NoError(t, err)
	log := &lockedBuffer{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.String())
		}
	})
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Lease: 2 * time.Second, Dialects: []string{dialect}, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Slots: 4, Log: slog.New(slog.NewTextHandler(log, nil)), Handlers: map[string]worker.Handler{
		"echo": func(_ context.Context, j *job.Job) *job.Result {
			return &job.Result{End: job.Success, Output: bytes.Clone(j.Payload)}
		},
	}})
	require.NoError(t, err)
	working, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, rdb.Close())
	})
	own, err := queue.Connect(address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = own.Close() })
	p, err := queue.NewProducer(own, dialect)
	require.NoError(t, err)
	return p, own
}

func echo(circle, id string) *queue.Submission {
	return &queue.Submission{Job: job.Job{ID: id, Circle: circle, Type: "echo", Payload: []byte("this is " + id)}}
}

// flows has n jobs run and checks their results.
func flows(t *testing.T, p *queue.Producer, circle string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	refs := make([]queue.Ref, n)
	for i := range refs {
		var err error
		refs[i], err = p.Submit(ctx, echo(circle, fmt.Sprint(circle, "-", i)))
		require.NoError(t, err)
	}
	for _, ref := range refs {
		r, err := p.Wait(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, "this is "+ref.ID, r.Output(), "%v", r.Fields)
		require.Equal(t, "1", r.Fields["attempt"])
	}
}

func TestTLS(t *testing.T) {
	s := redistest.TLS(t)
	files := url.Values{"cacert": {s.CACert}, "cert": {s.Cert}, "key": {s.Key}}
	p, _ := serveAt(t, "rediss://"+s.Addr+"?"+files.Encode(), queue.Hero)
	flows(t, p, circle, 20)
	for name, address := range map[string]string{
		"the system's authorities": "rediss://" + s.Addr,
		"no certificate":           "rediss://" + s.Addr + "?cacert=" + s.CACert,
		"another name":             "rediss://" + s.Addr + "?servername=example.org&" + files.Encode(),
		"no TLS":                   "redis://" + s.Addr,
	} {
		rdb, err := queue.Connect(address)
		require.NoError(t, err)
		require.Error(t, rdb.Ping(t.Context()).Err(), name)
		require.NoError(t, rdb.Close())
	}
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "redis.sock")
	redistest.Server(t, localredis.Options{Args: []string{"--unixsocket", socket}})
	p, _ := serveAt(t, "unix://"+socket+"?db=1", queue.Hero)
	flows(t, p, circle, 5)
}

// Jobs of circles on all masters of a cluster.
func TestClusterFlow(t *testing.T) {
	p, rdb := serveAt(t, "redis+cluster://"+strings.Join(redistest.ClusterAddrs(t), ","), queue.Henge)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() { flows(t, p, fmt.Sprint("circle", i), 20) })
	}
	all.Wait()
	var used atomic.Int32 // masters are asked side by side
	require.NoError(t, rdb.(*redis.ClusterClient).ForEachMaster(t.Context(), func(ctx context.Context, one *redis.Client) error {
		if one.DBSize(ctx).Val() > 0 {
			used.Add(1)
		}
		return nil
	}))
	require.EqualValues(t, 3, used.Load())
}

// The master dies while jobs flow, and the replica takes over. What it had not
// been told is lost with the master, so the producer submits again what is not
// there; of what is there every job ends, and once.
func TestSentinelFailover(t *testing.T) {
	g := redistest.Sentinel(t)
	p, rdb := serveAt(t, g.URL(), queue.Hero)
	flows(t, p, circle, 5)
	master := redistest.Client(t, g.Master)
	pid := 0
	for line := range strings.Lines(master.Info(t.Context(), "server").Val()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "process_id:"); ok {
			pid, _ = strconv.Atoi(text)
		}
	}
	require.NotZero(t, pid)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var ids []string
	submit := func(id string) bool {
		_, err := p.Submit(ctx, echo(circle, id))
		return err == nil
	}
	for i := range 200 {
		if i == 100 {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		ids = append(ids, fmt.Sprint("flow", i))
		for !submit(ids[i]) {
			// An answer that was lost leaves a job, and then the id is taken.
			if _, err := p.Get(ctx, queue.Ref{ID: ids[i]}); err == nil {
				break
			}
			require.NoError(t, ctx.Err())
		}
	}
	again := 0
	for _, id := range ids {
		if n, err := rdb.Exists(ctx, "hero:job:"+id).Result(); err == nil && n == 0 {
			again++
			require.True(t, submit(id))
		}
	}
	for _, id := range ids {
		r, err := p.Wait(ctx, queue.Ref{ID: id})
		require.NoError(t, err)
		require.Equal(t, "this is "+id, r.Output())
		require.EqualValues(t, 1, rdb.LLen(ctx, "hero:q:reply:"+id).Val())
	}
	t.Logf("%d of %d jobs were lost with the master, and submitted again", again, len(ids))
	replica := redistest.Client(t, g.Replica)
	require.Equal(t, "master", replica.Do(ctx, "ROLE").Val().([]any)[0])
}
