package worker

import (
	"slices"
	"strings"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
)

const (
	// mostModules bounds what a worker says of its modules: a folder may have any
	// number of files.
	mostModules = 64
	// mostReason is how much of a reason it says, in bytes.
	mostReason = 200
)

// PresentModule is what is said of a file, with all of the reason.
func PresentModule(e registry.Entry) queue.PresentModule {
	m := queue.PresentModule{
		Name: e.Name, Version: e.Version, Types: e.Types, File: e.File, Sum: e.Sum, State: e.State.String(), Reason: e.Reason,
	}
	if e.Module != nil {
		m.Freshness, m.Ran = e.Module.Freshness(), e.Module.Times()
	}
	return m
}

// modules returns what the worker says of its modules. Of too many those are left
// out that no job runs in.
func (w *Worker) modules() []queue.PresentModule {
	if w.opts.Registry == nil {
		return nil
	}
	var all []queue.PresentModule
	for _, e := range w.opts.Registry.Entries() {
		if e.State == registry.Serving && w.isAsked() {
			e.State = registry.Draining // as all of the worker is
		}
		m := PresentModule(e)
		if len(m.Reason) > mostReason {
			m.Reason = strings.ToValidUTF8(m.Reason[:mostReason], "") + "…"
		}
		all = append(all, m)
	}
	if len(all) <= mostModules {
		return all
	}
	served := func(m queue.PresentModule) int {
		if m.Freshness != "" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b queue.PresentModule) int { return served(a) - served(b) })
	return all[:mostModules]
}
