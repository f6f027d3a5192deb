package queue_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
)

// A producer submits a job; a worker claims it, runs it and ends it. Leases are
// renewed, and those of dead workers reaped, beside this loop.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	server, err := localredis.StartInProcess()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	rdb, err := queue.Connect(server.URL())
	if err != nil {
		log.Fatal(err)
	}
	defer rdb.Close()

	producer, err := queue.NewProducer(rdb, queue.Hero)
	if err != nil {
		log.Fatal(err)
	}
	ref, err := producer.Submit(ctx, &queue.Submission{Job: job.Job{Circle: "alice", Type: "osis", Payload: []byte("40 + 2")}})
	if err != nil {
		log.Fatal(err)
	}

	q, err := queue.New(rdb, queue.Options{Circles: []string{"alice"}})
	if err != nil {
		log.Fatal(err)
	}
	if err := q.Open(ctx); err != nil {
		log.Fatal(err)
	}
	waker := q.NewWaker()
	defer waker.Close()
	for done := false; !done; {
		claims, err := q.Claim(ctx, queue.Wanted{Types: []string{"osis"}}, 4)
		if err != nil {
			log.Fatal(err)
		}
		for _, c := range claims.Jobs {
			result := &job.Result{End: job.Success, Output: []byte("42")}
			if c.Refusal != "" {
				result = &job.Result{End: job.Refused, Error: c.Refusal}
			}
			if err := q.Finish(ctx, c, result); err != nil {
				log.Fatal(err)
			}
			done = true
		}
		if len(claims.Jobs) == 0 {
			_ = waker.Wait(ctx, claims.Next)
		}
	}

	record, err := producer.Wait(ctx, ref)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(record.Status(), record.Fields["output"])
	// Output: finished 42
}
