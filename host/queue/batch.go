package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	batchJobs  = 64
	batchBytes = 1 << 20          // so that one script does not hold up Redis for long
	batchTime  = 15 * time.Second // for one round trip, with its retries
)

// batch joins calls that are made at the same time into one round trip: what
// comes while one is on its way leaves together with the next. There is no
// waiting for company, and no goroutine while nothing is to be sent.
type batch struct {
	mu      sync.Mutex
	waiting []*entry
	sending bool
}

// entry is one call that waits for its answer.
type entry struct {
	ctx  context.Context
	args []any
	size int
	done chan struct{}
	ok   bool
	err  error
}

// sender sends the arguments of several calls and returns their answers.
type sender func(ctx context.Context, calls [][]any) ([]bool, error)

// add sends args with send and returns their answer, or the end of ctx.
func (b *batch) add(ctx context.Context, send sender, args []any, size int) (bool, error) {
	e := &entry{ctx: ctx, args: args, size: size, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, e)
	if !b.sending {
		b.sending = true
		go b.run(send)
	}
	b.mu.Unlock()
	select {
	case <-e.done:
		return e.ok, e.err
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

func (b *batch) run(send sender) {
	for {
		next := b.take()
		if next == nil {
			return
		}
		b.send(send, next)
		for _, e := range next {
			close(e.done)
		}
	}
}

// take returns what goes into the next round trip, nil for nothing.
func (b *batch) take() []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, size := 0, 0
	for n < len(b.waiting) && n < batchJobs {
		size += b.waiting[n].size
		if n > 0 && size > batchBytes {
			break
		}
		n++
	}
	if n == 0 {
		b.sending = false
		b.waiting = nil
		return nil
	}
	next := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	return next
}

func (b *batch) send(send sender, entries []*entry) {
	var live []*entry
	var calls [][]any
	for _, e := range entries {
		if e.err = e.ctx.Err(); e.err == nil { // otherwise nobody waits for it
			live = append(live, e)
			calls = append(calls, e.args)
		}
	}
	if len(live) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(live[0].ctx), batchTime)
	defer cancel()
	answers, err := send(ctx, calls)
	var refused redis.Error
	if len(live) > 1 && errors.As(err, &refused) {
		// One of them may be at fault, and must not hold up the others.
		for i := range live {
			b.send(send, live[i:i+1])
		}
		return
	}
	for i, e := range live {
		e.err = err
		if err == nil {
			e.ok = answers[i]
		}
	}
}
