//go:build unix

package worker_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// What a child of this test is told.
const (
	envRedis = "HENGE_TEST_KILL_REDIS"
	envMode  = "HENGE_TEST_KILL_MODE"

	modeWorker = "worker"
)

// TestKilledWorker is no test: it is a worker in a process of its own.
func TestKilledWorker(t *testing.T) {
	url := os.Getenv(envRedis)
	if url == "" {
		t.Skip("this is what other tests start")
	}
	rdb, err := queue.Connect(url)
	require.NoError(t, err)
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Lease: time.Second, Crashes: 1 << 20})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Slots: 4, Handlers: map[string]worker.Handler{
		"osis": func(ctx context.Context, j *job.Job) *job.Result {
			workABit(ctx)
			return &job.Result{End: job.Success, Output: j.Payload}
		},
	}})
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context()))
}

// workABit is a job of up to 4 ms.
func workABit(ctx context.Context) {
	select {
	case <-time.After(rand.N(4 * time.Millisecond)):
	case <-ctx.Done():
	}
}

// startChild starts a worker in a process of its own.
func startChild(t *testing.T, server *localredis.Server, mode string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWorker$")
	cmd.Env = append(os.Environ(), envRedis+"="+server.URL(), envMode+"="+mode)
	require.NoError(t, cmd.Start())
	return cmd
}

func killChild(t *testing.T, cmd *exec.Cmd) {
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // "signal: killed"
}
