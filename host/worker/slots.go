package worker

import (
	"context"
	"slices"
	"sync"

	"github.com/henge-run/henge/host/job"
)

// slots counts who uses the worker's slots. A job that waits for others lends
// its slot: else those that it waits for could never run where all wait. It is
// safe for concurrent use.
type slots struct {
	total int
	lent  chan struct{} // has a value when a slot was lent

	mu      sync.Mutex
	used    int             // by jobs that run and by claims that were sent
	waiting int             // jobs that have lent theirs
	back    []chan struct{} // of jobs that want one back, the first first
}

func newSlots(total int) *slots { return &slots{total: total, lent: make(chan struct{}, 1)} }

// mostWaiting bounds the jobs that lend their slot: each keeps its memory.
func (s *slots) mostWaiting() int { return max(64, 8*s.total) }

// free is how many slots nobody uses or wants back.
func (s *slots) free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.total-s.used-len(s.back))
}

func (s *slots) use(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += n
}

// release gives up n slots. Jobs that want one back come before new ones.
func (s *slots) release(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= n
	for s.used < s.total && len(s.back) > 0 {
		close(s.back[0])
		s.back = s.back[1:]
		s.used++
	}
}

// idle is job.Job.Idle. When ctx ends, the job is about to, and does not wait
// for a slot.
func (s *slots) idle(ctx context.Context, wait func()) error {
	s.mu.Lock()
	if s.waiting >= s.mostWaiting() {
		s.mu.Unlock()
		return job.ErrManyWait
	}
	s.waiting++
	s.mu.Unlock()

	s.release(1)
	select {
	case s.lent <- struct{}{}:
	default:
	}
	wait()

	s.mu.Lock()
	s.waiting--
	if s.used < s.total && len(s.back) == 0 {
		s.used++
		s.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	s.back = append(s.back, mine)
	s.mu.Unlock()
	select {
	case <-mine:
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.back, mine); i >= 0 {
			s.back = slices.Delete(s.back, i, i+1)
			s.used++
		}
	}
	return nil
}
