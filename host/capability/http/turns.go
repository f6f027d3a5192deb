package http

import (
	"context"
	"sync"
)

// turns bounds how many requests of a circle run at once. It keeps nothing of a
// circle that has none.
type turns struct {
	most int

	mu      sync.Mutex
	circles map[string]*turn
}

type turn struct {
	tokens chan struct{}
	users  int // that hold a token or wait for one
}

// wait returns when it is the circle's turn, with what gives it up.
func (t *turns) wait(ctx context.Context, circle string) (release func(), err error) {
	t.mu.Lock()
	if t.circles == nil {
		t.circles = map[string]*turn{}
	}
	mine := t.circles[circle]
	if mine == nil {
		mine = &turn{tokens: make(chan struct{}, t.most)}
		t.circles[circle] = mine
	}
	mine.users++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.circles, circle)
		}
	}
	select {
	case mine.tokens <- struct{}{}:
		return func() { <-mine.tokens; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
