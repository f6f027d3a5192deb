package sqlite

import "context"

// turn lets one job of this process after the other write to a circle, in the
// order in which they came. SQLite's own lock is tried again and again, by
// chance, and is left to what other processes there are.
type turn struct {
	taken chan struct{}
	users int // under Store.mu
}

// takeTurn waits until nobody else of this process writes to the file. What it
// returns ends the turn.
func (s *Store) takeTurn(ctx context.Context, path string) (end func(), err error) {
	s.mu.Lock()
	t := s.turns[path]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		s.turns[path] = t
	}
	t.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(s.turns, path)
		}
	}
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
