package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// TestEffectsWaitForTheLease has Redis away for longer than a lease is sure: a
// job that wants to have an effect is told nothing until Redis is back.
func TestEffectsWaitForTheLease(t *testing.T) {
	const lease = 2 * time.Second
	rdb := redistest.Real(t)
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Lease: lease})
	require.NoError(t, err)
	type answer struct {
		first, second error
		after         time.Duration
	}
	answers := make(chan answer, 1)
	w, err := worker.New(worker.Options{Queue: q, Slots: 1, Handlers: map[string]worker.Handler{
		"osis": func(ctx context.Context, j *job.Job) *job.Result {
			var a answer
			a.first = j.Confirm(ctx)
			paused := time.Now()
			// No command is carried out for so long, renewals neither.
			if err := rdb.Do(ctx, "CLIENT", "PAUSE", lease.Milliseconds(), "ALL").Err(); err != nil {
				a.first = errors.Join(a.first, err)
			}
			over, cancel := context.WithTimeout(ctx, lease*9/10)
			<-over.Done()
			cancel()
			a.second = j.Confirm(ctx)
			a.after = time.Since(paused)
			answers <- a
			return &job.Result{End: job.Success}
		},
	}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx) }()
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	_, err = p.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: "acme", Type: "osis"}})
	require.NoError(t, err)

	a := <-answers
	require.NoError(t, a.first)
	require.GreaterOrEqual(t, a.after, lease*9/10)
	if a.second == nil {
		require.GreaterOrEqual(t, a.after, lease, "it was told that its lease stands while Redis was away")
	} else {
		require.ErrorIs(t, a.second, job.ErrLeaseLost)
	}
	stop()
	require.NoError(t, <-stopped)
}
