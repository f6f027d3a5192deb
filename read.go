package henge

import (
	"context"
	"iter"
)

// Get returns a job as it stands now, or ErrNotFound.
func (c *Client) Get(ctx context.Context, r Ref) (Record, error) { return c.producer.Get(ctx, r) }

// Wait returns a job when it has ended, well or in error, or the end of ctx, or
// ErrNotFound. Thousands of waits may run at once: they share one connection,
// over which the server tells of the jobs that change. Where it does not offer
// that, they share one goroutine that asks. A wait outlasts a Redis that goes
// away for less than half a minute.
func (c *Client) Wait(ctx context.Context, r Ref) (Record, error) { return c.producer.Wait(ctx, r) }

// List returns up to limit jobs, without their scripts and outputs, in no order
// that means anything. It goes through all keys of the dialect's jobs, which
// takes long where there are millions.
func (c *Client) List(ctx context.Context, f Filter, limit int) ([]Record, error) {
	return c.producer.List(ctx, f, limit)
}

// Logs returns the log of a job, the oldest line first, as far as it was
// written; none where the job wrote none or where it was too long ago.
func (c *Client) Logs(ctx context.Context, r Ref) ([]LogLine, error) { return c.producer.Logs(ctx, r) }

// Events returns what happens to jobs of the dialect from now on, or from the
// place that from says, until ctx ends or the caller stops reading:
//
//	events, err := client.Events(ctx, henge.EventsFrom{Circle: "acme"})
//	...
//	for e, err := range events {
//		if err != nil { ... }
//	}
//
// What happens after Events has returned is among them, also when the reading
// begins later, as long as the server keeps it: by default the last 10,000
// events. An event that was cut off gives ErrEventsLost, after which reading
// can go on; any other error is the last. While Redis is away nothing comes,
// and then what was missed. To go on after a restart of the program, keep the
// last event's ID and give it as EventsFrom.After. The dialect Henge needs
// EventsFrom.Circle.
func (c *Client) Events(ctx context.Context, from EventsFrom) (iter.Seq2[Event, error], error) {
	return c.producer.Events(ctx, from)
}
