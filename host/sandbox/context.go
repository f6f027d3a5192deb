package sandbox

import (
	"context"
	"sync/atomic"
	"time"
)

// jobContext is the context of an attempt: it ends at the deadline, or when
// the worker's does, and knows its run. Nearly all jobs end before anyone
// waits for it, so the timer is made when somebody does.
type jobContext struct {
	parent   context.Context
	deadline time.Time
	run      *run

	timed  atomic.Pointer[context.Context]
	cancel context.CancelFunc
}

var _ context.Context = (*jobContext)(nil)

// runKey is the key under which a host function finds its run.
type runKey struct{}

// withParent sets what the context continues, for the time before the job.
func (c *jobContext) withParent(ctx context.Context) context.Context {
	c.parent = ctx
	return c
}

// Deadline implements context.Context.
func (c *jobContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements context.Context.
func (c *jobContext) Done() <-chan struct{} {
	if timed := c.timed.Load(); timed != nil {
		return (*timed).Done()
	}
	timed, cancel := context.WithDeadlineCause(c.parent, c.deadline, errTimeUp)
	if !c.timed.CompareAndSwap(nil, &timed) {
		cancel()
		return (*c.timed.Load()).Done()
	}
	c.cancel = cancel
	return timed.Done()
}

// Err implements context.Context.
func (c *jobContext) Err() error {
	if timed := c.timed.Load(); timed != nil {
		return (*timed).Err()
	}
	if err := c.parent.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// stopped says whether the context is known to have ended, without looking at
// the clock: a host function that waited for it has.
func (c *jobContext) stopped() bool {
	if timed := c.timed.Load(); timed != nil {
		return (*timed).Err() != nil
	}
	return c.parent.Err() != nil
}

// cause says why the context ended.
func (c *jobContext) cause() error {
	if c.parent.Err() != nil {
		return context.Cause(c.parent)
	}
	return errTimeUp
}

// Value implements context.Context.
func (c *jobContext) Value(key any) any {
	if key == (runKey{}) {
		return c.run
	}
	return c.parent.Value(key)
}

// release stops the timer.
func (c *jobContext) release() {
	if c.cancel != nil {
		c.cancel()
	}
}
