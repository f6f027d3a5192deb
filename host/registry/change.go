package registry

import (
	"fmt"
	"slices"
)

// change is what a file holds now; nothing where it is gone.
type change struct {
	file file
	now  *record
}

// take takes in what files hold now in place of what they held before, all at
// once. A version that serves goes on until the new one does.
func (r *Registry) take(changes []change) {
	if len(changes) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = true
	for _, c := range changes {
		repeated := false
		for _, old := range r.of(c.file) {
			old.outdated = c.now == nil || !old.isRepeatedBy(c.now)
			switch {
			case c.now == nil && old.State == Serving:
				r.log.Info("module removed", "file", old.File, "types", old.Types)
				r.drop(old)
			case !old.outdated:
				repeated = true
			case old.State != Serving:
				r.drop(old)
			}
		}
		if c.now != nil && !repeated {
			r.aside = append(r.aside, c.now)
		}
	}
	r.admit()
	r.update()
}

// of returns the records of a file.
func (r *Registry) of(f file) []*record {
	return slices.DeleteFunc(slices.Concat(r.records, r.aside), func(rec *record) bool { return rec.file != f })
}

// admit takes in those that were left aside and have a bearing on the types
// that are wanted, and has them loaded.
func (r *Registry) admit() {
	all := slices.Concat(r.records, r.aside)
	claims := make([]claim, len(all))
	for i, rec := range all {
		claims[i] = rec.claim()
	}
	r.aside = nil
	for i, bears := range bearing(claims, r.wanted) {
		rec := all[i]
		switch {
		case i < len(r.records):
		// A file without a readable manifest might have had one.
		case bears || rec.outcome == failed:
			r.records = append(r.records, rec)
			if rec.outcome == loading {
				r.enqueue(rec)
			}
		default:
			rec.binary, rec.manifest = nil, nil
			r.aside = append(r.aside, rec)
		}
	}
}

// drop forgets a record. Its module is closed after the last job in it.
func (r *Registry) drop(rec *record) {
	is := func(other *record) bool { return other == rec }
	r.records, r.aside = slices.DeleteFunc(r.records, is), slices.DeleteFunc(r.aside, is)
	rec.dropped = true
	if rec.stop != nil {
		rec.stop()
	}
	for _, other := range r.records {
		if other.replacer != rec {
			continue
		}
		if other.replacer = rec.replacer; other.replacer == nil || other.replacer.Name != other.Name {
			other.replacer, other.returning = nil, true
		}
	}
	if rec.module != nil {
		r.leaving[rec] = true
		r.closeUnused(rec)
	}
}

// update applies the rules to what is known, and tells those who wait. The
// caller holds the lock.
//
// Until a file changes, the rules are those of the files in their order. From
// then on whoever serves goes on doing so, and those that were refused are
// looked at again whenever something has become free.
func (r *Registry) update() {
	for again := true; again; {
		if r.live {
			slices.SortStableFunc(r.records, func(a, b *record) int { return a.rank() - b.rank() })
		}
		again = r.decide() && r.live
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// rank puts those that serve before those that come back, and both before
// those that want to serve.
func (r *record) rank() int {
	switch {
	case r.State == Serving:
		return 0
	case r.returning:
		return 1
	}
	return 2
}

// decide applies the rules once, and says whether others serve now than before.
// The caller holds the lock.
func (r *Registry) decide() (moved bool) {
	var running []*record
	var claims []claim
	for _, rec := range r.records {
		if r.live && rec.replacer != nil {
			continue
		}
		c := rec.claim()
		c.serving = r.live && rec.State == Serving
		running, claims = append(running, rec), append(claims, c)
	}
	r.byType, r.open = map[string]*record{}, map[string]bool{}
	for i, v := range resolve(claims) {
		rec := running[i]
		if v.holds == maybe {
			for _, t := range rec.Types {
				r.open[t] = true
			}
		}
		for _, t := range v.types {
			r.byType[t] = rec
		}
		before := rec.State
		if v.state == Refused {
			r.refuse(rec, v, running)
		} else {
			rec.State, rec.Reason = v.state, ""
		}
		moved = moved || (before == Serving) != (rec.State == Serving)
	}
	for _, rec := range running {
		if rec.outdated && rec.State == Refused {
			r.drop(rec) // something has taken its place, and it is in no file any more
		}
	}
	return moved
}

// refuse notes why a file does not serve.
func (r *Registry) refuse(rec *record, v verdict, running []*record) {
	before, reason := rec.State, rec.Reason
	rec.State = Refused
	if rec.quarantined {
		rec.State = Quarantined
	}
	if rec.outcome != failed { // which has its reason
		rival := running[v.rival]
		rec.Reason = "replaced by " + rival.File
		if v.contested == "" {
			rec.replacer, rec.returning = rival, false
		} else {
			rec.Reason = oneLine(fmt.Sprintf("type %q is already served by module %q (%s); two modules cannot serve one type", v.contested, rival.Name, rival.File))
		}
	}
	if !rec.outdated && (before != rec.State || reason != rec.Reason) {
		r.log.Warn("module "+rec.State.String(), "file", rec.File, "reason", rec.Reason)
	}
}
