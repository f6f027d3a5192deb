//go:build !henge_portable

package linear

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// kernel is what the ways ask of the operating system by name.
type kernel struct {
	count   counter
	pagemap func() (pageMap, error)
}

// Probe finds by trying which ways of putting memory back work here, in a few
// milliseconds. What a kernel's version promises is not asked: one in user
// space, or a sandbox around this process, may differ from any.
func Probe() *System {
	return probe(kernel{count: threadUsage, pagemap: openPageMap})
}

func openPageMap() (pageMap, error) {
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil, err // not a nil file, which would be a page map
	}
	return f, nil
}

func probe(k kernel) *System {
	s := &System{kernel: k, unfit: map[Way]error{}}
	for _, w := range Ways() {
		if err := try(k, w); err != nil {
			s.unfit[w] = err
		}
	}
	return s
}

// try puts small memories back that way, after each kind of write that there
// is. All is done as it is done for jobs, so that no other code need be right.
func try(k kernel, w Way) (err error) {
	// Data, two pages of zeros, data: as a stack between globals and a heap.
	snapshot := make([]byte, 4*WasmPage)
	for i := range WasmPage {
		snapshot[i], snapshot[3*WasmPage+i] = byte(i*7), byte(i*5)
	}
	im, err := newImage(k, w, snapshot, int64(len(snapshot)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, im.Close()) }()

	const hole, last = 2 * WasmPage, 4*WasmPage - 1
	for _, job := range []struct {
		name string
		do   func(mem []byte)
	}{
		{"nothing", func([]byte) {}},
		{"a write to the first page", func(mem []byte) { mem[0]++ }},
		{"a write to the last byte", func(mem []byte) { mem[last]++ }},
		{"a write to a zero page", func(mem []byte) { mem[hole]++ }},
		{"a write to a zero page that was read", func(mem []byte) { mem[hole] += mem[hole+1] + 1 }},
		{"a write of the kernel's", func(mem []byte) { _, _ = unix.Getrandom(mem[:64], 0) }},
		{"a write to every page", func(mem []byte) {
			for at := 0; at < len(mem); at += comparePage {
				mem[at]++
			}
		}},
	} {
		if err := rehearse(im, job.do); err != nil {
			return fmt.Errorf("after %s: %w", job.name, err)
		}
	}
	if w == Faults || w == Pagemap {
		return worthwhile(im)
	}
	return nil
}

// rehearse does the job twice in one memory, and demands the snapshot
// after each. The first time writes pages that are shared, the second writes
// pages that are the instance's own.
func rehearse(im *Image, job func(mem []byte)) (err error) {
	m, err := im.NewMemory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	mem := m.Reallocate(uint64(im.Size()))
	for range 2 {
		m.Begin()
		job(mem)
		m.End()
		if err := m.Reset(); err != nil {
			return err
		}
		if err := m.Verify(); err != nil {
			return err
		}
	}
	return nil
}

// worthwhile tells a kernel whose answers are of use from one that takes every
// page for written, or counts no faults by thread: with that the way would be
// exact, but no better than the next.
func worthwhile(im *Image) (err error) {
	m, err := im.NewMemory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	mem := m.Reallocate(uint64(im.Size()))
	quiet := false
	// A fault may happen by chance; not in all of so many jobs.
	for range 20 {
		m.Begin()
		mem[0]++
		m.End()
		quiet = quiet || m.quiet
		if err := m.Reset(); err != nil {
			return err
		}
	}
	if n := m.Private(); n >= im.Size() {
		return fmt.Errorf("the page map takes all %d bytes for written after a write to one", n)
	}
	if im.way == Faults && !quiet {
		return errors.New("page faults are not counted by thread")
	}
	return nil
}
