// Package linear holds the linear memory of WebAssembly instances, which after
// a job is put back to a snapshot, to the byte. It knows nothing of the
// runtime and of jobs, and imports no other room.
//
// Probe finds by trying which ways of putting back the system has. An Image is
// a snapshot that many instances start from; a Memory is what one instance
// sees. A job is enclosed by Begin and End, and Reset follows it.
package linear

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// WasmPage is the unit in which linear memory grows, in bytes.
const WasmPage = 64 << 10

// ErrGrown is returned by Reset for a memory that has grown. A runtime cannot
// make it small again, so its instance is to be closed.
var ErrGrown = errors.New("the memory has grown, which cannot be undone: close its instance")

// Memory is the linear memory of one instance. It has the methods that wazero
// asks of an experimental.LinearMemory.
//
// Address space for all that it may become is reserved at once, so that
// growing never copies, and a page costs nothing before it is written.
//
// A Memory is not safe for concurrent use. Between Begin and End nobody but
// the goroutine that called Begin may write it, and between End and the next
// Begin nobody at all: a write of another thread could go unnoticed and be
// seen by the next job. Reading is always allowed.
type Memory struct {
	limit int64
	size  int64
	peak  int64

	// refused says that more than the limit was asked for.
	refused bool

	// mapping is space with a guard at either end.
	mapping []byte
	space   []byte

	// image is nil where there is nothing to put back to.
	image *Image
	back  restorer

	count   counter
	begun   usage
	running bool

	// counted says that begun is known, and quiet that the thread took no
	// page fault between Begin and End. Both are false when in doubt.
	counted bool
	quiet   bool

	// earlier is what the thread used, or the threads, before the last Yield.
	earlier usage
}

// restorer puts one memory back to its image.
type restorer interface {
	// restore makes the memory equal to the image. quiet says that since the
	// last time no page was written for the first time.
	restore(quiet bool) error

	// private is how many bytes the instance has of its own.
	private() int64
}

// NewMemory returns a memory of zeros that begins empty and may grow to limit
// bytes. It cannot be reset. Close it when nothing can touch it any more.
func NewMemory(limit int64) (*Memory, error) {
	m := &Memory{limit: limit, count: threadUsage}
	if limit < 0 || int64(int(limit)) != limit {
		return nil, fmt.Errorf("a memory of %d bytes cannot be addressed; lower the memory limit", limit)
	}
	if limit == 0 {
		return m, nil
	}
	var err error
	if m.mapping, m.space, err = reserve(int(limit)); err != nil {
		return nil, fmt.Errorf("reserve %d bytes of address space: %w", limit, err)
	}
	return m, nil
}

// Reallocate returns the memory with size bytes, at the address it always
// had. It returns nil where that is more than the limit: memory.grow then
// answers -1.
//
// A memory with an image is never smaller than its snapshot, so that a new
// instance of a runtime has the snapshot's size without growing.
func (m *Memory) Reallocate(size uint64) []byte {
	if size > uint64(m.limit) {
		m.refused = true
		return nil
	}
	m.size = int64(size)
	if m.image != nil {
		m.size = max(m.size, m.image.Size())
	}
	m.peak = max(m.peak, m.size)
	// The capacity is cut as well: what is beyond is not the guest's.
	return m.space[:m.size:m.size]
}

// Free does nothing: a runtime frees an instance that exits while host
// functions are still on its stack, and forgets one that it closed at a
// deadline. Close gives the memory back.
func (m *Memory) Free() {}

// Begin is called before a job, and the job's goroutine is the one that calls
// it. It locks the goroutine to its thread until End, since the kernel counts
// page faults by thread.
func (m *Memory) Begin() {
	if !m.running {
		runtime.LockOSThread()
		m.running = true
	}
	m.refused, m.earlier = false, usage{}
	m.begun, m.counted = m.count()
}

