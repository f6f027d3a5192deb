package worker

import (
	"context"
	"sync"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// active is the set of jobs whose lease this worker holds. It is safe for
// concurrent use.
type active struct {
	mu      sync.Mutex
	jobs    map[*queue.Claim]*held
	renewed chan struct{} // closed when leases were renewed, and made anew
}

// held is one of these jobs.
type held struct {
	stop context.CancelCauseFunc

	// since is when the last call began that gave the job a whole lease, so
	// that the lease ends no sooner than one period later.
	since time.Time
}

func newActive() active {
	return active{jobs: map[*queue.Claim]*held{}, renewed: make(chan struct{})}
}

func (a *active) add(c *queue.Claim, since time.Time, stop context.CancelCauseFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs[c] = &held{stop, since}
}

// renew notes that a call that began then has renewed the leases of claims.
func (a *active) renew(claims []*queue.Claim, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range claims {
		if h, ok := a.jobs[c]; ok {
			h.since = since
		}
	}
	close(a.renewed)
	a.renewed = make(chan struct{})
}

// since returns when the job's lease was last whole, the zero time for a job
// that is not held, and what is closed when that may have changed.
func (a *active) since(c *queue.Claim) (time.Time, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.jobs[c]
	if !ok {
		return time.Time{}, a.renewed
	}
	return h.since, a.renewed
}

func (a *active) remove(c *queue.Claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.jobs, c)
}

func (a *active) list() []*queue.Claim {
	a.mu.Lock()
	defer a.mu.Unlock()
	claims := make([]*queue.Claim, 0, len(a.jobs))
	for c := range a.jobs {
		claims = append(claims, c)
	}
	return claims
}

func (a *active) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.jobs)
}

// byType counts the jobs of each type.
func (a *active) byType() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := map[string]int{}
	for c := range a.jobs {
		n[c.Job.Type]++
	}
	return n
}

// stop ends one job with a cause, if it still runs.
func (a *active) stop(c *queue.Claim, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h, ok := a.jobs[c]; ok {
		h.stop(cause)
	}
}

func (a *active) stopAll(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range a.jobs {
		h.stop(cause)
	}
}
