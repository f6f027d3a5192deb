package henge_test

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// startExample starts a redis-server and a worker for the circle acme, and
// returns the server's URL. The worker has Go functions in place of engines:
//
//	rhai, rhaiscript, shout  answer the payload with an exclamation mark
//	fail                     ends in error
//	forever                  runs until it is cancelled
func startExample() (ctx context.Context, url string, stop func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	server, err := localredis.Start(ctx, localredis.Options{})
	check(err)
	rdb, err := queue.Connect(server.URL())
	check(err)
	q, err := queue.New(rdb, queue.Options{Circles: []string{"acme"}})
	check(err)
	shout := func(_ context.Context, j *job.Job) *job.Result {
		return &job.Result{End: job.Success, Output: append(j.Payload, '!'), Log: []job.LogLine{{Text: "shouting"}}}
	}
	w, err := worker.New(worker.Options{Queue: q, Slots: 4, Handlers: map[string]worker.Handler{
		"rhai": shout, "rhaiscript": shout, "shout": shout,
		"fail": func(context.Context, *job.Job) *job.Result {
			return &job.Result{End: job.ScriptError, Error: "no such animal"}
		},
		"forever": func(ctx context.Context, _ *job.Job) *job.Result {
			<-ctx.Done()
			return &job.Result{End: job.Cancelled}
		},
	}})
	check(err)
	working, stopWorking := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	return ctx, server.URL(), func() {
		stopWorking()
		check(errors.Join(<-ended, rdb.Close(), server.Close()))
		cancel()
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
