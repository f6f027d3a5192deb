package worker_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// A handler that fails the worker's expectations ends its own job alone.
func TestHandlersThatFail(t *testing.T) {
	rdb := redistest.Real(t)
	q, err := queue.New(rdb, queue.Options{Circles: []string{circle}})
	require.NoError(t, err)
	log := &lockedBuffer{}
	w, err := worker.New(worker.Options{Queue: q, Slots: 1, Log: slog.New(slog.NewTextHandler(log, nil)), Handlers: map[string]worker.Handler{
		"panics":  func(context.Context, *job.Job) *job.Result { panic("secret") },
		"nothing": func(context.Context, *job.Job) *job.Result { return nil },
		"works":   func(context.Context, *job.Job) *job.Result { return &job.Result{End: job.Success} },
	}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	for kind, want := range map[string]string{
		"panics":  "the handler of the type panics panicked",
		"nothing": "the handler of the type nothing returned no result",
		"works":   "",
	} {
		ref, err := p.Submit(ctx, &queue.Submission{Job: job.Job{Circle: circle, Type: kind}})
		require.NoError(t, err)
		r, err := p.Wait(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, want, r.Message())
		require.Equal(t, want != "", r.End() == job.Trap)
	}
	stop()
	require.NoError(t, <-ended)
	require.Contains(t, log.String(), "secret", "the operator is told")
}
