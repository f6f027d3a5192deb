//go:build !henge_portable

package linear

import (
	"fmt"
	"os"
	"unsafe"
)

// owned is a memory that is put back by Faults or by Pagemap.
//
// A page of a private mapping cannot be written before its first write, which
// is a fault: the kernel makes a copy that is the instance's own and counts
// the fault. From then on it can be written unnoticed, so it is copied back
// after every job. All other pages are as in the file as long as no fault was
// counted; if one was, the page map says which pages are owned by now.
//
// The file's pages are not mapped in advance, though a first read is a fault
// too and leads to a look at the page map for nothing: the kernel maps its
// neighbours along, so that this ends soon, and a look takes time by the page
// that is mapped.
type owned struct {
	*file
	space []byte

	// spans are the owned pages, ascending and apart; pages is how many they
	// are.
	spans []span
	pages int

	// late counts the resets since there were more than keepPages.
	late int

	entries [1024]uint64
}

// An owned page costs a copy for each job, some 0.1 µs, and its memory. To
// give it back, and have it fault once more, costs about 25 times that. So
// few pages are kept for good; more of them for a while, since a job that
// needed them is often followed by its like; and very many not at all.
const (
	keepPages = 96
	mostPages = 512
	lateMost  = 16
)

// restore implements restorer.
func (o *owned) restore(quiet bool) error {
	if !quiet || o.way == Pagemap {
		if err := o.look(); err != nil {
			return fmt.Errorf("look for written pages: %w", err)
		}
	}
	if o.tooMany() {
		o.spans, o.pages, o.late = o.spans[:0], 0, 0
		return drop(o.space)
	}
	for _, s := range o.spans {
		copy(s.of(o.space), s.of(o.view))
	}
	return nil
}

func (o *owned) private() int64 { return int64(o.pages * os.Getpagesize()) }

// tooMany is asked once for each reset.
func (o *owned) tooMany() bool {
	if o.pages <= keepPages {
		o.late = 0
		return false
	}
	o.late++
	return o.pages > mostPages || o.late > lateMost
}

// look finds the owned pages. It stops when there are too many: then they are
// all dropped, listed or not.
func (o *owned) look() error {
	page := os.Getpagesize()
	first := int64(uintptr(unsafe.Pointer(unsafe.SliceData(o.space)))) / int64(page)
	o.spans, o.pages = o.spans[:0], 0
	for at, end := 0, len(o.space)/page; at < end && o.pages <= mostPages; {
		entries := o.entries[:min(len(o.entries), end-at)]
		if err := readEntries(o.pagemap, entries, first+int64(at)); err != nil {
			return err
		}
		for i, e := range entries {
			if isOwned(e) {
				o.add((at+i)*page, page)
			}
		}
		at += len(entries)
	}
	return nil
}

// add takes a page into spans; it comes after all that are there.
func (o *owned) add(at, page int) {
	o.pages++
	if n := len(o.spans); n > 0 && o.spans[n-1].to == at {
		o.spans[n-1].to += page
		return
	}
	o.spans = append(o.spans, span{at, at + page})
}
