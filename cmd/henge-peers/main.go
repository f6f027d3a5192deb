// Command henge-peers has other queues do the work that henge bench compare
// has henge do. It is a module of its own, so that whoever uses henge does not
// download them, and imports no more of henge than what starts a PostgreSQL.
//
// It is started by henge bench compare, for one system. Its first line on
// standard output says that it is ready; then it reads a line of JSON for each
// turn and answers in lines of JSON. When its input ends it removes what it
// wrote and ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// turn is what is asked for.
type turn struct {
	Jobs    int   `json:"jobs"`
	Samples int   `json:"samples"`
	Slots   int   `json:"slots"`
	LimitMS int64 `json:"limit_ms"`
}

// answer is a line of output.
type answer struct {
	Ready     bool            `json:"ready,omitempty"`
	Error     string          `json:"error,omitempty"`
	Done      int             `json:"done,omitempty"`
	PerSecond float64         `json:"per_second,omitempty"`
	Waits     []time.Duration `json:"waits_ns,omitempty"`
}

// system is a queue. Its methods are called one at a time.
type system interface {
	// fill puts n jobs in line while nobody works.
	fill(ctx context.Context, n int) error

	// start has so many workers take jobs, and started called at the start of
	// each; stop waits until they have ended.
	start(ctx context.Context, slots int, started func()) (stop func(), err error)

	// push puts one job in line.
	push(ctx context.Context) error

	// close removes what the system wrote.
	close(ctx context.Context) error
}

func main() {
	name := flag.String("system", "", "asynq, asynq-kept or river")
	own := flag.String("name", "bench", "what the queue or the schema is called")
	redisURL := flag.String("redis-url", "redis://127.0.0.1:6379", "for asynq")
	postgresURL := flag.String("postgres-url", "", "for river; by default a server is started")
	flag.Parse()
	if err := work(*name, *own, *redisURL, *postgresURL); err != nil {
		say(answer{Error: err.Error()})
		os.Exit(1)
	}
}

func work(name, own, redisURL, postgresURL string) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var s system
	switch name {
	case "asynq", "asynq-kept":
		s, err = newAsynq(redisURL, own, name == "asynq-kept")
	case "river":
		s, err = newRiver(ctx, postgresURL, own)
	default:
		return fmt.Errorf("-system is %q and can be asynq, asynq-kept or river", name)
	}
	if err != nil {
		return err
	}
	defer func() {
		closing, done := context.WithTimeout(context.Background(), 5*time.Second)
		defer done()
		if closeErr := s.close(closing); err == nil {
			err = closeErr
		}
	}()
	say(answer{Ready: true})
	turns := make(chan turn)
	go func() {
		defer cancel() // whoever asked has gone
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			var t turn
			if json.Unmarshal(in.Bytes(), &t) != nil {
				return
			}
			turns <- t
		}
	}()
	for {
		select {
		case t := <-turns:
			a, err := t.run(ctx, s)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			say(a)
		case <-ctx.Done():
			return nil
		}
	}
}

// say writes a line; nobody else writes to standard output.
func say(a answer) {
	_ = json.NewEncoder(os.Stdout).Encode(a) // nobody reads it any more
}
