//go:build !henge_portable

package linear

import (
	"fmt"
	"io"
	"unsafe"
)

// pageMap is the process's page map, which each image opens for itself.
type pageMap interface {
	io.ReaderAt
	io.Closer
}

// A page map has an entry of 64 bits for each page of the process's address
// space, see pagemap(5). Where the page lies is hidden from most processes,
// but not these.
const (
	present = 1 << 63
	swapped = 1 << 62
	ofFile  = 1 << 61
)

const entrySize = 8

// isOwned says whether a page of a private mapping is the process's own copy.
// One that is swapped out is not present, and still owned.
func isOwned(entry uint64) bool {
	return entry&(present|swapped) != 0 && entry&ofFile == 0
}

// readEntries fills entries with those of the pages from first on.
func readEntries(m pageMap, entries []uint64, first int64) error {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(entries))), len(entries)*entrySize)
	if _, err := m.ReadAt(raw, first*entrySize); err != nil {
		return fmt.Errorf("read the page map: %w", err)
	}
	return nil
}
