package worker

import (
	"context"
	"sync"

	"github.com/henge-run/henge/host/queue"
)

// active is the set of jobs whose lease this worker holds. It is safe for
// concurrent use.
type active struct {
	mu   sync.Mutex
	jobs map[*queue.Claim]context.CancelCauseFunc
}

func newActive() active { return active{jobs: map[*queue.Claim]context.CancelCauseFunc{}} }

func (a *active) add(c *queue.Claim, stop context.CancelCauseFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs[c] = stop
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

// stop ends one job with a cause, if it still runs.
func (a *active) stop(c *queue.Claim, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if stop, ok := a.jobs[c]; ok {
		stop(cause)
	}
}

func (a *active) stopAll(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, stop := range a.jobs {
		stop(cause)
	}
}
