//go:build unix

package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// What a child of this test is told.
const (
	envRedis = "HENGE_TEST_KILL_REDIS"
	envMode  = "HENGE_TEST_KILL_MODE"

	// slow is the payload of a job that takes half a second, and failOnce that
	// of one whose first attempt fails.
	slow     = "slow"
	slowFor  = 500 * time.Millisecond
	failOnce = "fail once"

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
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	w, err := worker.New(worker.Options{Queue: q, Slots: 4, Log: log, Handlers: map[string]worker.Handler{
		"osis": func(ctx context.Context, j *job.Job) *job.Result {
			if string(j.Payload) == slow {
				select {
				case <-time.After(slowFor):
				case <-ctx.Done():
					if !errors.Is(context.Cause(ctx), job.ErrLeaseLost) {
						return &job.Result{End: job.Cancelled}
					}
				}
				// A worker that is stopped meanwhile has a result when it goes on.
				return &job.Result{End: job.Success, Output: strconv.AppendInt(nil, j.Attempt, 10)}
			}
			workABit(ctx)
			if string(j.Payload) == failOnce && j.Attempt == 1 {
				return &job.Result{End: job.ScriptError, Error: "once more"}
			}
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
	cmd.Stderr = &lockedBuffer{}
	require.NoError(t, cmd.Start())
	return cmd
}

func killChild(t *testing.T, cmd *exec.Cmd) {
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // "signal: killed"
}

// A worker that is stopped past its lease and goes on changes nothing, and
// serves other jobs as before.
func TestStoppedWorkerChangesNothing(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	rdb := redistest.Client(t, server)
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	submit := func(payload string) queue.Ref {
		ref, err := p.Submit(ctx, &queue.Submission{Job: job.Job{Circle: circle, Type: "osis", Payload: []byte(payload)}})
		require.NoError(t, err)
		return ref
	}
	first := startChild(t, server, modeWorker)
	defer killChild(t, first)
	ref := submit(slow)
	require.Eventually(t, func() bool {
		r, err := p.Get(ctx, ref)
		return err == nil && r.Status() == "started"
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, first.Process.Signal(syscall.SIGSTOP))

	second := startChild(t, server, modeWorker)
	r, err := p.Wait(ctx, ref)
	require.NoError(t, err)
	require.Equal(t, "2", r.Fields["output"])
	killChild(t, second)

	require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	// It is back when it has ended another job, after what it still held.
	other, err := p.Wait(ctx, submit("42"))
	require.NoError(t, err)
	require.Equal(t, "42", other.Fields["output"])
	again, err := p.Wait(ctx, submit(slow))
	require.NoError(t, err)
	require.Equal(t, "1", again.Fields["output"])
	now, err := p.Get(ctx, ref)
	require.NoError(t, err)
	require.Equal(t, r.Fields, now.Fields)
	require.EqualValues(t, 1, rdb.LLen(ctx, "hero:q:reply:"+ref.ID).Val())
	// It was told, and has counted it: at its result, or before at its renewal.
	require.Regexp(t, `(refused|leases_lost)=1\b`, first.Stderr.(*lockedBuffer).String())
}
