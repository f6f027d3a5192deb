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
