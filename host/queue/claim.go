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
	repeatNotices = time.Minute
	mostReported  = 10_000
	handBackTime  = 5 * time.Second
	servesTTL     = time.Hour
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

	// Traceparent is what the producer wrote of the trace that the job is
	// part of, in the W3C's format; empty for none.
	Traceparent string

	// Failures and Crashes count the failed attempts and the lost workers of
	// this run of the job.
	Failures, Crashes int64

	live    job.Live // Job.Live
	backoff *Backoff // the job's own
	token   string   // what the script that ends the attempt is told; see lua/ending.lua
	scope   string
	done    claimState
}

// Claims are jobs that were handed out.
type Claims struct {
	// Jobs are in the order in which they should start; at most as many as
	// were asked for.
	Jobs []*Claim

	// Next is how long to wait before the next claim when nothing wakes the
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

// Claim takes up to n jobs of those that are wanted: Serve and Exchange in one.
func (q *Queue) Claim(ctx context.Context, w Wanted, n int) (Claims, error) {
	if err := q.board.serve(w, q.lists); err != nil {
		return Claims{}, fmt.Errorf("claim: %w", err)
	}
	x, err := q.Exchange(ctx, nil, n)
	if err != nil {
		return Claims{}, fmt.Errorf("claim: %w", err)
	}
	return x.Claims, nil
}

// handBack releases what came when nobody waited for it any more.
func (q *Queue) handBack(claims Claims, err error) {
	if err != nil || len(claims.Jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), handBackTime)
	defer cancel()
	if err := q.Release(ctx, claims.Jobs); err != nil {
		q.opts.Log.Warn("jobs of a claim that nobody waited for are left to the reaper", "err", err)
	}
}

func (q *Queue) readClaims(reply any, asked call) (answer, error) {
	c := newCursor(reply)
	next := c.int()
	a := answer{asked: true, Claims: Claims{Next: PollInterval}}
	if next >= 0 {
		a.Next = min(PollInterval, time.Duration(next)*time.Millisecond)
	}
	w, _ := q.board.wanted()
	for jobs := c.list(); jobs.more(); {
		a.Jobs = q.readAlike(a.Jobs, jobs.list(), w)
	}
	a.Notices = q.fresh(readNotices(c.list()))
	a.lost = readFinished(c.list(), asked.endings)
	for left := c.list(); left.more(); {
		i := int(left.int()) - 1
		if i < 0 || i >= len(asked.lists) {
			return answer{}, fmt.Errorf("the script answered list %d of %d", i+1, len(asked.lists))
		}
		a.left = append(a.left, i)
	}
	return a, c.err()
}

// readFinished returns the claims that were lost, and remembers of the others
// that they ended here.
func readFinished(c *cursor, endings []ending) (lost []*Claim) {
	for _, e := range endings {
		if c.int() == 0 {
			lost = append(lost, e.done.Claim)
			continue
		}
		e.done.Claim.done.ended.Store(true)
	}
	return lost
}

// readAlike adds jobs that came with all that they have in common.
func (q *Queue) readAlike(claims []*Claim, c *cursor, w Wanted) []*Claim {
	common := job.Job{Dialect: c.string(), Queue: c.string(), Attempt: c.int(), Run: c.int(), Begun: c.int(), Failures: c.int()}
	crashes, token, scope := c.int(), c.string(), scopeOf(common.Queue)
	var of dialect
	for _, d := range q.dialects {
		if d.name() == common.Dialect {
			of = d
		}
	}
	for jobs := c.list(); jobs.more(); {
		claim := &Claim{Failures: common.Failures, Crashes: crashes, token: token, scope: scope}
		j := common
		j.Live, j.ID = &claim.live, jobs.string()
		claim.Job = &j
		if fields := jobs.list(); of != nil {
			of.read(claim, given{fields}, w)
		}
		if circle := j.Circle; circle != "" && !q.serves(circle) {
			claim.refuse("circle %s is not served by the worker that took the job from %s: push it to a list of that circle", circle, j.Queue)
		}
		claims = append(claims, claim)
	}
	return claims
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
	if len(q.reported) > mostReported {
		clear(q.reported)
	}
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
