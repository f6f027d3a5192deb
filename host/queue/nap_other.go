//go:build !linux

package queue

import "time"

// nap waits for less than a millisecond, or for as long as the system's timers take.
func nap(d time.Duration) { time.Sleep(d) }
