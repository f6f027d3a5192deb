package linear

import (
	"fmt"
	"strings"
)

// Way is how memory is put back. All ways are exact and differ in what they
// cost and in what they need from the system. The zero value is Auto.
type Way int

const (
	// Auto is the cheapest way that the system offers.
	Auto Way = iota

	// Faults maps the snapshot privately, copies back the pages that the
	// instance has written ever before, and looks for others only if the job's
	// thread took a page fault. Linux with a count of faults by thread and
	// /proc/self/pagemap; about a microsecond.
	Faults

	// Pagemap is Faults without the count: it looks after every job. Some ten
	// microseconds.
	Pagemap

	// Drop maps the snapshot privately and drops all that was written, so
	// that each job faults anew. Linux; tens of microseconds.
	Drop

	// Copy compares the memory with the snapshot and copies what differs. It
	// works everywhere, and takes as long as it takes to read the memory.
	Copy
)

// Ways returns all ways but Auto, the cheapest first.
func Ways() []Way { return []Way{Faults, Pagemap, Drop, Copy} }

// String returns the name that ParseWay takes.
func (w Way) String() string {
	switch w {
	case Auto:
		return "auto"
	case Faults:
		return "faults"
	case Pagemap:
		return "pagemap"
	case Drop:
		return "drop"
	case Copy:
		return "copy"
	}
	return fmt.Sprintf("Way(%d)", int(w))
}

// ParseWay returns the way of that name.
func ParseWay(name string) (Way, error) {
	names := []string{Auto.String()}
	for _, w := range append([]Way{Auto}, Ways()...) {
		if w.String() == name {
			return w, nil
		}
		if w != Auto {
			names = append(names, w.String())
		}
	}
	return Auto, fmt.Errorf("%q is no way to reset memory; the ways are %s", name, strings.Join(names, ", "))
}
