package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Wait returns the job when it has ended, or the end of ctx. Any number of
// waits may run at once: all waits of a Producer share one connection, over
// which the server tells of jobs that change, and nobody's reply is taken.
// Where the server does not offer that, one goroutine asks for all of them.
//
// A Redis that cannot be reached when the wait begins is an error at once. One
// that goes away later is waited for, up to half a minute.
func (p *Producer) Wait(ctx context.Context, r Ref) (Record, error) {
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
	}
	waiting := p.waits.join(place)
	defer p.waits.leave(waiting)
	for {
		one, err := p.look(ctx, r, place)
		if err != nil {
			return Record{}, fmt.Errorf("wait: %w", err)
		}
		if one.Ended() {
			return one, nil
		}
		select {
		case <-waiting.changed:
		case err := <-waiting.failed:
			return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
		case <-ctx.Done():
			return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), context.Cause(ctx))
		}
	}
}

// look returns a job that has ended, or one without fields that has not. Few
// look at once, since thousands of waits may end together and would otherwise
// wait for a connection until the client gives up.
func (p *Producer) look(ctx context.Context, r Ref, at place) (Record, error) {
	select {
	case p.waits.looks <- struct{}{}:
		defer func() { <-p.waits.looks }()
	case <-ctx.Done():
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(r.ID), context.Cause(ctx))
	}
	// Most looks find a job that still waits, so the whole of it is not read.
	if at.own == "" {
		status, err := within(ctx, func() (string, error) {
			return p.rdb.HGet(ctx, at.key, fieldStatus).Result()
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return Record{}, fmt.Errorf("get job %s: %w", quoteShort(r.ID), err)
		}
		if err == nil && !isEndedStatus(status) {
			return Record{}, nil
		}
	}
	return p.Get(ctx, r)
}

// sleep waits, or returns the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
