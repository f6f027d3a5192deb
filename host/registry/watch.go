package registry

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

// rescan is how often the folders are looked at when nobody says that they have
// changed: notices can be lost, and some file systems give none.
const rescan = time.Second

// watch follows the folders until no more is to be loaded.
func (r *Registry) watch(seen sightings) {
	notices, stop := r.notices()
	defer stop()
	timer := time.NewTimer(r.scan(seen, time.Now()))
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case _, ok := <-notices:
			if !ok {
				notices = nil
				continue
			}
			// One notice for each write of a copy: look once for many.
			pause(r.ctx, r.quiet/10)
			drain(notices)
		case <-timer.C:
		}
		timer.Reset(r.scan(seen, time.Now()))
	}
}

// notices returns what says that a folder may have changed. Without it the
// folders are only looked at now and then.
func (r *Registry) notices() (notices <-chan fsnotify.Event, stop func()) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		r.log.Warn("the system tells of no changes to files; the modules folder is looked at now and then", "every", rescan, "err", err)
		return nil, func() {}
	}
	for _, f := range r.folders {
		if !r.isWatched(f) {
			continue
		}
		if err := w.Add(f.path); err != nil {
			r.log.Warn("the system tells of no changes to the modules folder; it is looked at now and then", "folder", f.Name, "every", rescan, "err", err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range w.Errors { // what was lost is found by looking
		}
	}()
	return w.Events, func() {
		_ = w.Close()
		<-done
	}
}

// drain takes the notices that are there.
func drain(notices <-chan fsnotify.Event) {
	for {
		select {
		case _, ok := <-notices:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
