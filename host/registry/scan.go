package registry

import (
	"context"
	"slices"
	"strings"
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
			rec := f.glance()
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
	var changes []change
	for at, folder := range r.folders {
		if !r.isWatched(folder) {
			continue
		}
		names, err := folder.list()
		if r.report(folder, err); err != nil {
			continue // that says nothing of the files in it
		}
		there := map[file]bool{}
		for _, name := range names {
			f := file{folder, at, name}
			there[f] = true
			if seen[f] == nil {
				seen[f] = &sighting{since: now}
			}
		}
		for _, f := range seen.of(folder) {
			var is stamp
			if there[f] {
				is = f.stamp()
			}
			s := seen[f]
			c, wait := s.follow(f, is, now, r.quiet)
			if next = min(next, wait); c != nil {
				changes = append(changes, *c)
			}
			if s.isGone() {
				delete(seen, f)
			}
		}
	}
	r.take(changes)
	return next
}

// of returns the files of a folder in the order of their names.
func (seen sightings) of(folder *Folder) []file {
	var files []file
	for f := range seen {
		if f.folder == folder {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files
}

// isGone says that the file is not there, and that this is known.
func (s *sighting) isGone() bool { return s.stamp == stamp{} && s.taken == stamp{} }

// follow returns what is in a file that has another stamp now than the one it
// was read with, for long enough, and how long to wait for more.
func (s *sighting) follow(f file, is stamp, now time.Time, quiet time.Duration) (*change, time.Duration) {
	if is != s.stamp {
		s.stamp, s.since = is, now
	}
	if is == s.taken && !s.again {
		return nil, rescan
	}
	if so := now.Sub(s.since); so < quiet {
		return nil, quiet - so
	}
	c := &change{file: f}
	if is != (stamp{}) {
		c.now = f.glance()
		if f.stamp() != is {
			return nil, quiet // somebody writes it again
		}
	}
	s.taken, s.again = is, c.now != nil && c.now.isUnread()
	return c, rescan
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
