package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
)

// engines is where make engines puts those that are served from a folder.
const engines = "../../bin/modules"

// beginning starts workers that serve all engines, with a Redis and a data folder
// of its own.
type beginning struct {
	testing.TB
	rdb  redis.UniversalClient
	args []string
	jobs int
}

func newBeginning(t testing.TB) *beginning {
	require.FileExists(t, filepath.Join(engines, "starlark.wasm"), "run make engines first")
	server := redistest.Server(t, localredis.Options{})
	return &beginning{
		TB: t, rdb: redistest.Client(t, server),
		args: []string{"worker", "start", "--circle", demoCircle, "--redis-url", server.URL(), "--modules", engines, "--data", t.TempDir()},
	}
}

// firstJob returns how long it takes from the start of a worker to the result of
// a job that waits for it. The worker is stopped.
func (s *beginning) firstJob(typ, script string) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.jobs++
	id := fmt.Sprint("J", s.jobs)
	require.NoError(s, s.rdb.HSet(ctx, "hero:job:"+id, "id", id, "context_id", demoCircle, "script", script, "status", "dispatched").Err())
	require.NoError(s, s.rdb.LPush(ctx, "hero:q:work:type:"+typ, id).Err())
	cmd := exec.Command("henge", s.args...)
	began := time.Now()
	require.NoError(s, cmd.Start())
	reply, err := s.rdb.BRPop(ctx, time.Minute, "hero:q:reply:"+id).Result()
	took := time.Since(began)
	require.NoError(s, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(s, cmd.Wait())
	require.NoError(s, err)
	require.Equal(s, "42", reply[1])
	return took
}

// warm starts a worker until all engines are loaded, so that their code is kept.
func (s *beginning) warm() {
	cmd := exec.Command("henge", s.args...)
	require.NoError(s, cmd.Start())
	loading := func(m queue.PresentModule) bool { return m.State != "serving" }
	require.Eventually(s, func() bool {
		there, err := queue.Workers(context.Background(), s.rdb)
		return err == nil && len(there) == 1 && len(there[0].Modules) > 5 && !slices.ContainsFunc(there[0].Modules, loading)
	}, time.Minute, 10*time.Millisecond)
	require.NoError(s, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(s, cmd.Wait())
}

// The promise is 300 ms. Here the machine may have other things to do, so the best
// of some rounds is looked at, with a wide margin.
func TestFirstJobIsDoneSoon(t *testing.T) {
	s := newBeginning(t)
	s.warm()
	best := time.Minute
	for range 5 {
		best = min(best, s.firstJob("rhai", "40 + 2"))
	}
	t.Logf("the first job had its result %s after the start", best)
	require.Less(t, best, 2*time.Second)
}

// BenchmarkWorkerStart measures from the start of the program to the end of a job
// that waits, with all engines in the folder and their code kept: the median and
// the worst of all rounds, in ms.
func BenchmarkWorkerStart(b *testing.B) {
	s := newBeginning(b)
	s.warm()
	for _, job := range []struct{ typ, script string }{{"rhai", "40 + 2"}, {"lua", "return 40 + 2"}, {"starlark", "result = 40 + 2"}} {
		b.Run(job.typ, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				all = append(all, s.firstJob(job.typ, job.script))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "max-ms")
		})
	}
}
