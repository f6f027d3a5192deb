//go:build unix

package sandbox

import "golang.org/x/sys/unix"

// reserve returns n zero bytes of address space that take no memory before
// they are written.
func reserve(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}

// release gives back what reserve returned; it cannot fail for such a range.
func release(b []byte) { _ = unix.Munmap(b) }
