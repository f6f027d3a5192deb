package queue

import (
	"slices"
	"sync"
)

const (
	// mostLists is how many lists one claim looks at.
	mostLists = 64
	// spareLists is how many more lists than jobs that are wanted are looked
	// at, since some may be found empty.
	spareLists = 8
	// coldLists is how many of the lists that are believed to be empty are
	// looked at while there are others: nothing says for sure that they are.
	coldLists = 1
)

// board knows the lists that a worker serves and which of them are believed to
// hold something: those that a wake-up named, a claim left jobs in, or a sweep
// found. A claim looks at these, in turn, so it costs the same however many
// others there are. It is safe for concurrent use.
type board struct {
	mu    sync.Mutex
	known map[string]*entry // by name
	order []*entry          // all, in the order in which they became known
	hot   []*entry          // those believed to hold something, in turn
	cold  int               // where the next look at the others begins
	marks uint64            // counts what was said to be hot
	want  Wanted            // the named lists are those for this
	named bool              // want holds
}

// entry is a list on the board.
type entry struct {
	list
	hot    bool
	marked uint64 // the board's count when it was last said to be hot
	named  bool   // known from what is wanted, not found by looking
}

// serve makes known the lists that are served for w, and forgets those that
// were only for another one.
func (b *board) serve(w Wanted, lists func(Wanted) ([]list, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.named && b.want.equal(w) {
		return nil
	}
	named, err := lists(w)
	if err != nil {
		return err
	}
	found := make(map[string]*entry, len(named))
	order := make([]*entry, 0, len(named))
	for _, l := range named {
		e := b.known[l.name]
		if e == nil {
			e = &entry{}
		}
		e.list, e.named = l, true
		found[l.name] = e
		order = append(order, e)
	}
	for _, e := range b.order {
		if !e.named {
			found[e.name] = e
			order = append(order, e)
		}
	}
	b.hot = slices.DeleteFunc(b.hot, func(e *entry) bool { return found[e.name] != e })
	b.known, b.order, b.want, b.named = found, order, w.clone(), true
	return nil
}

// wanted returns what the lists are for; false when nobody has said it yet.
func (b *board) wanted() (Wanted, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.want, b.named
}

// mark says that a list may hold something, be it known or new.
func (b *board) mark(l list) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.known[l.name]
	if e == nil {
		e = &entry{list: l}
		if b.known == nil {
			b.known = map[string]*entry{}
		}
		b.known[l.name] = e
		b.order = append(b.order, e)
	}
	b.heat(e)
}

func (b *board) knows(l list) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[l.name] != nil
}

func (b *board) heat(e *entry) {
	b.marks++
	e.marked = b.marks
	if !e.hot {
		e.hot = true
		b.hot = append(b.hot, e)
	}
}

// look is what one claim looks at.
type look struct {
	lists []list
	at    uint64 // the board's count before it
	more  bool   // there are others that are believed to hold something
}

// pick returns the lists to look at for n jobs, those of lower tiers first.
func (b *board) pick(n int) look {
	b.mu.Lock()
	defer b.mu.Unlock()
	hot := min(len(b.hot), n+spareLists, mostLists)
	picked := slices.Clone(b.hot[:hot])
	// Whoever is looked at now has had its turn.
	b.hot = append(b.hot[hot:], picked...)
	others := coldLists
	if hot == 0 {
		others = mostLists
	}
	for range b.order {
		if others == 0 || len(picked) == mostLists {
			break
		}
		b.cold = (b.cold + 1) % len(b.order)
		if e := b.order[b.cold]; !e.hot {
			picked = append(picked, e)
			others--
		}
	}
	slices.SortStableFunc(picked, func(x, y *entry) int { return x.tier - y.tier })
	found := look{at: b.marks, lists: make([]list, len(picked)), more: hot < len(b.hot)}
	for i, e := range picked {
		found.lists[i] = e.list
	}
	return found
}

// looked says what a claim saw: left are the positions in its lists of those
// that may hold more. What was marked since keeps its mark.
func (b *board) looked(l look, left []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	more := make([]bool, len(l.lists))
	for _, i := range left {
		more[i] = true
	}
	cooled := false
	for i, one := range l.lists {
		e := b.known[one.name]
		switch {
		case e == nil:
		case more[i]:
			b.heat(e)
		case e.hot && e.marked <= l.at:
			e.hot, cooled = false, true
		}
	}
	if cooled {
		b.hot = slices.DeleteFunc(b.hot, func(e *entry) bool { return !e.hot })
	}
}

// slice returns up to n known lists from position at, and where the next slice
// begins; 0 at the end.
func (b *board) slice(at, n int) ([]list, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	to := min(at+n, len(b.order))
	var lists []list
	for _, e := range b.order[min(at, to):to] {
		lists = append(lists, e.list)
	}
	if to == len(b.order) {
		to = 0
	}
	return lists, to
}

// all returns every known list.
func (b *board) all() []list {
	lists, _ := b.slice(0, b.len())
	return lists
}

func (b *board) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.order)
}
