package worker_test

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/worker"
)

// results answers in place of a database.
type results struct {
	answer *job.Result
	err    error
	asked  chan *job.Job
}

func (r *results) Recall(_ context.Context, j *job.Job) (*job.Result, error) {
	r.asked <- j
	return r.answer, r.err
}

// A first attempt is run without asking; a later one only where nothing was
// kept, and where that is known.
func TestResultsAreAskedForLaterAttempts(t *testing.T) {
	succeeds := wattest.Compile(t, `(module (memory (export "memory") 1) (func (export "henge_run") (result i32) (i32.const 0)))`)
	for name, c := range map[string]struct {
		known  results
		status string
		output string
	}{
		"nothing was kept":  {results{}, "finished", ""},
		"a result was kept": {results{answer: &job.Result{End: job.Success, Output: []byte("kept")}}, "finished", "kept"},
		"nobody knows":      {results{err: errors.New("disk on fire")}, "error", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.known.asked = make(chan *job.Job, 10)
			rdb := redistest.Client(t, redistest.Server(t, localredis.Options{}))
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			rt, err := sandbox.New(ctx, sandbox.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
			mods, err := registry.Open(ctx, rt, registry.Options{Folders: []registry.Folder{{Name: "test", FS: fstest.MapFS{"succeeds.wasm": {Data: succeeds}}}}})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, mods.Close(context.Background())) })
			q, err := queue.New(rdb, queue.Options{AllCircles: true})
			require.NoError(t, err)
			w, err := worker.New(worker.Options{Queue: q, Registry: mods, Slots: 1, Results: &c.known})
			require.NoError(t, err)
			p, err := queue.NewProducer(rdb, queue.Hero)
			require.NoError(t, err)
			first, err := p.Submit(ctx, &queue.Submission{Job: job.Job{Circle: circle, Type: "succeeds"}})
			require.NoError(t, err)
			// The second was handed out before, to a worker that is gone.
			again, err := p.Submit(ctx, &queue.Submission{Job: job.Job{Circle: circle, Type: "succeeds"}})
			require.NoError(t, err)
			require.NoError(t, rdb.HSet(ctx, "hero:job:"+again.ID, "attempt", 1, "run", 1).Err())
			working, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- w.Run(working) }()
			_, err = p.Wait(ctx, first)
			require.NoError(t, err)
			r, err := p.Wait(ctx, again)
			require.NoError(t, err)
			require.Equal(t, c.status, r.Status())
			require.Equal(t, c.output, r.Fields["output"])
			stop()
			require.NoError(t, <-ended)
			require.Len(t, c.known.asked, 1, "the first attempt of the other job asks nobody")
			require.EqualValues(t, 2, (<-c.known.asked).Attempt)
		})
	}
}
