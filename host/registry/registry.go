// Package registry knows which module serves which script type. It reads the
// built-in modules and the modules folder and loads them in the background; a
// file that cannot be served is kept with the reason, and never stops the
// others. It runs no job and knows no queue.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Options say where modules come from.
type Options struct {
	// Folders are read in order. A module of a later folder replaces one of
	// the same name in an earlier one.
	Folders []Folder

	// Types narrows what is loaded to the files that have a bearing on who
	// serves these script types. Empty loads all.
	Types []string

	// Limits are the budgets of each job, where a module's manifest does not
	// lower them. Zero fields take the defaults.
	Limits job.Limits

	// Log gets one line for each file that is refused. Nil discards them.
	Log *slog.Logger
}

// Registry maps script types to modules. Each type is served as soon as its
// module is ready, and from then on until Close. Who serves what in the end
// does not depend on the order in which modules get ready. It is safe for
// concurrent use.
type Registry struct {
	log     *slog.Logger
	claimed []string

	cancel  context.CancelFunc
	stopped <-chan struct{} // closed when no more is loaded
	loaders sync.WaitGroup

	mu      sync.Mutex
	records []*record // in the order of the folders
	byType  map[string]*record
	open    map[string]bool // types of which it is not settled who serves them
	changed chan struct{}
}

// ErrStopped is returned to those who wait for a registry that was closed, or
// whose context has ended.
var ErrStopped = errors.New("loading was stopped")

// Open reads what modules there are and begins to load them; it does not wait
// for that. Loading ends with ctx. A file that is refused is no error; a
// folder that cannot be read is one.
func Open(ctx context.Context, loader Loader, opts Options) (*Registry, error) {
	r := &Registry{log: opts.Log, changed: make(chan struct{})}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	for _, folder := range opts.Folders {
		files, err := folder.list()
		if err != nil {
			return nil, fmt.Errorf("read the modules folder %s: %w", folder.Name, err)
		}
		for _, f := range files {
			r.records = append(r.records, f.record())
		}
	}
	r.claimed = r.narrow(opts.Types)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.update(ctx)
	r.start(ctx, loader, opts.Limits)
	return r, nil
}

// narrow leaves out the files without a bearing on the types, and returns all
// types that any file claims.
func (r *Registry) narrow(types []string) []string {
	claims := make([]claim, len(r.records))
	claimed := map[string]bool{}
	for i, rec := range r.records {
		claims[i] = rec.claim()
		for _, t := range rec.Types {
			claimed[t] = true
		}
	}
	wanted := make([]string, len(types))
	for i, t := range types {
		wanted[i] = strings.ToLower(strings.TrimSpace(t))
	}
	var kept []*record
	for i, bears := range bearing(claims, wanted) {
		// A file without a readable manifest might have had one.
		if bears || claims[i].outcome == failed {
			kept = append(kept, r.records[i])
		}
	}
	r.records = kept
	return slices.Sorted(maps.Keys(claimed))
}

// Claimed returns the script types that some file's manifest claims, sorted,
// whether or not they can be served and whether or not Types left them out.
func (r *Registry) Claimed() []string { return r.claimed }

// Lookup returns the module that serves a script type now, in lower case. The
// module can be used until Close.
func (r *Registry) Lookup(scriptType string) (*sandbox.Module, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.byType[scriptType]
	if !ok {
		return nil, false
	}
	rec.handedOut = true
	return rec.module, true
}

// Types returns the script types that are served now, sorted. One that is
// served stays so.
func (r *Registry) Types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.byType))
}

// Pending returns the script types that are not served now and may come to be,
// sorted.
func (r *Registry) Pending() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var types []string
	for t := range r.open {
		if r.byType[t] == nil {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}

// Changed returns a channel that is closed when anything has changed since.
// Ask for it before looking, so that no change is missed.
func (r *Registry) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Await waits until it is settled who serves a script type, in lower case:
// Lookup then gives the module for good, or there is none. The error is that
// of ctx, or ErrStopped.
func (r *Registry) Await(ctx context.Context, scriptType string) error {
	return r.await(ctx, func() bool { return !r.open[scriptType] })
}

// Wait waits until everything is loaded or refused. The error is that of ctx,
// or ErrStopped.
func (r *Registry) Wait(ctx context.Context) error {
	return r.await(ctx, func() bool {
		return !slices.ContainsFunc(r.records, func(rec *record) bool { return rec.State == Pending })
	})
}

// await waits until settled, which is called with the lock held.
func (r *Registry) await(ctx context.Context, settled func() bool) error {
	for {
		r.mu.Lock()
		done, changed := settled(), r.changed
		r.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.stopped:
			return cmp.Or(ctx.Err(), ErrStopped)
		}
	}
}

// Entries returns the files as they are now, in the order of the folders:
// without those that Types left out.
func (r *Registry) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := make([]Entry, len(r.records))
	for i, rec := range r.records {
		entries[i] = rec.Entry
		if rec.State == Serving {
			entries[i].Module = rec.module
		}
	}
	return entries
}

// Close ends loading and frees the modules. No job may be running. It waits
// for what cannot be interrupted.
func (r *Registry) Close(ctx context.Context) error {
	r.cancel()
	r.loaders.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byType = nil
	var errs []error
	for _, rec := range r.records {
		if rec.module == nil {
			continue
		}
		if err := rec.module.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("close module %s: %w", rec.Name, err))
		}
		rec.module = nil
	}
	return errors.Join(errs...)
}
