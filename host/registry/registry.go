// Package registry knows which module serves which script type. It reads the
// built-in modules and the modules folder, loads them in the background, and
// follows what becomes of the folder; a file that cannot be served is kept with
// the reason, and never stops the others. It runs no job and knows no queue.
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
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// DefaultQuiet is how long a file has to be left alone before it is read. It is
// far longer than what passes between two writes of a program that copies.
const DefaultQuiet = 250 * time.Millisecond

// Options say where modules come from.
type Options struct {
	// Folders are read in order. A module of a later folder replaces one of
	// the same name in an earlier one.
	Folders []Folder

	// Watch follows what is written to and removed from folders that are on
	// disk (Dir), until the context of Open ends. A file that comes later and
	// claims a type that is served is refused.
	Watch bool

	// Quiet is how long a file that is watched has to be left alone before it is
	// read, or taken for removed. Zero means DefaultQuiet.
	Quiet time.Duration

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
// module is ready, and from then on until Close or, where folders are watched,
// until its file is gone. Who serves what when all is loaded does not depend on
// the order in which modules get ready. It is safe for concurrent use.
type Registry struct {
	log     *slog.Logger
	loader  Loader
	limits  job.Limits
	folders []*Folder
	wanted  []string // types; empty means all
	watches bool
	quiet   time.Duration

	ctx    context.Context // ends when no more is loaded
	cancel context.CancelFunc
	work   sync.WaitGroup // what goes on in the background

	mu      sync.Mutex
	records []*record // those that came first before others
	aside   []*record // without a bearing on the types that are wanted
	waiting []*record // to be loaded
	loaders int
	alone   bool             // what is loaded now is loaded alone
	leaving map[*record]bool // dropped, with a module that is not closed yet
	live    bool             // a file has changed since Open
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
	r, seen, err := begin(ctx, loader, opts)
	if err != nil {
		return nil, err
	}
	if r.watches {
		r.work.Go(func() { r.watch(seen) })
	}
	return r, nil
}

// begin is Open without watching, for which it returns what was seen.
func begin(ctx context.Context, loader Loader, opts Options) (*Registry, sightings, error) {
	r := &Registry{
		log: opts.Log, loader: loader, limits: opts.Limits, watches: opts.Watch, quiet: cmp.Or(opts.Quiet, DefaultQuiet),
		leaving: map[*record]bool{}, changed: make(chan struct{}),
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	for _, t := range opts.Types {
		r.wanted = append(r.wanted, strings.ToLower(strings.TrimSpace(t)))
	}
	for _, folder := range opts.Folders {
		r.folders = append(r.folders, &folder)
	}
	seen, err := r.readAll(ctx)
	if err != nil {
		return nil, nil, err
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.admit()
	r.update()
	return r, seen, nil
}

// Claimed returns the script types that some file's manifest claims, sorted,
// whether or not they can be served and whether or not Types left them out.
func (r *Registry) Claimed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	claimed := map[string]bool{}
	for _, rec := range slices.Concat(r.records, r.aside) {
		for _, t := range rec.Types {
			claimed[t] = true
		}
	}
	return slices.Sorted(maps.Keys(claimed))
}

// Watches says whether types can come and go at any time.
func (r *Registry) Watches() bool { return r.watches }

// Acquire returns the module that serves a script type now, in lower case, to
// run jobs in. It is not closed before release was called, which has to be done
// once, whatever becomes of its file.
func (r *Registry) Acquire(scriptType string) (m *sandbox.Module, release func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.byType[scriptType]
	if !ok {
		return nil, nil, false
	}
	rec.users++
	return rec.module, func() { r.release(rec) }, true
}

// release ends one use of a record's module.
func (r *Registry) release(rec *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.users--
	r.closeUnused(rec)
}

// Lookup returns the module that serves a script type now, in lower case. It can
// be used until Close where nothing is watched; otherwise use Acquire.
func (r *Registry) Lookup(scriptType string) (*sandbox.Module, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.byType[scriptType]
	if !ok {
		return nil, false
	}
	return rec.module, true
}

// Types returns the script types that are served now, sorted. One that is
// served stays so while its file is there.
func (r *Registry) Types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.byType))
}

// Pending returns the script types that are not served now and may come to be
// from the files that are there, sorted.
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

// Await waits until it is settled who serves a script type, in lower case, of
// the files that are there: Lookup then gives the module, or there is none. The
// error is that of ctx, or ErrStopped.
func (r *Registry) Await(ctx context.Context, scriptType string) error {
	return r.await(ctx, func() bool { return !r.open[scriptType] })
}

// Wait waits until everything that was read is loaded or refused. The error is
// that of ctx, or ErrStopped.
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
		case <-r.ctx.Done():
			return cmp.Or(ctx.Err(), ErrStopped)
		}
	}
}

// Entries returns the files as they are now, in the order of the folders and
// their names: without those that Types left out, and with versions that jobs
// still run in before those that took their place.
func (r *Registry) Entries() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	sorted := slices.AppendSeq(slices.Clone(r.records), maps.Keys(r.leaving))
	slices.SortStableFunc(sorted, func(a, b *record) int {
		return cmp.Or(a.file.at-b.file.at, strings.Compare(a.file.name, b.file.name), a.drains()-b.drains())
	})
	entries := make([]Entry, len(sorted))
	for i, rec := range sorted {
		entries[i] = rec.entry()
	}
	return entries
}

// Close ends watching and loading and frees the modules. No job may be running.
// It waits for what cannot be interrupted.
func (r *Registry) Close(ctx context.Context) error {
	r.cancel()
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byType = nil
	var errs []error
	for _, rec := range slices.AppendSeq(r.records, maps.Keys(r.leaving)) {
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
