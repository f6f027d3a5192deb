package linear

import "time"

// usage is what a thread has used since it began.
type usage struct {
	// faults counts page faults, those that the disk had to be read for and
	// those that it had not.
	faults int64

	// cpu is time on a processor, in user mode and in the kernel.
	cpu time.Duration
}

// counter returns what the calling thread has used, and false where the system
// does not say. It does not allocate.
type counter func() (usage, bool)
