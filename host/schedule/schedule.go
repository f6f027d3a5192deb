package schedule

import "time"

// MaxNextN is the most ticks that NextN returns.
const MaxNextN = 1000

// Time outside the years that RFC 3339 can write has no ticks.
var (
	earliest = time.Time{}
	latest   = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
)

// Schedule is a Spec made ready by Spec.Compile. It does not change and is safe
// for concurrent use. The zero value has no ticks.
type Schedule struct{ ticks ticker }

// ticker finds the first tick later than a time, both in Unix seconds.
type ticker interface {
	next(after int64) (tick int64, ok bool)
}

// Next is the first tick later than after, in UTC, or the zero time if there is
// none. It depends on the instant alone, not on the location of after.
func (s Schedule) Next(after time.Time) time.Time {
	if s.ticks == nil || !after.Before(latest) {
		return time.Time{}
	}
	if after.Before(earliest) {
		after = earliest
	}
	tick, ok := s.ticks.next(after.Unix())
	if !ok || tick > latest.Unix() {
		return time.Time{}
	}
	return time.Unix(tick, 0).UTC()
}

// NextN is the first n ticks later than after, fewer if the schedule ends, and
// at most MaxNextN.
func (s Schedule) NextN(after time.Time, n int) []time.Time {
	var ticks []time.Time
	for range min(n, MaxNextN) {
		after = s.Next(after)
		if after.IsZero() {
			break
		}
		ticks = append(ticks, after)
	}
	return ticks
}

// at is a single tick, in Unix seconds.
type at int64

func (a at) next(after int64) (int64, bool) { return int64(a), after < int64(a) }

// every is an interval in seconds, at least 1.
type every int64

func (e every) next(after int64) (int64, bool) {
	d := int64(e)
	into := after % d
	if into < 0 { // before 1970
		into += d
	}
	return after - into + d, true
}
