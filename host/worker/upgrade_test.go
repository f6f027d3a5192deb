//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
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

// flowing is a Redis that jobs are submitted to.
type flowing struct {
	server   *localredis.Server
	rdb      *redis.Client
	producer *queue.Producer
}

func newFlow(t *testing.T) *flowing {
	t.Helper()
	server := redistest.Server(t, localredis.Options{})
	f := &flowing{server: server, rdb: redistest.Client(t, server)}
	var err error
	f.producer, err = queue.NewProducer(f.rdb, queue.Hero)
	require.NoError(t, err)
	return f
}

func (f *flowing) submit(t *testing.T, payload string) queue.Ref {
	t.Helper()
	ref, err := f.producer.Submit(t.Context(), &queue.Submission{
		Job: job.Job{Circle: circle, Type: "osis", Payload: []byte(payload), Retries: 2},
	})
	require.NoError(t, err)
	return ref
}

// A later version has taken over the Redis of a worker that runs: it says so,
// ends what it has and takes no more jobs; one that starts does not begin.
func TestWorkerOfAnotherProtocolDoesNotServe(t *testing.T) {
	f := newFlow(t)
	log := &lockedBuffer{}
	start := func() <-chan error {
		q, err := queue.New(f.rdb, queue.Options{AllCircles: true})
		require.NoError(t, err)
		w, err := worker.New(worker.Options{Queue: q, Slots: 1, Log: slog.New(slog.NewTextHandler(log, nil)), Handlers: map[string]worker.Handler{
			"osis": func(context.Context, *job.Job) *job.Result { return &job.Result{End: job.Success} },
		}})
		require.NoError(t, err)
		w.AnnounceEvery(10 * time.Millisecond)
		ended := make(chan error, 1)
		go func() { ended <- w.Run(t.Context()) }()
		return ended
	}
	running := start()
	_, err := f.producer.Wait(t.Context(), f.submit(t, "42"))
	require.NoError(t, err)
	require.NoError(t, f.rdb.Set(t.Context(), "henge:protocol", "2", 0).Err())
	require.ErrorIs(t, <-running, queue.ErrProtocol)
	require.Contains(t, log.String(), "another version of henge uses this Redis now")
	left := f.submit(t, "42")
	require.ErrorIs(t, <-start(), queue.ErrProtocol)
	r, err := f.producer.Get(t.Context(), left)
	require.NoError(t, err)
	require.Equal(t, "dispatched", r.Status())
}

// startWorker1 starts a worker of protocol 1 in a process of its own.
func startWorker1(t *testing.T, server *localredis.Server) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestWorkerOfProtocol1$")
	cmd.Env = append(os.Environ(), envRedis+"="+server.URL())
	require.NoError(t, cmd.Start())
	return cmd
}

// Workers of protocol 1 as it was first released and of today serve the same
// lists and are replaced by each other, in both directions, each killed at a
// random moment, while jobs flow, fail, are tried again and are cancelled:
// each job ends, and once.
func TestRollingUpgrade(t *testing.T) {
	f := newFlow(t)
	const replaced = 24
	older := func() *exec.Cmd { return startWorker1(t, f.server) }
	today := func() *exec.Cmd { return startChild(t, f.server, modeWorker) }
	workers := []*exec.Cmd{older(), older(), today(), today()}
	defer func() {
		for _, w := range workers {
			killChild(t, w)
		}
	}()
	want := map[queue.Ref]string{}
	for i := range replaced {
		for k := range 30 {
			payload, status := fmt.Sprint("job ", i, " ", k), "finished"
			if k%10 == 0 {
				payload = failOnce
			}
			want[f.submit(t, payload)] = status
		}
		stopped := f.submit(t, slow)
		want[stopped] = "error"
		<-time.After(20*time.Millisecond + rand.N(60*time.Millisecond))
		_, err := f.producer.Cancel(t.Context(), stopped, "enough")
		require.NoError(t, err)
		at := i % len(workers)
		killChild(t, workers[at])
		if rand.IntN(2) == 0 {
			workers[at] = older()
		} else {
			workers[at] = today()
		}
	}
	require.Eventually(t, func() bool {
		for ref := range want {
			if f.rdb.LLen(t.Context(), "hero:q:reply:"+ref.ID).Val() == 0 {
				return false
			}
		}
		return true
	}, time.Minute, 50*time.Millisecond)
	byOlder := 0
	for ref, status := range want {
		r, err := f.producer.Get(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, status, r.Status(), "%v", r.Fields)
		require.EqualValues(t, 1, f.rdb.LLen(t.Context(), "hero:q:reply:"+ref.ID).Val(), "ended twice: %v", r.Fields)
		if len(r.Fields["worker"]) > len("protocol-1-") && r.Fields["worker"][:len("protocol-1-")] == "protocol-1-" {
			byOlder++
		}
	}
	t.Logf("%d jobs, %d of them ended by workers of protocol 1", len(want), byOlder)
	require.NotZero(t, byOlder)
	require.Less(t, byOlder, len(want))
	require.Zero(t, f.rdb.ZCard(t.Context(), "henge:lease").Val())
	require.Zero(t, f.rdb.ZCard(t.Context(), "henge:dead").Val())
}
