package queue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// claimState remembers that a claim was ended here, so that a second Finish is
// told from one that is sent again because its answer was lost.
type claimState struct{ ended atomic.Bool }

// Renewal is what came of renewing leases.
type Renewal struct {
	// Lost are the claims that are no longer this worker's: stop their jobs.
	Lost []*Claim

	// Cancelled are those that somebody asked to be stopped: end them with
	// job.Cancelled.
	Cancelled []Cancellation
}

// Cancellation asks for a running job to be stopped.
type Cancellation struct {
	Claim *Claim
	Why   string // the error message that the job ends with
}

// Renew gives the leases of claims another period. Renew all of a worker's
// claims in one call, at a third of the lease. On an error nothing is known
// about any of them, unless some stand in the answer.
func (q *Queue) Renew(ctx context.Context, claims []*Claim) (Renewal, error) {
	var all Renewal
	err := q.byScope(claims, func(part []*Claim) error {
		reply, err := q.run(ctx, q.scripts.renew, part, q.opts.Worker, millis(q.opts.Lease))
		if err != nil {
			return err
		}
		c := newCursor(reply)
		lost := readPositions(c.list(), part)
		var cancelled []Cancellation
		for asked := c.list(); asked.more(); {
			one := asked.list()
			if claim := claimAt(one, part); claim != nil {
				cancelled = append(cancelled, Cancellation{Claim: claim, Why: one.string()})
			}
		}
		all.Lost = append(all.Lost, lost...)
		all.Cancelled = append(all.Cancelled, cancelled...)
		return c.err()
	})
	if err != nil {
		return all, fmt.Errorf("renew %d leases: %w", len(claims), err)
	}
	return all, nil
}

// Release hands claims back, to the front of where they waited, and counts
// nothing: for a worker that shuts down. Claims that were lost already are
// passed over.
func (q *Queue) Release(ctx context.Context, claims []*Claim) error {
	err := q.byScope(claims, func(part []*Claim) error {
		reply, err := q.run(ctx, q.scripts.release, part, q.opts.Worker)
		if err != nil {
			return err
		}
		c := newCursor(reply)
		q.refused.add(WriteRelease, len(readPositions(c, part)))
		return c.err()
	})
	if err != nil {
		return fmt.Errorf("release %d jobs: %w", len(claims), err)
	}
	return nil
}

// Aside says that a job waits for others, or does so no more: while it waits it
// does not count in its channels, or those that it waits for might never have
// room (Options.Caps). It returns ErrLost for a job that is no longer this
// worker's.
func (q *Queue) Aside(ctx context.Context, c *Claim, waits bool) error {
	if q.opts.caps().encode() == "" {
		return nil
	}
	reply, err := q.run(ctx, q.scripts.aside, []*Claim{c}, q.opts.Worker, flag(waits))
	if err == nil && reply == int64(0) {
		err = ErrLost
	}
	if err != nil {
		return fmt.Errorf("set job %s aside: %w", quoteShort(c.Job.ID), err)
	}
	return nil
}

// byScope calls f with the claims that one script may deal with: all of them,
// and on a cluster those of each hash tag.
func (q *Queue) byScope(claims []*Claim, f func([]*Claim) error) error {
	if len(claims) == 0 {
		return nil
	}
	if !q.cluster {
		return f(claims)
	}
	groups := map[string][]*Claim{}
	for _, c := range claims {
		groups[c.scope] = append(groups[c.scope], c)
	}
	var all error
	for _, part := range groups {
		all = errors.Join(all, f(part))
	}
	return all
}

// run runs a script for claims of one scope.
func (q *Queue) run(ctx context.Context, s *script, claims []*Claim, args ...any) (any, error) {
	args = q.opts.args(args...)
	for _, c := range claims {
		args = append(args, c.Job.Dialect, c.Job.Queue, c.Job.ID, c.Job.Attempt)
	}
	return s.run(ctx, q.rdb, []string{claims[0].scope + inLease}, args...)
}

// readPositions returns the claims that a script named.
func readPositions(c *cursor, claims []*Claim) (named []*Claim) {
	for c.more() {
		if claim := claimAt(c, claims); claim != nil {
			named = append(named, claim)
		}
	}
	return named
}

func claimAt(c *cursor, claims []*Claim) *Claim {
	i := c.int()
	if i < 1 || i > int64(len(claims)) {
		c.fail("the position of a job", i)
		return nil
	}
	return claims[i-1]
}
