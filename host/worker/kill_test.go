//go:build unix

package worker_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
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

var kills = flag.Int("kills", 50, "how many workers are killed while jobs flow")

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
	modeUnsafe = "unsafe"
)

// TestKilledWorker is no test: it is the process that TestKills kills.
func TestKilledWorker(t *testing.T) {
	url := os.Getenv(envRedis)
	if url == "" {
		t.Skip("this is what TestKills runs")
	}
	rdb, err := queue.Connect(url)
	require.NoError(t, err)
	if os.Getenv(envMode) == modeUnsafe {
		popAndHope(t.Context(), rdb)
		return
	}
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

// popAndHope is a worker without a lease: what it holds when it dies is lost.
func popAndHope(ctx context.Context, rdb redis.UniversalClient) {
	for {
		id, err := rdb.RPop(ctx, "hero:q:work:type:osis").Result()
		if err != nil {
			workABit(ctx)
			continue
		}
		workABit(ctx)
		rdb.HSet(ctx, "hero:job:"+id, "status", "finished", "output", id)
		rdb.LPush(ctx, "hero:q:reply:"+id, id)
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

// flow has workers end jobs while they are killed with SIGKILL at random
// moments, and returns how many jobs were lost and how many ended twice.
func flow(t *testing.T, mode string, kills int, patience time.Duration) (lost, twice int) {
	server := redistest.Server(t, localredis.Options{})
	rdb := redistest.Client(t, server)
	start := func() *exec.Cmd { return startChild(t, server, mode) }
	kill := func(cmd *exec.Cmd) { killChild(t, cmd) }
	workers := make([]*exec.Cmd, 3)
	for i := range workers {
		workers[i] = start()
	}
	defer func() {
		for _, w := range workers {
			kill(w)
		}
	}()
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	var ids []string
	for range kills {
		// Jobs come all the time, so that there is always one to lose.
		many := make([]queue.Submission, 40)
		for i := range many {
			many[i].Job = job.Job{ID: fmt.Sprint("job", len(ids)), Circle: circle, Type: "osis", Payload: []byte("42")}
			ids = append(ids, many[i].ID)
		}
		_, err := p.SubmitMany(t.Context(), many)
		require.NoError(t, err)
		<-time.After(20*time.Millisecond + rand.N(60*time.Millisecond))
		i := rand.N(len(workers))
		kill(workers[i])
		workers[i] = start()
	}
	deadline := time.Now().Add(patience)
	for {
		lost, twice = 0, 0
		for _, id := range ids {
			switch n := rdb.LLen(t.Context(), "hero:q:reply:"+id).Val(); {
			case n == 0:
				lost++
			case n > 1:
				twice++
			}
		}
		if lost == 0 || time.Now().After(deadline) {
			t.Logf("%s: %d kills, %d jobs, %d lost, %d ended twice", mode, kills, len(ids), lost, twice)
			return lost, twice
		}
		<-time.After(100 * time.Millisecond)
	}
}

// However often workers are killed, each job ends, and once.
func TestKills(t *testing.T) {
	lost, twice := flow(t, modeWorker, *kills, time.Minute)
	require.Zero(t, lost)
	require.Zero(t, twice)
}

// The same with a worker that pops and hopes: or the test above shows nothing.
func TestKillsOfAnUnsafeWorker(t *testing.T) {
	lost, _ := flow(t, modeUnsafe, 50, 5*time.Second)
	require.Positive(t, lost)
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
