package registry

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Loader makes modules ready to run jobs. It is a *sandbox.Runtime.
type Loader interface {
	// Load is called by several goroutines at once.
	Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error)
}

var _ Loader = (*sandbox.Runtime)(nil)

// start loads what waits in the background: the smallest first, so that the
// first types are served soon, and no more at once than there are processors.
func (r *Registry) start(ctx context.Context, loader Loader, limits job.Limits) {
	var waiting []*record
	for _, rec := range r.records {
		if rec.outcome == loading {
			waiting = append(waiting, rec)
		}
	}
	slices.SortStableFunc(waiting, func(a, b *record) int { return len(a.binary) - len(b.binary) })
	next := make(chan *record, len(waiting))
	for _, rec := range waiting {
		next <- rec
	}
	close(next)

	ctx, r.cancel = context.WithCancel(ctx)
	r.stopped = ctx.Done()
	for range min(len(waiting), runtime.GOMAXPROCS(0)) {
		r.loaders.Go(func() {
			for rec := range next {
				if ctx.Err() != nil {
					return
				}
				m, err := loader.Load(ctx, rec.binary, rec.manifest, limits)
				r.settle(ctx, rec, m, err)
			}
		})
	}
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
	r.update(ctx)
}

// update applies the rules to what is known, and tells those who wait. The
// caller holds the lock.
func (r *Registry) update(ctx context.Context) {
	claims := make([]claim, len(r.records))
	for i, rec := range r.records {
		claims[i] = rec.claim()
	}
	r.byType = map[string]*record{}
	r.open = map[string]bool{}
	for i, v := range resolve(claims) {
		rec := r.records[i]
		if v.holds == maybe {
			for _, t := range rec.Types {
				r.open[t] = true
			}
		}
		for _, t := range v.types {
			r.byType[t] = rec
		}
		if v.state == Refused {
			r.refuse(ctx, rec, v)
		}
		rec.State = v.state
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// refuse notes why a file does not serve, and frees what nobody uses.
func (r *Registry) refuse(ctx context.Context, rec *record, v verdict) {
	rival := r.records[v.rival]
	switch {
	case rec.outcome == failed: // it has its reason
	case v.contested != "":
		rec.Reason = oneLine(fmt.Sprintf("type %q is already served by module %q (%s); two modules cannot serve one type", v.contested, rival.Name, rival.File))
	default:
		rec.Reason = "replaced by " + rival.File
	}
	if rec.State != Refused {
		r.log.Warn("module refused", "file", rec.File, "reason", rec.Reason)
	}
	// One that was handed out may have a job in it for as long as jobs last;
	// Close frees it.
	if rec.module != nil && !rec.handedOut {
		if err := rec.module.Close(ctx); err != nil {
			r.log.Error("close a module", "file", rec.File, "err", err)
		}
		rec.module = nil
	}
}
