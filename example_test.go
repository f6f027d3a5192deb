package henge_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge"
)

// A client runs a script and has its output.
func Example() {
	ctx, url, stop := startExample()
	defer stop()

	client, err := henge.Connect(url, henge.Hero)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	output, err := client.Run(ctx, &henge.Job{Circle: "acme", Type: "shout", Payload: []byte("hello")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(output)
	// Output: hello!
}

// A go-redis client of the program's own, with options of its own.
func ExampleNew() {
	ctx, url, stop := startExample()
	defer stop()

	opts, err := redis.ParseURL(url)
	check(err)
	opts.ContextTimeoutEnabled = true
	opts.ClientName = "my-program"
	rdb := redis.NewClient(opts)
	defer rdb.Close()

	client, err := henge.New(rdb, henge.Henge)
	check(err)
	output, err := client.Run(ctx, &henge.Job{Circle: "acme", Type: "shout", Payload: []byte("hello")})
	check(err)
	fmt.Println(output)
	// Output: hello!
}

func ExampleClient_Run() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	_, err = client.Run(ctx, &henge.Job{Circle: "acme", Type: "fail"})
	var failed *henge.FailedError
	if errors.As(err, &failed) {
		fmt.Println(failed.Record.End(), "-", failed.Record.Message())
	}
	// Output: script_error - no such animal
}

// Most fields of a job can be left out.
func ExampleClient_Submit() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	j := &henge.Job{
		ID: "order-17", Circle: "acme", Caller: "carol", Type: "shout", Payload: []byte("hello"),
		Timeout: 10 * time.Second,
		Retries: 3, Backoff: henge.Backoff{First: time.Second, Most: time.Minute},
		Limits: henge.Limits{Memory: 32 << 20, Fuel: 100_000_000},
		At:     time.Now().Add(time.Hour),
	}
	ref, err := client.Submit(ctx, j)
	check(err)
	_, err = client.Submit(ctx, j)
	fmt.Println(ref.ID, errors.Is(err, henge.ErrExists))
	// Output: order-17 true
}

func ExampleClient_SubmitMany() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	jobs := make([]henge.Job, 1000)
	for i := range jobs {
		jobs[i] = henge.Job{Circle: "acme", Type: "shout", Payload: fmt.Append(nil, i)}
	}
	answers, err := client.SubmitMany(ctx, jobs)
	check(err)
	for _, a := range answers[997:] {
		check(a.Err)
		record, err := client.Wait(ctx, a.Ref)
		check(err)
		fmt.Println(record.Output())
	}
	// Output:
	// 997!
	// 998!
	// 999!
}

func ExampleClient_Wait() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "forever"})
	check(err)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = client.Wait(short, ref)
	fmt.Println("in time:", !errors.Is(err, context.DeadlineExceeded))

	_, err = client.Cancel(ctx, ref, "nobody waits any more")
	check(err)
	record, err := client.Wait(ctx, ref)
	check(err)
	fmt.Println(record.Status(), "-", record.Message())
	// Output:
	// in time: false
	// error - nobody waits any more
}

func ExampleClient_Get() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "shout", At: time.Now().Add(time.Hour)})
	check(err)
	record, err := client.Get(ctx, ref)
	check(err)
	fmt.Println(record.Status(), record.Ended())
	_, err = client.Get(ctx, henge.Ref{ID: "another"})
	fmt.Println(errors.Is(err, henge.ErrNotFound))
	// Output:
	// dispatched false
	// true
}

func ExampleClient_List() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	_, err = client.Run(ctx, &henge.Job{ID: "first", Circle: "acme", Type: "shout"})
	check(err)
	_, err = client.Submit(ctx, &henge.Job{ID: "second", Circle: "acme", Type: "shout", At: time.Now().Add(time.Hour)})
	check(err)
	ended, err := client.List(ctx, henge.Filter{Circle: "acme", Status: "finished"}, 10)
	check(err)
	for _, record := range ended {
		fmt.Println(record.ID, record.Type(), record.Status())
	}
	// Output: first shout finished
}

func ExampleClient_Logs() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "shout", Payload: []byte("hello")})
	check(err)
	_, err = client.Wait(ctx, ref)
	check(err)
	lines, err := client.Logs(ctx, ref)
	check(err)
	for _, line := range lines {
		fmt.Println(line.Level, line.Text)
	}
	// Output: info shouting
}

func ExampleClient_Cancel() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Henge)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "shout", At: time.Now().Add(time.Hour)})
	check(err)
	running, err := client.Cancel(ctx, ref, "not needed")
	check(err)
	record, err := client.Get(ctx, ref)
	check(err)
	fmt.Println(running, record.Status(), record.Message())
	_, err = client.Cancel(ctx, ref, "")
	fmt.Println(errors.Is(err, henge.ErrEnded))
	// Output:
	// false cancelled not needed
	// true
}

func ExampleClient_Retry() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "fail"})
	check(err)
	for range 2 {
		record, err := client.Wait(ctx, ref)
		check(err)
		fmt.Println("run", record.Fields["run"], record.Message())
		check(client.Retry(ctx, ref))
	}
	// Output:
	// run 1 no such animal
	// run 2 no such animal
}

func ExampleClient_Remove() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	check(err)
	defer client.Close()

	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "shout"})
	check(err)
	_, err = client.Wait(ctx, ref)
	check(err)
	check(client.Remove(ctx, ref))
	_, err = client.Get(ctx, ref)
	fmt.Println(errors.Is(err, henge.ErrNotFound))
	// Output: true
}

// What happens to the jobs of a circle, as it happens.
func ExampleClient_Events() {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Henge)
	check(err)
	defer client.Close()

	events, err := client.Events(ctx, henge.EventsFrom{Circle: "acme"})
	check(err)
	_, err = client.Submit(ctx, &henge.Job{ID: "first", Circle: "acme", Type: "fail"})
	check(err)
	for e, err := range events {
		if errors.Is(err, henge.ErrEventsLost) {
			continue // what is shown may be out of date
		}
		check(err)
		fmt.Println(e.Job, e.Kind)
		if e.Kind == henge.EventEnded {
			fmt.Println("with", e.End)
			break
		}
	}
	// Output:
	// acme/first submitted
	// acme/first started
	// acme/first ended
	// with script_error
}
