// Package registry knows which module serves which script type. It reads the
// built-in modules and the modules folder; a file that cannot be served is
// kept with the reason, and never stops the others. It runs no job and knows
// no queue.
package registry

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Options say where modules come from.
type Options struct {
	// Folders are read in order. A module of a later folder replaces one of
	// the same name in an earlier one.
	Folders []Folder

	// Limits are the budgets of each job, where a module's manifest does not
	// lower them. Zero fields take the defaults.
	Limits job.Limits

	// Log gets one line for each file that is refused. Nil discards them.
	Log *slog.Logger
}

// Registry maps script types to modules. It does not change after Open, and
// is safe for concurrent use.
type Registry struct {
	entries []*Entry
	byType  map[string]*sandbox.Module
}

// Entry is one file and what became of it.
type Entry struct {
	// Name, Version and Types are the manifest's; of a file that was refused
	// before its manifest was read, Name is the file's.
	Name    string
	Version string
	Types   []string

	// File is where the module was found.
	File string

	// Reason is why the file is not served; empty when it is.
	Reason string

	// Module is what serves the types; nil when the file is not served.
	Module *sandbox.Module
}

// Open loads every module there is. A file that is refused is no error; a
// folder that cannot be read is one.
func Open(ctx context.Context, rt *sandbox.Runtime, opts Options) (*Registry, error) {
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &Registry{byType: map[string]*sandbox.Module{}}
	for _, folder := range opts.Folders {
		files, err := folder.list()
		if err != nil {
			_ = r.Close(ctx)
			return nil, fmt.Errorf("read the modules folder %s: %w", folder.Name, err)
		}
		for _, f := range files {
			e := f.load(ctx, rt, opts.Limits)
			if e.Reason == "" {
				r.add(ctx, e)
			}
			if e.Reason != "" {
				log.Warn("module refused", "file", e.File, "reason", e.Reason)
			}
			r.entries = append(r.entries, e)
		}
	}
	return r, nil
}

// add lets a module serve its types, in place of an earlier one of its name.
// A type that another module serves stays with that module.
func (r *Registry) add(ctx context.Context, e *Entry) {
	for _, other := range r.entries {
		if other.Module == nil || other.Name == e.Name {
			continue
		}
		for _, t := range e.Types {
			if slices.Contains(other.Types, t) {
				e.refuse(ctx, fmt.Sprintf("type %q is already served by module %q (%s); two modules cannot serve one type", t, other.Name, other.File))
				return
			}
		}
	}
	for _, other := range r.entries {
		if other.Module != nil && other.Name == e.Name {
			for _, t := range other.Types {
				delete(r.byType, t)
			}
			other.refuse(ctx, "replaced by "+e.File)
		}
	}
	for _, t := range e.Types {
		r.byType[t] = e.Module
	}
}

// refuse stops serving e, and gives its module back.
func (e *Entry) refuse(ctx context.Context, reason string) {
	if e.Module != nil {
		_ = e.Module.Close(ctx)
		e.Module = nil
	}
	e.Reason = oneLine(reason)
}

// Lookup returns the module that serves a script type, in lower case.
func (r *Registry) Lookup(scriptType string) (*sandbox.Module, bool) {
	m, ok := r.byType[scriptType]
	return m, ok
}

// Types returns the script types that are served, sorted.
func (r *Registry) Types() []string { return slices.Sorted(maps.Keys(r.byType)) }

// Entries returns every file that was found, in the order of the folders.
// They are not to be changed.
func (r *Registry) Entries() []*Entry { return r.entries }

// Close frees the modules. No job may be running.
func (r *Registry) Close(ctx context.Context) error {
	var first error
	for _, e := range r.entries {
		if e.Module != nil {
			if err := e.Module.Close(ctx); err != nil && first == nil {
				first = fmt.Errorf("close module %s: %w", e.Name, err)
			}
		}
	}
	return first
}

// oneLine makes a reason fit for a table and a log: a compiler's message may
// have many lines, and a hostile file can choose some of its words.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	const most = 500
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
