//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/schedule"
)

// Five workers of their own processes, of which one is killed, one is stopped
// and goes on, and one comes later: each tick gives one job, and it is run once.
func TestEachTickGivesOneJob(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	rdb := redistest.Client(t, server)
	schedules, err := queue.NewSchedules(rdb)
	require.NoError(t, err)
	workers := make([]*exec.Cmd, 5)
	for i := range workers {
		workers[i] = startChild(t, server, modeWorker)
	}
	defer func() {
		for _, w := range workers {
			killChild(t, w)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	const many = 3
	names := make([]string, many)
	first := make([]time.Time, many)
	for i := range names {
		names[i] = fmt.Sprint("s", i)
		first[i], err = schedules.Put(ctx, queue.Schedule{
			Name: names[i], Spec: schedule.Spec{Every: "1s"}, Missed: schedule.All,
			Job: queue.Submission{Job: job.Job{Dialect: queue.Hero, Circle: circle, Type: "osis", Payload: []byte("42")}},
		}, false)
		require.NoError(t, err)
	}
	// until waits for a tick of the first schedule to have its job.
	until := func(n int) {
		require.Eventually(t, func() bool {
			sc, err := schedules.Get(ctx, circle, names[0])
			return err == nil && !sc.Last.Before(first[0].Add(time.Duration(n-1)*time.Second))
		}, time.Minute, 10*time.Millisecond)
	}
	until(1)
	killChild(t, workers[0])
	require.NoError(t, workers[1].Process.Signal(syscall.SIGSTOP))
	until(3)
	workers[0] = startChild(t, server, modeWorker)
	require.NoError(t, workers[1].Process.Signal(syscall.SIGCONT))
	until(5)

	for i, name := range names {
		require.NoError(t, schedules.Pause(ctx, circle, name))
		sc, err := schedules.Get(ctx, circle, name)
		require.NoError(t, err)
		n := 0
		for tick := first[i]; !tick.After(sc.Last); tick = tick.Add(time.Second) {
			n++
			id := fmt.Sprintf("%s/%s@%s", circle, name, tick.Format(time.RFC3339))
			reply := "hero:q:reply:" + id
			require.Eventually(t, func() bool { return rdb.LLen(ctx, reply).Val() > 0 }, time.Minute, 10*time.Millisecond, id)
			require.EqualValues(t, 1, rdb.LLen(ctx, reply).Val(), id)
		}
		require.GreaterOrEqual(t, n, 3)
		keys, err := rdb.Keys(ctx, fmt.Sprintf("hero:job:%s/%s@*", circle, name)).Result()
		require.NoError(t, err)
		require.Len(t, keys, n, "a job for each tick, and no other")
	}
}
