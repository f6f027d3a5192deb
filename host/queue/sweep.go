package queue

import (
	"context"
	"fmt"
	"time"
)

const (
	// sweptAtOnce is how many lists one script looks at: some 0.5 ms of the
	// server's time.
	sweptAtOnce = 500

	// sweepWatched and sweepUnwatched are how often all lists are looked at,
	// where Redis tells of pushes and where it does not.
	sweepWatched   = 30 * time.Second
	sweepUnwatched = 750 * time.Millisecond

	// discoverEvery is how often the keys are gone through for lists whose
	// names nobody has told, where Redis does not tell of pushes; scanned is
	// how many keys one step looks at.
	discoverEvery = time.Minute
	scanned       = 1000
)

// Sweep looks at all known lists and has the next claims look at those that
// hold something. It is for lists whose pushes nobody told of; a Waker calls it
// when it has to. It says whether there are any.
func (q *Queue) Sweep(ctx context.Context) (found bool, err error) {
	for at := 0; ; {
		lists, next := q.board.slice(at, sweptAtOnce)
		for _, part := range q.sweeps(lists) {
			some, err := q.sweep(ctx, part)
			if err != nil {
				return found, fmt.Errorf("look through the lists: %w", err)
			}
			found = found || some
		}
		if at = next; at == 0 {
			return found, nil
		}
	}
}

// sweeps splits lists into those that one script may look at.
func (q *Queue) sweeps(lists []list) [][]list {
	if !q.cluster {
		return [][]list{lists}
	}
	var parts [][]list
	for _, c := range q.calls(nil, lists) {
		parts = append(parts, c.lists)
	}
	return parts
}

func (q *Queue) sweep(ctx context.Context, lists []list) (bool, error) {
	if len(lists) == 0 {
		return false, nil
	}
	keys, args := make([]string, len(lists)), q.opts.args()
	for i, l := range lists {
		keys[i] = l.name
		args = append(args, l.dialect.name())
	}
	reply, err := q.scripts.sweep.run(ctx, q.rdb, keys, args...)
	if err != nil {
		return false, err
	}
	found := false
	for c := newCursor(reply); c.more(); {
		i := c.int() - 1
		if i < 0 || i >= int64(len(lists)) {
			return false, fmt.Errorf("the script answered list %d of %d", i+1, len(lists))
		}
		q.board.mark(lists[i])
		found = true
	}
	return found, nil
}

// Discover goes through the keys, in small steps so that it holds up nobody,
// for lists that are to be served and that nobody has named: those of all
// circles, and those whose names say more than a circle. It does nothing where
// no dialect has such lists.
func (q *Queue) Discover(ctx context.Context) error {
	want, named := q.board.wanted()
	if !named {
		return nil
	}
	for _, d := range q.dialects {
		for _, pattern := range d.patterns() {
			found := func(key string) (list, bool) { return d.find(key, want) }
			if err := q.discover(ctx, pattern, "list", found); err != nil {
				return fmt.Errorf("look for lists %s: %w", pattern, err)
			}
		}
		if s, ok := d.(scoped); ok && q.opts.AllCircles {
			found := func(key string) (list, bool) { return s.shows(key, want) }
			if err := q.discover(ctx, s.sets(), "zset", found); err != nil {
				return fmt.Errorf("look for sets %s: %w", s.sets(), err)
			}
		}
	}
	return nil
}

func (q *Queue) discover(ctx context.Context, pattern, kind string, found func(key string) (list, bool)) error {
	return scanKeys(ctx, q.rdb, pattern, kind, func(key string) {
		if l, ok := found(key); ok && q.serves(l.circle) {
			q.board.mark(l)
		}
	})
}
