//go:build !henge_portable

package linear

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadUsage implements counter.
func threadUsage() (usage, bool) {
	var ru unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &ru) != nil {
		return usage{}, false
	}
	return usage{
		faults: int64(ru.Minflt) + int64(ru.Majflt),
		cpu:    time.Duration(ru.Utime.Nano() + ru.Stime.Nano()),
	}, true
}

// giveWay has the kernel run other threads first that wait for this processor.
// By itself it lets a thread that never waits have some milliseconds, and while
// the collector of garbage waits for one, everything waits.
func giveWay() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
