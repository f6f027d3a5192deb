package registry

import (
	"context"
	"time"
)

// sighting is what was seen last of a file, and since when it has been so.
type sighting struct {
	stamp
	since time.Time

	// taken is the stamp with which the file was read last, and again says that
	// it could not be, so that it is worth another try.
	taken stamp
	again bool
}

// sightings are one for each file of the folders on disk. They are the
// watcher's alone.
type sightings map[file]*sighting

// readAll reads the modules that there are when the registry is opened.
func (r *Registry) readAll(ctx context.Context) (sightings, error) {
	seen := sightings{}
	for at, folder := range r.folders {
		names, err := folder.list()
		if err != nil {
			return nil, err
		}
		if r.isWatched(folder) {
			r.letSettle(ctx, folder, at, names)
		}
		for _, name := range names {
			f := file{folder, at, name}
			stamp := f.stamp()
			rec := f.record()
			r.aside = append(r.aside, rec)
			if r.isWatched(folder) {
				seen[f] = &sighting{stamp: stamp, taken: stamp, again: rec.isUnread()}
			}
		}
	}
	return seen, nil
}

func (r *Registry) isWatched(f *Folder) bool { return r.watches && f.path != "" }

// letSettle waits once if some file was written just now: it may not be whole.
func (r *Registry) letSettle(ctx context.Context, folder *Folder, at int, names []string) {
	for _, name := range names {
		written := time.Unix(0, file{folder, at, name}.stamp().module.modified)
		if age := time.Since(written); age >= 0 && age < r.quiet {
			pause(ctx, r.quiet-age)
			return
		}
	}
}

// scan looks at all watched folders, takes in the files that have changed and
// were left alone since, and returns how long until the next one may have been.
func (r *Registry) scan(seen sightings, now time.Time) (next time.Duration) {
	next = rescan
	for at, folder := range r.folders {
		if !r.isWatched(folder) {
			continue
		}
		names, err := folder.list()
		if r.report(folder, err); err != nil {
			continue // that says nothing of the files in it
		}
		there := map[string]bool{}
		for _, name := range names {
			there[name] = true
			f := file{folder, at, name}
			if seen[f] == nil {
				seen[f] = &sighting{since: now}
			}
		}
		for f, s := range seen {
			if f.folder != folder {
				continue
			}
			var stamp stamp
			if there[f.name] {
				stamp = f.stamp()
			}
			next = min(next, r.follow(f, s, stamp, now))
			if s.isGone() {
				delete(seen, f)
			}
		}
	}
	return next
}

// isGone says that the file is not there, and that this is known.
func (s *sighting) isGone() bool { return s.stamp == stamp{} && s.taken == stamp{} }

// follow takes in a file if it has another stamp than the one it was read with,
// for long enough, and otherwise returns how long to wait for that.
func (r *Registry) follow(f file, s *sighting, now stamp, at time.Time) time.Duration {
	if now != s.stamp {
		s.stamp, s.since = now, at
	}
	if now == s.taken && !s.again {
		return rescan
	}
	if quiet := at.Sub(s.since); quiet < r.quiet {
		return r.quiet - quiet
	}
	if now == (stamp{}) {
		s.taken, s.again = now, false
		r.remove(f)
		return rescan
	}
	rec := f.record()
	if f.stamp() != now {
		return r.quiet // somebody writes it again
	}
	s.taken, s.again = now, rec.isUnread()
	r.arrive(rec)
	return rescan
}

// report logs when a folder cannot be listed any more, and when it can again.
func (r *Registry) report(f *Folder, err error) {
	switch {
	case err != nil && !f.away:
		r.log.Error("the modules folder cannot be read; what was served goes on", "folder", f.Name, "err", err)
	case err == nil && f.away:
		r.log.Info("the modules folder can be read again", "folder", f.Name)
	}
	f.away = err != nil
}
