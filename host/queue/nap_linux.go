package queue

import (
	"syscall"
	"time"
)

// nap waits for less than a millisecond. A timer of Go's in a process that does
// nothing else ends at a whole millisecond, since it waits for files meanwhile.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // a signal ends it early, which does no harm
}
