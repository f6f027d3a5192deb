package goengine

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapRoom is the free memory that jobs start with, in bytes: an ordinary
	// one then does not grow memory, after which an instance is not used again.
	heapRoom = 16 << 20

	// heapLimit is where the collector begins to run as often as it takes, in
	// bytes: the heap may otherwise become far larger than what the script
	// still uses, and the instance has 64 MiB.
	heapLimit = 56 << 20

	// heapGrowth is how much the heap may grow until the collector runs, in
	// percent. The runtime begins with 4 MiB for each 100, so it runs when three
	// quarters of the room are used.
	heapGrowth = 300

	// rehearsals is how often a script is run so that everything is warm.
	rehearsals = 8
)

// Prepare makes an instance ready for the snapshot: it leaves memory free, and
// then has rehearse run what nearly every job does, so that what comes into
// being at first use is there, the allocator's own lists among it. Those are
// emptied when the collector runs, so it may not come after.
func Prepare(rehearse func()) {
	debug.SetMemoryLimit(heapLimit)
	debug.SetGCPercent(heapGrowth)
	rehearse()
	visitSizes()
	freeHeap(heapRoom)
	for range rehearsals {
		rehearse()
	}
}

// visitSizes allocates objects of all sizes, with pointers and without, and frees
// half of them, twice. The runtime keeps lists for each size, which take memory
// when they are first needed: of spans that are full, and that are so in part,
// in turn of one collection and of the next.
func visitSizes() {
	for range 2 {
		var kept []any
		for size := 8; size <= 32<<10; size += max(8, size/8) {
			for n := range max(2, 9<<10/size) {
				plain, pointers := make([]byte, size), make([]*byte, size/8)
				if n%2 == 0 {
					kept = append(kept, plain, pointers)
				}
			}
		}
		runtime.GC()
		runtime.KeepAlive(kept)
	}
}

// freeHeap makes the heap grow by n bytes and frees them again. It takes them
// in small pieces, so that the runtime's own records of so many are there as
// well. The pieces are not written, so they cost nothing until a job uses them.
func freeHeap(n int) {
	const piece = 8 << 10
	pieces := make([][]byte, 0, n/piece)
	for range n / piece {
		pieces = append(pieces, make([]byte, piece))
	}
	runtime.KeepAlive(pieces)
	runtime.GC()
}
