//go:build linux || darwin

package linear

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guard is how much at either end of a reservation cannot be touched: the
// kernel then never joins two instances' memories into one mapping, and a
// wrong address of the host's faults. It is a multiple of every page size.
const guard = 64 << 10

const (
	readWrite = unix.PROT_READ | unix.PROT_WRITE
	anonymous = unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_NORESERVE
)

// reserve returns n zero bytes of address space that take no memory before
// they are written, and the mapping that they are in, for release.
func reserve(n int) (mapping, space []byte, err error) {
	whole := (n + guard - 1) / guard * guard
	if mapping, err = unix.Mmap(-1, 0, guard+whole+guard, unix.PROT_NONE, anonymous); err != nil {
		return nil, nil, err
	}
	if err := unix.Mprotect(mapping[guard:guard+whole], readWrite); err != nil {
		_ = release(mapping)
		return nil, nil, err
	}
	return mapping, mapping[guard : guard+n : guard+n], nil
}

func release(mapping []byte) error { return unix.Munmap(mapping) }

// zero makes b, which reserve returned or whole pages of it, zero again, by
// a new mapping in its place: what was not touched need not be read.
func zero(b []byte) error {
	if err := mapOver(b, -1, 0, anonymous); err != nil {
		return fmt.Errorf("map %d bytes anew: %w", len(b), err)
	}
	return nil
}

// mapOver replaces the mapping of b.
func mapOver(b []byte, fd int, offset int64, flags int) error {
	_, err := unix.MmapPtr(fd, offset, unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)), readWrite, flags|unix.MAP_FIXED)
	return err
}
