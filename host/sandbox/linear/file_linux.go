//go:build !henge_portable

package linear

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// file is a snapshot in memory that the kernel knows as a file. Each memory
// maps it privately: all share its pages until they write them.
//
// Zero runs are holes in it. An anonymous mapping would do for them too, but
// there a page that was only read cannot be told from one that was written,
// and the kernel may join its pages into a huge one behind our back.
type file struct {
	memory *os.File
	// pagemap is nil where the way has no use for it.
	pagemap pageMap

	// view is the file, mapped for reading.
	view []byte
	runs []span
	way  Way
}

func newFile(k kernel, way Way, snapshot []byte, runs []span) (f *file, err error) {
	f = &file{runs: runs, way: way}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	if f.memory, err = memfd(); err != nil {
		return f, err
	}
	if err := f.memory.Truncate(int64(len(snapshot))); err != nil {
		return f, err
	}
	for _, r := range runs {
		if _, err := f.memory.WriteAt(r.of(snapshot), int64(r.from)); err != nil {
			return f, err
		}
	}
	// Sealed, not even this process can change it by mistake. A kernel that
	// cannot seal serves as well.
	const all = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	_, _ = unix.FcntlInt(f.memory.Fd(), unix.F_ADD_SEALS, all)

	if f.view, err = unix.Mmap(int(f.memory.Fd()), 0, len(snapshot), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return f, fmt.Errorf("map it for reading: %w", err)
	}
	if way == Faults || way == Pagemap {
		if f.pagemap, err = k.pagemap(); err != nil {
			return f, err
		}
	}
	return f, nil
}

// memfd returns a new file without a name.
func memfd() (*os.File, error) {
	const name, flags = "linear memory", unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	// A system may insist that such files cannot be executed, and a kernel
	// older than 6.3 does not know that one can say so.
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// lay implements source.
func (f *file) lay(space []byte) (restorer, error) {
	if err := mapOver(space, int(f.memory.Fd()), 0, unix.MAP_PRIVATE|unix.MAP_NORESERVE); err != nil {
		return nil, fmt.Errorf("map it: %w", err)
	}
	// A fault should give one page and no more. A kernel without huge pages
	// answers that it does not know the advice.
	if err := unix.Madvise(space, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL {
		return nil, fmt.Errorf("ask for small pages: %w", err)
	}
	if f.way == Drop {
		return &dropped{space}, nil
	}
	return &owned{file: f, space: space}, nil
}

func (f *file) close() error {
	var errs []error
	if f.view != nil {
		errs = append(errs, unix.Munmap(f.view))
	}
	if f.memory != nil {
		errs = append(errs, f.memory.Close())
	}
	if f.pagemap != nil {
		errs = append(errs, f.pagemap.Close())
	}
	return errors.Join(errs...)
}

// dropped is a memory that is put back by Drop.
type dropped struct{ space []byte }

// restore implements restorer. A job that takes no fault after all was dropped
// has not even used its stack, so there is nothing to gain from quiet.
func (d *dropped) restore(bool) error { return drop(d.space) }

func (d *dropped) private() int64 { return 0 }

// drop gives back the private copies of b's pages: it is the file's again.
func drop(b []byte) error {
	if err := unix.Madvise(b, unix.MADV_DONTNEED); err != nil {
		return fmt.Errorf("drop %d bytes: %w", len(b), err)
	}
	return nil
}
