package transaction

import (
	"context"
	"sync"
	"time"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/store/circle"
)

// Directory knows what the circles' databases say of members and publications.
// Answers are kept for a second.
type Directory struct {
	store circle.Store
	now   func() time.Time

	mu    sync.Mutex
	known map[asked]answer
}

var _ capability.Directory = (*Directory)(nil)

type asked struct{ circle, what, about string }

type answer struct {
	until time.Time
	role  capability.Role
	names []string
}

// fresh is how old an answer may be, and mostKnown how many are kept.
const fresh, mostKnown = time.Second, 10_000

// NewDirectory returns a directory over a store. now may be nil.
func NewDirectory(store circle.Store, now func() time.Time) *Directory {
	if now == nil {
		now = time.Now
	}
	return &Directory{store: store, now: now, known: map[asked]answer{}}
}

// Role implements capability.Directory.
func (d *Directory) Role(ctx context.Context, name, caller string) (capability.Role, error) {
	a, err := d.ask(asked{name, "role", caller}, func() (a answer, err error) {
		a.role, err = roleOf(name, caller, func() (string, error) { return d.store.Role(ctx, name, caller) })
		return a, err
	})
	return a.role, err
}

// Published implements capability.Directory.
func (d *Directory) Published(ctx context.Context, name string, kind capability.Kind) ([]string, error) {
	a, err := d.ask(asked{name, "published", string(kind)}, func() (a answer, err error) {
		a.names, err = d.store.Published(ctx, name, string(kind))
		return a, err
	})
	return a.names, err
}

func (d *Directory) ask(q asked, find func() (answer, error)) (answer, error) {
	d.mu.Lock()
	a, ok := d.known[q]
	d.mu.Unlock()
	now := d.now()
	if ok && now.Before(a.until) {
		return a, nil
	}
	a, err := find()
	if err != nil {
		return answer{}, err
	}
	a.until = now.Add(fresh)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= mostKnown {
		clear(d.known)
	}
	d.known[q] = a
	return a, nil
}
