package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// talker starts a worker whose one job says "one", and then, for each token it
// is given, "more".
func talker(t *testing.T) (rdb *redis.Client, p *queue.Producer, id queue.Ref, more chan<- struct{}, ended <-chan error) {
	rdb = redistest.Real(t)
	p, err := queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	q, err := queue.New(rdb, queue.Options{AllCircles: true, Lease: time.Second})
	require.NoError(t, err)
	tokens, causes := make(chan struct{}, 1), make(chan error, 1)
	w, err := worker.New(worker.Options{Queue: q, Slots: 1, Grace: time.Millisecond, Handlers: map[string]worker.Handler{
		"rhai": func(ctx context.Context, j *job.Job) *job.Result {
			j.Live.Write(job.LogLine{Text: "one"})
			j.Live.Report(job.Progress{Done: 1, Total: 3})
			for {
				select {
				case <-tokens:
					j.Live.Write(job.LogLine{Text: "more"})
				case <-ctx.Done():
					causes <- context.Cause(ctx)
					return &job.Result{End: job.Cancelled, Log: []job.LogLine{{Text: "last"}}}
				}
			}
		},
	}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-stopped)
	})
	id, err = p.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: circle, Type: "rhai", Payload: []byte("x")}})
	require.NoError(t, err)
	return rdb, p, id, tokens, causes
}

func requireLog(t *testing.T, p *queue.Producer, id queue.Ref, want ...string) {
	t.Helper()
	var texts []string
	require.Eventually(t, func() bool {
		lines, err := p.Logs(t.Context(), id)
		require.NoError(t, err)
		texts = nil
		for _, l := range lines {
			texts = append(texts, l.Text)
		}
		return len(texts) >= len(want)
	}, 30*time.Second, 5*time.Millisecond)
	require.Equal(t, want, texts)
}

func TestLogIsWrittenWhileTheJobRuns(t *testing.T) {
	_, p, id, more, ended := talker(t)
	requireLog(t, p, id, "one")
	r, err := p.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "1/3", r.Fields["progress"])
	more <- struct{}{}
	requireLog(t, p, id, "one", "more")
	more <- struct{}{}
	_, err = p.Cancel(t.Context(), id, "")
	require.NoError(t, err)
	require.Error(t, <-ended)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = p.Wait(ctx, id)
	require.NoError(t, err)
	requireLog(t, p, id, "one", "more", "more", "last")
}

// A refused note tells of the lost lease before the next renewal does.
func TestLogOfAJobOfAnotherIsRefused(t *testing.T) {
	rdb, p, id, more, ended := talker(t)
	requireLog(t, p, id, "one")
	require.NoError(t, rdb.HSet(t.Context(), "hero:job:"+id.ID, "worker", "another", "attempt", 2).Err())
	more <- struct{}{}
	require.True(t, errors.Is(<-ended, job.ErrLeaseLost))
	requireLog(t, p, id, "one")
}

// While Redis does not answer the job goes on, and what it said comes later.
func TestLogWhileRedisIsAway(t *testing.T) {
	rdb, p, id, more, _ := talker(t)
	requireLog(t, p, id, "one")
	require.NoError(t, rdb.Do(t.Context(), "CLIENT", "PAUSE", "1500", "ALL").Err())
	want := []string{"one"}
	start := time.Now()
	for range 1000 {
		more <- struct{}{}
		want = append(want, "more")
	}
	require.Less(t, time.Since(start), time.Second, "nothing waited for Redis")
	requireLog(t, p, id, want...)
}
