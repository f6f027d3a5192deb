package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/henge-run/henge/host/job"
)

// PollInterval is the longest time an idle worker waits between two claims.
const PollInterval = time.Second

const (
	mostClaimed   = 1000 // jobs in one call
	apartInOneGo  = 256  // ids taken apart from a shared list in one call
	limboStep     = 32   // as in lua/claim.lua
	repeatNotices = time.Minute
	handBackTime  = 5 * time.Second
)

// Claim is a job that this worker holds. It is the worker's until Finish,
// Release, or the loss of its lease.
type Claim struct {
	// Job is what to run. With a Refusal its fields are as far as they could
	// be read.
	Job *job.Job

	// Refusal, when not empty, says why the job cannot be run as it was
	// written: end it with job.Refused and this message.
	Refusal string

	// Notes are sentences for the job's own log.
	Notes []string

	// Run counts the times the job was dispatched, from 1: a producer may
	// dispatch a job again after it ended. Failures and Crashes count the
	// failed attempts and the lost workers of this run.
	Run, Failures, Crashes int64

	done claimState
}

// Claims is the answer of one Claim.
type Claims struct {
	// Jobs are in the order in which they should start; at most as many as
	// were asked for.
	Jobs []*Claim

	// Next is how long to wait before the next Claim when nothing wakes the
	// worker before: 0 for at once, at most PollInterval.
	Next time.Duration

	// Notices are for the worker's log.
	Notices []Notice
}

// Notice is something that went wrong with the queue's data, and that was
// dealt with.
type Notice struct {
	Queue string // the list
	ID    string // shortened when it is too long to be an id; may be empty
	Text  string
}

// String returns the notice in one line.
func (n Notice) String() string {
	if n.ID == "" {
		return fmt.Sprintf("%s: %s", n.Queue, n.Text)
	}
	return fmt.Sprintf("%s: job %q: %s", n.Queue, n.ID, n.Text)
}

// Claim takes up to n jobs, at most 1000, and leases them to this worker.
// Take no more than can start at once: a job that waits inside a worker waits
// behind that worker's longest job.
//
// When the answer is lost on its way, jobs may be leased all the same: the
// next Claim gets them. When ctx ends first, they are handed back as soon as
// the answer comes.
func (q *Queue) Claim(ctx context.Context, w Wanted, n int) (Claims, error) {
	lists, err := w.lists()
	if err != nil {
		return Claims{}, fmt.Errorf("claim: %w", err)
	}
	if n <= 0 || len(lists) == 0 {
		return Claims{Next: PollInterval}, nil
	}
	if err := ctx.Err(); err != nil {
		return Claims{}, fmt.Errorf("claim: %w", context.Cause(ctx))
	}
	claims, err := orLater(ctx,
		func() (Claims, error) { return q.claim(ctx, lists, w, min(n, mostClaimed)) },
		q.handBack)
	if err != nil {
		return Claims{}, fmt.Errorf("claim: %w", err)
	}
	return claims, nil
}

func (q *Queue) claim(ctx context.Context, lists []string, w Wanted, n int) (claims Claims, err error) {
	all := 0
	if q.opts.AllCircles {
		all = 1
	}
	s := q.slots.take()
	defer func() { q.slots.give(s, err == nil) }()
	args := q.opts.args(q.opts.Worker, millis(q.opts.Lease), n, apartInOneGo,
		string(q.opts.Pop), all, q.limboAt.Add(limboStep)-limboStep)
	args = append(args, q.slots.args(s)...)
	for _, circle := range q.opts.Circles {
		args = append(args, circle)
	}
	reply, err := q.scripts.claim.do(ctx, q.rdb, commonKeys(lists...), args...)
	if err != nil {
		return Claims{}, err
	}
	return q.readClaims(reply, w)
}

// handBack releases what came when nobody waited for it any more.
func (q *Queue) handBack(claims Claims, err error) {
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), handBackTime)
	defer cancel()
	if err := q.Release(ctx, claims.Jobs); err != nil {
		q.opts.Log.Warn("jobs of a claim that nobody waited for are left to the reaper", "err", err)
	}
}

func (q *Queue) readClaims(reply any, w Wanted) (Claims, error) {
	c := newCursor(reply)
	next := c.int()
	claims := Claims{Next: PollInterval}
	if next >= 0 {
		claims.Next = min(PollInterval, time.Duration(next)*time.Millisecond)
	}
	for jobs := c.list(); jobs.more(); {
		claims.Jobs = append(claims.Jobs, readClaim(jobs.list(), w))
	}
	claims.Notices = q.fresh(readNotices(c.list()))
	return claims, c.err()
}

func readClaim(c *cursor, w Wanted) *Claim {
	claim := &Claim{Job: &job.Job{Dialect: dialectHero}}
	claim.Job.ID = c.string()
	claim.Job.Queue = c.string()
	claim.Job.Attempt = c.int()
	claim.Run = c.int()
	claim.Failures = c.int()
	claim.Crashes = c.int()
	readHero(claim, c.list(), w)
	return claim
}

func readNotices(c *cursor) []Notice {
	var notices []Notice
	for c.more() {
		n := c.list()
		notices = append(notices, Notice{Queue: n.string(), ID: n.string(), Text: n.string()})
	}
	return notices
}

// fresh leaves out what was said about a list less than a minute ago: a list
// of the wrong type is met by every claim.
func (q *Queue) fresh(notices []Notice) []Notice {
	if len(notices) == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	kept := notices[:0]
	for _, n := range notices {
		if n.ID == "" {
			if now.Sub(q.reported[n.Queue]) < repeatNotices {
				continue
			}
			q.reported[n.Queue] = now
		}
		kept = append(kept, n)
	}
	return kept
}
