package worker

import "context"

// slots counts the jobs that may still be started. The claimer takes all that
// are free; each job gives its own back.
type slots struct {
	free chan struct{}
}

func newSlots(n int) slots {
	s := slots{free: make(chan struct{}, n)}
	s.give(n)
	return s
}

// take waits for a free slot and takes all there are.
func (s slots) take(ctx context.Context) (int, error) {
	// Asked first, since a select with both ready would choose by chance.
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	select {
	case <-s.free:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for n := 1; ; n++ {
		select {
		case <-s.free:
		default:
			return n, nil
		}
	}
}

// takeAll waits until every job has given its slot back.
func (s slots) takeAll() {
	for range cap(s.free) {
		<-s.free
	}
}

func (s slots) give(n int) {
	for range n {
		s.free <- struct{}{}
	}
}
