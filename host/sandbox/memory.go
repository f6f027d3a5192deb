package sandbox

import (
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
)

// wasmPage is the unit in which linear memory grows, in bytes.
const wasmPage = 65536

// memory is an instance's linear memory: address space for all that it may
// become is reserved at once, so that growing never copies, and a page costs
// nothing until it is written.
type memory struct {
	limit int64

	// peak is the largest size so far.
	peak int64

	// refused says that the guest asked for more than its limit. A trap
	// after that is the end of a program that ran out of memory.
	refused bool

	space []byte
}

var (
	_ experimental.MemoryAllocator = (*memory)(nil)
	_ experimental.LinearMemory    = (*memory)(nil)
)

// prepare reserves the address space. It comes before the runtime asks for
// it, since the runtime takes no error.
func (m *memory) prepare() error {
	if m.limit == 0 {
		return nil
	}
	var err error
	if m.space, err = reserve(int(m.limit)); err != nil {
		return fmt.Errorf("reserve %d bytes of address space: %w", m.limit, err)
	}
	return nil
}

// Allocate implements experimental.MemoryAllocator.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory; nil makes memory.grow
// answer -1.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.space)) {
		m.refused = true
		return nil
	}
	m.peak = max(m.peak, int64(size))
	// The capacity is cut as well: what is beyond is not the guest's.
	return m.space[:size:size]
}

// Free implements experimental.LinearMemory and does nothing: the runtime
// frees an instance that exits while host functions are still on its stack,
// and forgets one that it closed at the deadline. The run gives the memory
// back when nothing can touch it any more.
func (m *memory) Free() {}

// close gives the address space back.
func (m *memory) close() {
	if m.space != nil {
		release(m.space)
		m.space = nil
	}
}
