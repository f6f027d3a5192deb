package queue

import (
	"math"
	"time"
)

// Growth is how the delay before a retry grows from one failure to the next.
type Growth string

// The growths. The zero value of a Growth is Exponential.
const (
	Constant    Growth = "constant"
	Linear      Growth = "linear"
	Exponential Growth = "exponential"
)

// Backoff is the delay before another attempt at a job that failed.
type Backoff struct {
	// Growth is Exponential (doubling) by default.
	Growth Growth
	// First is the delay after the first failure; default 1 s.
	First time.Duration
	// Most is the longest delay; default 60 s.
	Most time.Duration
	// NoJitter takes the delay as it is. Otherwise it is between a half and
	// the whole of it, so that jobs that failed together come back apart.
	NoJitter bool
}

// Delay returns how long to wait after the given number of failures, from 1.
// random is a number in [0, 1).
func (b Backoff) Delay(failures int, random float64) time.Duration {
	orDefault(&b.First, time.Second)
	orDefault(&b.Most, 60*time.Second)
	failures = max(failures, 1)
	d := float64(b.First)
	switch b.Growth {
	case Constant:
	case Linear:
		d *= float64(failures)
	default:
		d *= math.Pow(2, float64(min(failures-1, 62)))
	}
	d = min(d, float64(b.Most))
	if !b.NoJitter {
		d = d/2 + d/2*random
	}
	return time.Duration(d)
}
