package queue

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	reapAtLeast = 5 * time.Second
	// reapParts is how often a reaper looks in the time of a lease: three times
	// before half of it has passed, so that one that is late by a little is not
	// taken for a Redis that was away.
	reapParts = 6
	reapBatch = 100
)

// ReapReport is what one Reap did.
type ReapReport struct {
	// Next is how long to wait before the next Reap: until the earliest
	// lease ends, at most 5 s or a sixth of a lease, 0 for at once.
	Next time.Duration

	// Grace is how many leases got another period, because nobody had looked
	// for more than half a lease.
	Grace int

	// Requeued are the jobs that wait again after their worker was lost.
	Requeued []Requeued

	// Notices are the jobs that were given up, and odd things.
	Notices []Notice
}

// Requeued is a job whose worker was lost.
type Requeued struct {
	Queue, ID string
	// Crashes counts the workers that this run of the job has lost.
	Crashes int64
}

// mostScopes is how many circles of the dialect Henge one script looks after: a
// claim may have to wait for it.
const mostScopes = 40

// Reap puts jobs back whose lease has ended, gives up on those that lost too
// many workers, and on ids whose job never came; what is due is put in line.
// One worker is enough, more do no harm. Call it again after Next.
func (q *Queue) Reap(ctx context.Context) (ReapReport, error) {
	report := ReapReport{Next: min(reapAtLeast, q.opts.Lease/reapParts)}
	scopes, most := q.scopes(), mostScopes
	if q.cluster {
		most = 1
	}
	for part := range slices.Chunk(scopes, most) {
		if err := q.reap(ctx, part, &report); err != nil {
			return report, fmt.Errorf("reap: %w", err)
		}
	}
	return report, nil
}

// scopes returns the prefixes of henge's keys that go with the lists served.
func (q *Queue) scopes() []string {
	var scopes []string
	seen := map[string]bool{}
	add := func(scope string) {
		if !seen[scope] {
			seen[scope] = true
			scopes = append(scopes, scope)
		}
	}
	for _, d := range q.dialects {
		if d.name() != Henge {
			add(scopeShared)
			continue
		}
		for _, circle := range q.opts.Circles {
			add(ownScope(circle))
		}
	}
	for _, l := range q.board.all() {
		add(scopeOf(l.name))
	}
	return scopes
}

func (q *Queue) reap(ctx context.Context, scopes []string, report *ReapReport) error {
	keys := make([]string, len(scopes))
	for i, scope := range scopes {
		keys[i] = scope + inReaped
	}
	reply, err := q.scripts.reap.run(ctx, q.rdb, keys,
		q.opts.args(millis(q.opts.Lease), q.opts.Crashes, millis(q.opts.LimboTTL), reapBatch)...)
	if err != nil {
		return err
	}
	c := newCursor(reply)
	if next := c.int(); next >= 0 {
		report.Next = min(report.Next, time.Duration(next)*time.Millisecond)
	}
	report.Grace += int(c.int())
	for jobs := c.list(); jobs.more(); {
		one := jobs.list()
		report.Requeued = append(report.Requeued, Requeued{Queue: one.string(), ID: one.string(), Crashes: one.int()})
	}
	report.Notices = append(report.Notices, readNotices(c.list())...)
	return c.err()
}