// Yield lets other goroutines, and other threads, run in the middle of a job, on
// the goroutine that called Begin. It may go on on another thread: that of a
// goroutine which stays locked would have to be woken, which takes ten times as
// long.
func (m *Memory) Yield() {
	if !m.running {
		runtime.Gosched()
		return
	}
	giveWay()
	now, known := m.count()
	m.earlier.faults += now.faults - m.begun.faults
	m.earlier.cpu += now.cpu - m.begun.cpu
	runtime.UnlockOSThread()
	runtime.Gosched()
	runtime.LockOSThread()
	begun, again := m.count()
	m.begun, m.counted = begun, m.counted && known && again
}

// End is called after the job, on the goroutine that called Begin. It returns
// the processor time that the thread has used in between, where it is known.
// The kernel brings it up to date when it looks at the thread, some hundred
// times a second: it is good for sums and says little of one short job.
func (m *Memory) End() (cpu time.Duration, known bool) {
	if !m.running {
		return 0, false
	}
	now, ok := m.count()
	known = ok && m.counted
	if known {
		m.quiet = now.faults == m.begun.faults && m.earlier.faults == 0
		cpu = now.cpu - m.begun.cpu + m.earlier.cpu
	}
	m.running = false
	runtime.UnlockOSThread()
	return cpu, known
}

// Reset makes every byte, and the size, what they are in the snapshot. It may
// run on any goroutine. After an error, ErrGrown among them, the contents are
// unspecified and the instance is to be closed.
//
// Where a job was not enclosed by Begin and End, as while an instance is made,
// Reset is as exact and takes longer.
func (m *Memory) Reset() error {
	if m.image == nil {
		return errNoImage
	}
	if m.size > m.image.Size() {
		return ErrGrown
	}
	quiet := m.quiet
	m.quiet = false
	if err := m.back.restore(quiet); err != nil {
		return fmt.Errorf("put the memory back: %w", err)
	}
	return nil
}

var errNoImage = errors.New("the memory has no snapshot; make it with Image.NewMemory")

// Verify compares all of the memory with the snapshot and returns an error
// that names the first byte that differs. It reads every page, which takes
// about a millisecond for 10 MiB, and leaves the memory as it is.
func (m *Memory) Verify() error {
	if m.image == nil {
		return errNoImage
	}
	if size := m.image.Size(); m.size > size {
		return fmt.Errorf("the memory has %d bytes, and the snapshot %d", m.size, size)
	}
	for at, data := range m.image.parts() {
		got := m.space[at : at+WasmPage]
		if data == nil && isZero(got) || data != nil && bytes.Equal(got, data) {
			continue
		}
		for i, b := range got {
			var want byte
			if data != nil {
				want = data[i]
			}
			if b != want {
				return fmt.Errorf("byte %d is %#02x, and %#02x in the snapshot", at+i, b, want)
			}
		}
	}
	return nil
}

// Peak is the largest size so far, in bytes.
func (m *Memory) Peak() int64 { return m.peak }

// Refused says whether more than the limit was asked for since Begin. A trap
// after that is the end of a program that ran out of memory.
func (m *Memory) Refused() bool { return m.refused }

// Private is how many bytes the instance holds of its own, and does not share
// with others of the same image, as of the last Reset. Where it is not known
// it is the most that it can be.
func (m *Memory) Private() int64 {
	if m.image == nil {
		return m.peak
	}
	return m.back.private() + m.size - min(m.size, m.image.Size())
}

// Close gives the memory back. No instance may use it any more.
func (m *Memory) Close() error {
	if m.image != nil {
		m.image.alive.Add(-1)
		m.image = nil
	}
	mapping := m.mapping
	m.mapping, m.space, m.limit, m.size = nil, nil, 0, 0
	if mapping == nil {
		return nil
	}
	if err := release(mapping); err != nil {
		return fmt.Errorf("give back %d bytes of address space: %w", len(mapping), err)
	}
	return nil
}
