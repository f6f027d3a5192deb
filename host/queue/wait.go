package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Wait returns the job when it has ended, or the end of ctx. It looks at the
// reply list without taking from it, since another client may read there, and
// at the job itself once a second, since a reply does not stay for ever.
func (p *Producer) Wait(ctx context.Context, r Ref) (Record, error) {
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
	}
	stale := 10 * time.Millisecond
	for {
		status, err := within(ctx, func() (string, error) {
			return p.rdb.HGet(ctx, place.key, "status").Result()
		})
		switch {
		case errors.Is(err, redis.Nil):
			if _, err := p.Get(ctx, r); err != nil {
				return Record{}, fmt.Errorf("wait: %w", err)
			}
		case err != nil:
			return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
		case Record{Fields: map[string]string{"status": status}}.Ended():
			return p.Get(ctx, r)
		}
		replied, err := p.peek(ctx, place.reply)
		if err != nil {
			return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
		}
		if !replied {
			continue
		}
		// Either the job has ended since, or the reply is an earlier run's
		// and will be there the next time too: then look, but not at once.
		if one, err := p.Get(ctx, r); err == nil && one.Ended() {
			return one, nil
		}
		if err := sleep(ctx, stale); err != nil {
			return Record{}, fmt.Errorf("wait for job %s: %w", quoteShort(r.ID), err)
		}
		stale = min(2*stale, time.Second/4)
	}
}

// peek waits up to a second for a reply to be there: it moves the last one of
// the list to where it was.
func (p *Producer) peek(ctx context.Context, key string) (bool, error) {
	if key == "" { // the dialect has no replies
		return true, nil
	}
	_, err := within(ctx, func() (string, error) {
		return p.rdb.BLMove(ctx, key, key, "RIGHT", "RIGHT", time.Second).Result()
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, redis.Nil):
		return false, nil
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return false, sleep(ctx, time.Second/4)
	}
	return false, err
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
