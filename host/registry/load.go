package registry

import (
	"context"
	"errors"
	"runtime"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// maxHeld is how large a module may be that is kept in memory while it waits to
// be loaded. A larger one is read again.
const maxHeld = 16 << 20

// Loader makes modules ready to run jobs. It is a *sandbox.Runtime.
type Loader interface {
	// Load is called by several goroutines at once.
	Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error)
}

var _ Loader = (*sandbox.Runtime)(nil)

// enqueue has a record loaded in the background: the smallest first, so that
// the first types are served soon, and no more at once than there are
// processors. The caller holds the lock.
func (r *Registry) enqueue(rec *record) {
	r.waiting = append(r.waiting, rec)
	if r.loaders < runtime.GOMAXPROCS(0) {
		r.loaders++
		r.work.Go(r.loadWaiting)
	}
}

// loadWaiting loads records until none waits.
func (r *Registry) loadWaiting() {
	for {
		rec, ctx := r.nextWaiting()
		if rec == nil {
			return
		}
		m, err := r.load(ctx, rec)
		r.settle(ctx, rec, m, err)
		rec.stop()
	}
}

// nextWaiting returns the next record to load, with the context in which it is
// loaded; nil when there is none.
func (r *Registry) nextWaiting() (*record, context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(rec *record) bool { return rec.dropped })
	if len(r.waiting) == 0 || r.ctx.Err() != nil {
		r.loaders--
		return nil, nil
	}
	next := slices.MinFunc(r.waiting, func(a, b *record) int { return a.size - b.size })
	r.waiting = slices.DeleteFunc(r.waiting, func(rec *record) bool { return rec == next })
	ctx, cancel := context.WithCancel(r.ctx)
	next.stop = cancel
	return next, ctx
}

// load makes a record's module ready. Nobody else writes what it reads.
func (r *Registry) load(ctx context.Context, rec *record) (*sandbox.Module, error) {
	binary, manifest := rec.binary, rec.manifest
	if binary == nil {
		again := rec.file.record()
		switch {
		case again.outcome == failed:
			return nil, errors.New(again.Reason)
		case again.sum != rec.sum:
			return nil, errChanging // the watcher will come to it
		}
		binary, manifest = again.binary, again.manifest
	}
	return r.loader.Load(ctx, binary, manifest, r.limits)
}

// settle takes the end of a load.
func (r *Registry) settle(ctx context.Context, rec *record, m *sandbox.Module, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.binary, rec.manifest = nil, nil
	switch {
	case err == nil:
		rec.outcome, rec.module = loaded, m
	case ctx.Err() != nil:
		return // it was stopped, which says nothing of the module
	default:
		rec.fail(err)
	}
	if rec.dropped {
		r.leaving[rec] = true
		r.closeUnused(rec)
		return
	}
	r.update()
}

// closeUnused closes the module of a record that was dropped, in the background,
// when nobody uses it. The caller holds the lock.
func (r *Registry) closeUnused(rec *record) {
	if !rec.dropped || rec.users > 0 || rec.module == nil {
		return
	}
	m := rec.module
	rec.module = nil
	delete(r.leaving, rec)
	r.work.Go(func() {
		if err := m.Close(context.WithoutCancel(r.ctx)); err != nil {
			r.log.Error("close a module", "file", rec.File, "err", err)
		}
	})
}
