package registry

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

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

// aloneFor is how long what is built in is loaded alone, at the most: with its
// code in the cache it takes less than half of that. Without, the others need not
// wait for it.
const aloneFor = 250 * time.Millisecond

// enqueue has a record loaded in the background, and no more at once than there
// are processors. The caller holds the lock.
func (r *Registry) enqueue(rec *record) {
	r.waiting = append(r.waiting, rec)
	r.startLoader()
}

// startLoader has one more record loaded at a time, if there may be one more. The
// caller holds the lock.
func (r *Registry) startLoader() {
	if r.loaders < runtime.GOMAXPROCS(0) {
		r.loaders++
		r.work.Go(r.loadWaiting)
	}
}

// beAlone has no other record loaded for a while, or until the returned function
// is called, with the lock held as here.
func (r *Registry) beAlone() (together func()) {
	over := false
	end := func() {
		if over {
			return
		}
		over, r.alone = true, false
		for range r.waiting {
			r.startLoader()
		}
	}
	r.alone = true
	timer := time.AfterFunc(aloneFor, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		end()
	})
	return func() {
		timer.Stop()
		end()
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
	if len(r.waiting) == 0 || r.alone || r.ctx.Err() != nil {
		r.loaders--
		return nil, nil
	}
	next := slices.MinFunc(r.waiting, sooner)
	r.waiting = slices.DeleteFunc(r.waiting, func(rec *record) bool { return rec == next })
	ctx, cancel := context.WithCancel(r.ctx)
	next.stop = cancel
	if next.file.isBuiltIn() {
		next.together = r.beAlone()
	}
	return next, ctx
}

// sooner says which of two records is loaded first: what is built in, which most
// jobs are for, and then the smaller one, so that the first types are served soon.
func sooner(a, b *record) int {
	after := func(rec *record) int {
		if rec.file.isBuiltIn() {
			return 0
		}
		return 1
	}
	return cmp.Or(after(a)-after(b), a.size-b.size)
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
	if rec.together != nil {
		rec.together()
	}
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
