package queue

import (
	"context"
	"fmt"
	"time"
)

const (
	reapAtLeast = 5 * time.Second
	reapBatch   = 100
)

// ReapReport is what one Reap did.
type ReapReport struct {
	// Next is how long to wait before the next Reap: until the earliest
	// lease ends, at most 5 s or a third of a lease, 0 for at once.
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

// Reap puts jobs back whose lease has ended, gives up on those that lost too
// many workers, and on ids whose job never came. One worker is enough, more do
// no harm. Call it again after Next.
func (q *Queue) Reap(ctx context.Context) (ReapReport, error) {
	reply, err := q.scripts.reap.run(ctx, q.rdb, commonKeys(keyReaped),
		q.opts.args(millis(q.opts.Lease), q.opts.Crashes, millis(q.opts.LimboTTL), reapBatch)...)
	if err != nil {
		return ReapReport{}, fmt.Errorf("reap: %w", err)
	}
	c := newCursor(reply)
	report := ReapReport{Next: min(reapAtLeast, q.opts.Lease/3)}
	if next := c.int(); next >= 0 {
		report.Next = min(report.Next, time.Duration(next)*time.Millisecond)
	}
	report.Grace = int(c.int())
	for jobs := c.list(); jobs.more(); {
		one := jobs.list()
		report.Requeued = append(report.Requeued, Requeued{Queue: one.string(), ID: one.string(), Crashes: one.int()})
	}
	report.Notices = readNotices(c.list())
	if err := c.err(); err != nil {
		return ReapReport{}, fmt.Errorf("reap: %w", err)
	}
	return report, nil
}
