package schedule

import "time"

const (
	// Grace is how late a tick may run under the policy Skip: a minute lets a
	// worker restart, and an hourly job is still that hour's.
	Grace = time.Minute
	// MaxRuns is the most runs that one call of Plan gives.
	MaxRuns = 100
)

// Plan says which ticks to run now, and which tick to wait for then. scheduled
// is the tick waited for until now: the next of the last call, or at first
// Next of the time at which the schedule was made. It counts as a tick even if
// the schedule has been changed since.
//
// A tick is missed if the tick after it is due too, or if it is older than
// Grace. Under Skip the latest due tick runs unless it is missed; under Once
// the latest runs, however old; under All each of them does, oldest first, at
// most MaxRuns in one call. If next is not later than now, there is more to run:
// call again with it. runs are ticks, in UTC, so they can name a run. If next is
// the zero time, the schedule has ended; a zero scheduled gives nothing.
//
// If now is before scheduled, as after a correction of the clock, nothing is
// due, and nothing runs twice.
func (s Schedule) Plan(scheduled, now time.Time, policy Policy) (runs []time.Time, next time.Time) {
	next = scheduled.UTC()
	if scheduled.IsZero() || scheduled.After(now) {
		return nil, next
	}
	if policy == All {
		for len(runs) < MaxRuns && !next.IsZero() && !next.After(now) {
			runs = append(runs, next)
			next = s.Next(next)
		}
		return runs, next
	}
	last := s.latest(next, now)
	if policy == Once || now.Sub(last) <= Grace {
		runs = []time.Time{last}
	}
	return runs, s.Next(last)
}

// latest is the last tick that is not later than now, given one such tick. It
// asks for some 30 ticks in place of all, which may be millions: a time is
// before the latest tick exactly if the tick after it is due.
func (s Schedule) latest(tick, now time.Time) time.Time {
	for low, high := tick.Unix(), now.Unix(); low < high; {
		middle := low + (high-low)/2
		next := s.Next(time.Unix(middle, 0))
		if next.IsZero() || next.After(now) {
			high = middle
			continue
		}
		tick = next
		low = next.Unix()
	}
	return tick
}
