package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
)

// asynqSystem is asynq as its documentation sets it up.
type asynqSystem struct {
	redis  asynq.RedisConnOpt
	queue  string
	client *asynq.Client

	// kept has a job and its result stay for a while, as they do in henge and in
	// River. Otherwise asynq deletes a job that has ended.
	kept bool
}

var _ system = (*asynqSystem)(nil)

func newAsynq(url, name string, kept bool) (*asynqSystem, error) {
	opt, err := asynq.ParseRedisURI(url)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	a := &asynqSystem{redis: opt, queue: name, client: asynq.NewClient(opt), kept: kept}
	if err := a.client.Ping(); err != nil {
		return nil, fmt.Errorf("reach Redis: %w", err)
	}
	return a, nil
}

// producers is how many push at once: asynq has no way to push many jobs in
// one call.
const producers = 16

func (a *asynqSystem) fill(ctx context.Context, n int) error {
	var wait sync.WaitGroup
	errs := make([]error, producers)
	for p := range producers {
		wait.Go(func() {
			for i := p; i < n && errs[p] == nil; i += producers {
				errs[p] = a.push(ctx)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (a *asynqSystem) push(ctx context.Context) error {
	options := []asynq.Option{asynq.Queue(a.queue)}
	if a.kept {
		options = append(options, asynq.Retention(24*time.Hour))
	}
	_, err := a.client.EnqueueContext(ctx, asynq.NewTask("noop", []byte("40 + 2")), options...)
	return err
}

func (a *asynqSystem) start(_ context.Context, slots int, started func()) (func(), error) {
	server := asynq.NewServer(a.redis, asynq.Config{
		Concurrency: slots, Queues: map[string]int{a.queue: 1}, LogLevel: asynq.FatalLevel,
	})
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		started()
		if !a.kept {
			return nil
		}
		_, err := task.ResultWriter().Write([]byte("42"))
		return err
	}))
	if err != nil {
		return nil, err
	}
	return server.Shutdown, nil
}

func (a *asynqSystem) close(context.Context) error {
	inspector := asynq.NewInspector(a.redis)
	defer inspector.Close()
	err := inspector.DeleteQueue(a.queue, true)
	if errors.Is(err, asynq.ErrQueueNotFound) {
		err = nil
	}
	return errors.Join(err, a.client.Close())
}
