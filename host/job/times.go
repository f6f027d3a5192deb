package job

import (
	"maps"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
)

// Times are how long runs took: for each time, in nanoseconds, how many took
// about so long. The zero value has none.
type Times map[time.Duration]int64

// Count is how many runs there are.
func (t Times) Count() int64 {
	var n int64
	for _, runs := range t {
		n += runs
	}
	return n
}

// Merge adds the runs of other, which may be nil, to t, which may not.
func (t Times) Merge(other Times) {
	for took, runs := range other {
		t[took] += runs
	}
}

// Median is the time within which half of the runs ended; 0 where there are none.
func (t Times) Median() time.Duration {
	left := (t.Count() + 1) / 2
	for _, took := range slices.Sorted(maps.Keys(t)) {
		if left -= t[took]; left <= 0 {
			return took
		}
	}
	return 0
}

const (
	// clockBits is how many binary digits of a time are told apart, the first one
	// left out: with three, a time is rounded by a sixteenth at the most.
	clockBits = 3

	// clockMost is the first time, in binary digits of nanoseconds, that is
	// counted as if it were the one before: 18 minutes.
	clockMost = 40
)

// Clock counts how long runs took, in 2.4 KiB whatever they are. The zero value
// has counted none. It is safe for concurrent use.
type Clock struct {
	runs [(clockMost - clockBits + 1) << clockBits]atomic.Int64
}

// Add counts one run.
func (c *Clock) Add(took time.Duration) { c.runs[clockSlot(took)].Add(1) }

// Times returns what was counted so far.
func (c *Clock) Times() Times {
	t := Times{}
	for slot := range c.runs {
		if n := c.runs[slot].Load(); n > 0 {
			t[clockTime(slot)] += n
		}
	}
	return t
}

// clockSlot is where a time is counted: by how many binary digits it has, and
// then by those after its first one.
func clockSlot(took time.Duration) int {
	ns := uint64(min(max(took, 0), 1<<clockMost-1))
	dropped := max(bits.Len64(ns)-clockBits-1, 0)
	return dropped<<clockBits + int(ns>>dropped)
}

// clockTime is the middle of the times that are counted in a slot.
func clockTime(slot int) time.Duration {
	if slot < 2<<clockBits {
		return time.Duration(slot)
	}
	dropped := slot>>clockBits - 1
	least := uint64(slot-dropped<<clockBits) << dropped
	return time.Duration(least + 1<<dropped/2)
}
