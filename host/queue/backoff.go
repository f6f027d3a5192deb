package queue

import (
	"encoding/json"
	"math"
	"strings"
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

// backoffText is a Backoff as producers write it, a JSON object.
type backoffText struct {
	Growth  Growth `json:"growth,omitempty"`
	FirstMS int64  `json:"first_ms,omitempty"`
	MostMS  int64  `json:"most_ms,omitempty"`
	Jitter  *bool  `json:"jitter,omitempty"`
}

// or returns the job's own backoff, or the worker's where it has none.
func (b *Backoff) or(other Backoff) Backoff {
	if b == nil {
		return other
	}
	return *b
}

// encode returns the field of a job, nothing for the zero value.
func (b Backoff) encode() string {
	if b == (Backoff{}) {
		return ""
	}
	t := backoffText{Growth: b.Growth, FirstMS: b.First.Milliseconds(), MostMS: b.Most.Milliseconds()}
	if b.NoJitter {
		t.Jitter = new(bool)
	}
	text, _ := json.Marshal(t) // nothing in it can fail
	return string(text)
}

// readBackoff takes the delays that the producer wants between attempts.
func (c *Claim) readBackoff(field, s string) {
	if s == "" {
		return
	}
	var t backoffText
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	err := d.Decode(&t)
	switch {
	case err != nil || d.More():
		c.refuse(`%s %s cannot be read: write e.g. {"growth":"linear","first_ms":1000,"most_ms":60000,"jitter":false}`, field, quoteShort(s))
	case t.Growth != "" && t.Growth != Constant && t.Growth != Linear && t.Growth != Exponential:
		c.refuse("%s: growth %s is not %s, %s or %s", field, quoteShort(string(t.Growth)), Constant, Linear, Exponential)
	case t.FirstMS < 0 || t.MostMS < 0 || t.FirstMS > longestWall || t.MostMS > longestWall:
		c.refuse("%s: first_ms and most_ms are milliseconds, from 0", field)
	default:
		c.backoff = &Backoff{
			Growth:   t.Growth,
			First:    time.Duration(t.FirstMS) * time.Millisecond,
			Most:     time.Duration(t.MostMS) * time.Millisecond,
			NoJitter: t.Jitter != nil && !*t.Jitter,
		}
	}
}
