package worker

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

// whoWants waits until n jobs want their slot back.
func (s *slots) whoWants(n int) {
	for {
		s.mu.Lock()
		there := len(s.back)
		s.mu.Unlock()
		if there == n {
			return
		}
	}
}

func TestSlotsAreLentAndComeBack(t *testing.T) {
	s := newSlots(1)
	s.use(1) // a job runs
	require.Zero(t, s.free())
	waited, back := make(chan struct{}), make(chan error)
	go func() { back <- s.idle(t.Context(), func() { <-waited }) }()
	<-s.lent
	require.Equal(t, 1, s.free())
	s.use(1) // another runs in its slot
	close(waited)
	s.whoWants(1)
	require.Zero(t, s.free())
	s.release(1)
	require.NoError(t, <-back)
	require.Zero(t, s.free(), "the slot is the first one's again, before a new job")
	s.release(1)
	require.Equal(t, 1, s.free())
}

func TestEndOfAJobThatWantsItsSlotBack(t *testing.T) {
	s := newSlots(1)
	s.use(1)
	ctx, cancel := context.WithCancel(t.Context())
	back := make(chan error)
	go func() { back <- s.idle(ctx, func() { s.use(1) }) }()
	s.whoWants(1)
	cancel()
	require.NoError(t, <-back)
	require.Equal(t, 2, s.used)
	s.release(2)
	require.Equal(t, 1, s.free())
}

func TestOnlySoManyWait(t *testing.T) {
	s := newSlots(2)
	var nested func(n int)
	nested = func(n int) {
		called := false
		err := s.idle(t.Context(), func() { called = true; nested(n + 1) })
		require.Equal(t, n < s.mostWaiting(), called)
		if !called {
			require.ErrorIs(t, err, job.ErrManyWait)
		}
	}
	s.use(2)
	nested(0)
}

// Whatever jobs do, in the end all slots are free.
func TestSlotsAreNotLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSlots(rapid.IntRange(1, 3).Draw(t, "slots"))
		var jobs sync.WaitGroup
		for range rapid.IntRange(1, 20).Draw(t, "jobs") {
			ended := rapid.Bool().Draw(t, "ends while it wants its slot")
			s.use(1)
			jobs.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				_ = s.idle(ctx, func() {
					if ended {
						cancel()
					}
				})
				s.release(1)
			})
		}
		jobs.Wait()
		require.Equal(t, s.total, s.free())
		require.Zero(t, s.waiting)
	})
}
