package worker_test

import (
	"context"
	"fmt"
	"testing"

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
				b.ResetTimer()
				go func() { stopped <- w.Run(ctx) }()
				for range b.N {
					<-ended
				}
				stop()
				require.NoError(b, <-stopped)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			})
		}
	}
}
