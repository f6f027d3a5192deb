package worker_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// BenchmarkThroughput is a full list of jobs that do nothing, by dialect and
// number of slots: what the queue and the worker cost.
func BenchmarkThroughput(b *testing.B) {
	for _, dialect := range queue.Dialects() {
		for _, slots := range []int{2, 16, 64} {
			b.Run(fmt.Sprintf("%s/slots=%d", dialect, slots), func(b *testing.B) {
				rdb := redistest.Real(b)
				p, err := queue.NewProducer(rdb, dialect)
				require.NoError(b, err)
				jobs := make([]queue.Submission, b.N)
				for i := range jobs {
					jobs[i].Job = job.Job{Circle: circle, Type: "rhai", Payload: []byte("40 + 2")}
				}
				submitted, err := p.SubmitMany(b.Context(), jobs)
				require.NoError(b, err)
				for _, one := range submitted {
					require.NoError(b, one.Err)
				}
				q, err := queue.New(rdb, queue.Options{Circles: []string{circle}, Dialects: []string{dialect}})
				require.NoError(b, err)
				ended := make(chan struct{}, b.N)
				handle := func(context.Context, *job.Job) *job.Result {
					ended <- struct{}{}
					return &job.Result{End: job.Success, Output: []byte("42")}
				}
				// The second is what the dialect HeroJobs calls it.
				w, err := worker.New(worker.Options{Queue: q, Slots: slots, Handlers: map[string]worker.Handler{
					"rhai": handle, "rhaiscript": handle,
				}})
				require.NoError(b, err)
				ctx, stop := context.WithCancel(b.Context())
				stopped := make(chan error, 1)
				before := processorTime(b, rdb)
				b.ResetTimer()
				go func() { stopped <- w.Run(ctx) }()
				for range b.N {
					<-ended
				}
				stop()
				require.NoError(b, <-stopped)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
				b.ReportMetric((processorTime(b, rdb)-before)*1e6/float64(b.N), "redis-µs/job")
			})
		}
	}
}

// processorTime is what the server has used of it, in seconds: unlike jobs/s it
// says the same on a machine that is busy otherwise.
func processorTime(t testing.TB, rdb *redis.Client) (seconds float64) {
	t.Helper()
	info, err := rdb.Info(t.Context(), "cpu").Result()
	require.NoError(t, err)
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			seconds += n
		}
	}
	return seconds
}
