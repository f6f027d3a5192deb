package worker

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

var errNothingServed = errors.New("no module that was asked for can be served, so no job can be run; henge module ls says why")

// serving is what could be served at one moment.
type serving struct {
	types []string

	// changed is closed when there may be more, or less.
	changed <-chan struct{}
}

// isStale says whether it is worth looking again.
func (s serving) isStale() bool {
	select {
	case <-s.changed:
		return true
	default:
		return s.changed == nil
	}
}

// nextServing returns what can be served now; no types when modules are still
// loading, or when a folder is watched and nothing is in it.
func (w *Worker) nextServing() (serving, error) {
	s := serving{changed: make(chan struct{})} // never: handlers are there from the beginning
	var coming []string
	watches := false
	if w.opts.Registry != nil {
		s.changed = w.opts.Registry.Changed()
		coming = w.among(w.opts.Registry.Pending())
		watches = w.opts.Registry.Watches()
		w.announce(coming)
	}
	s.types = w.Types()
	if len(s.types) == 0 && len(coming) == 0 && !watches {
		return s, errNothingServed
	}
	return s, nil
}

// announce logs what is served since it was called last, with what it takes in
// bytes, what is not served any more, and which of the types that were asked
// for will not be.
func (w *Worker) announce(coming []string) {
	now := map[*sandbox.Module]bool{}
	for _, e := range w.opts.Registry.Entries() {
		types := w.among(e.Types)
		if e.State != registry.Serving || len(types) == 0 {
			continue
		}
		now[e.Module] = true
		if w.announced[e.Module] {
			continue
		}
		log := w.log.With("types", types, "module", e.Name, "version", e.Version, "size", e.Module.Size)
		if e.Module.NotReset != "" {
			log.Info("serving types", "instances", "new for each job", "since", e.Module.NotReset)
			continue
		}
		log.Info("serving types", "snapshot", e.Module.SnapshotSize())
	}
	first := w.announced == nil
	w.announced = now
	if first && len(now) == 0 {
		w.log.Info("waiting for the first module", "types", coming)
	}
	served := w.opts.Registry.Types()
	for _, t := range w.among(w.served) {
		if !slices.Contains(served, t) {
			w.log.Info("type not served any more", "type", t)
		}
	}
	w.served = served
	there := append(served, coming...)
	for _, t := range w.types {
		if !slices.Contains(there, t) && !w.missing[t] {
			w.missing[t] = true
			w.log.Warn("type not served: no module for it could be loaded", "type", t)
		}
	}
}

// among returns those of the types that the worker was asked to serve.
func (w *Worker) among(types []string) []string {
	if len(w.types) == 0 {
		return types
	}
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool { return !slices.Contains(w.types, t) })
}

// wanted returns the lists to claim from.
func (w *Worker) wanted(types []string) queue.Wanted {
	return queue.Wanted{Types: types, Group: w.opts.Group, Instance: w.opts.Instance}
}

// askedTypes returns the types that were asked for, in lower case, if some
// module claims each, or may come to.
func askedTypes(asked, claimed []string, watches bool) ([]string, error) {
	if len(claimed) == 0 && !watches {
		return nil, errors.New("there is no module, so no job can be run: this henge was built without engines; run make build, or name a folder of .wasm files with --modules")
	}
	var types []string
	for _, t := range asked {
		t, err := job.ParseType(strings.TrimSpace(t))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(claimed, t) && !watches {
			return nil, fmt.Errorf("no module serves the type %.80q; there are modules for %s", t, strings.Join(claimed, ", "))
		}
		types = append(types, t)
	}
	return types, nil
}
