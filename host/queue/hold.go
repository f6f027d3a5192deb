package queue

import (
	"context"
	"fmt"
	"sync/atomic"
)

// claimState remembers that a claim was ended here, so that a second Finish is
// told from one that is sent again because its answer was lost.
type claimState struct{ ended atomic.Bool }

// Renew gives the leases of claims another period and returns those that are
// lost: stop their jobs. Renew all of a worker's claims in one call, at a
// third of the lease. On an error nothing is known about any of them.
func (q *Queue) Renew(ctx context.Context, claims []*Claim) (lost []*Claim, err error) {
	lost, err = q.forEach(ctx, q.scripts.renew, claims, q.opts.Worker, millis(q.opts.Lease))
	if err != nil {
		return nil, fmt.Errorf("renew %d leases: %w", len(claims), err)
	}
	return lost, nil
}

// Release hands claims back, to the front of where they waited, and counts
// nothing: for a worker that shuts down. Claims that were lost already are
// passed over.
func (q *Queue) Release(ctx context.Context, claims []*Claim) error {
	if _, err := q.forEach(ctx, q.scripts.release, claims, q.opts.Worker); err != nil {
		return fmt.Errorf("release %d jobs: %w", len(claims), err)
	}
	return nil
}

// forEach runs a script for all claims and returns those at the positions
// that it answers.
func (q *Queue) forEach(ctx context.Context, s *script, claims []*Claim, args ...any) ([]*Claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	args = q.opts.args(args...)
	for _, c := range claims {
		args = append(args, c.Job.Queue, c.Job.ID, c.Job.Attempt)
	}
	reply, err := s.run(ctx, q.rdb, commonKeys(), args...)
	if err != nil {
		return nil, err
	}
	var named []*Claim
	positions := newCursor(reply)
	for positions.more() {
		i := positions.int()
		if i < 1 || i > int64(len(claims)) {
			return nil, fmt.Errorf("the script answered position %d of %d", i, len(claims))
		}
		named = append(named, claims[i-1])
	}
	return named, positions.err()
}
