package job

import (
	"cmp"
	"time"
)

// Limits are the budgets of one attempt, sizes in bytes. In a set of limits
// that is to be combined, zero means "not said here".
type Limits struct {
	// Memory is the most linear memory an instance may have.
	Memory int64

	// Wall is the longest an attempt may take; the job's own timeout counts
	// too, and the smaller wins.
	Wall time.Duration

	// Input is the largest payload.
	Input int64

	// Output is the largest result. Beyond it the guest gets too_large.
	Output int64

	// Log is the most that is kept of the log. What comes after is dropped
	// and counted.
	Log int64

	// Fuel is how much a job may execute: about one unit for each instruction,
	// the same on every machine.
	Fuel int64

	// Depth is how deep calls may nest in the guest: one for each call by which
	// functions come back to themselves, and for each through a table, more for
	// functions with many locals.
	Depth int64

	// HostCalls is how many host functions may be called. Beyond it the guest
	// gets limit.
	HostCalls int64
}

// DefaultLimits hold where nothing else was said.
var DefaultLimits = Limits{
	Memory:    64 << 20,
	Wall:      time.Hour,
	Input:     16 << 20,
	Output:    16 << 20,
	Log:       256 << 10,
	Fuel:      1_000_000_000_000,
	Depth:     50_000,
	HostCalls: 1_000_000,
}

// Or returns l with other's budgets where l says nothing.
func (l Limits) Or(other Limits) Limits {
	return Limits{
		Memory:    cmp.Or(l.Memory, other.Memory),
		Wall:      cmp.Or(l.Wall, other.Wall),
		Input:     cmp.Or(l.Input, other.Input),
		Output:    cmp.Or(l.Output, other.Output),
		Log:       cmp.Or(l.Log, other.Log),
		Fuel:      cmp.Or(l.Fuel, other.Fuel),
		Depth:     cmp.Or(l.Depth, other.Depth),
		HostCalls: cmp.Or(l.HostCalls, other.HostCalls),
	}
}

// More says how the author of a job gets more of what a limit bounds: own is what
// the job itself says of it, 0 for nothing, and holds what holds for it.
func More(own, holds int64, limit string) string {
	if own != 0 && own == holds {
		return "raise " + limit + " among the job's own limits"
	}
	return "ask the operator to raise the " + limit + " limit"
}

// Within returns l with each budget lowered to other's where that is smaller.
func (l Limits) Within(other Limits) Limits {
	return Limits{
		Memory:    smaller(l.Memory, other.Memory),
		Wall:      smaller(l.Wall, other.Wall),
		Input:     smaller(l.Input, other.Input),
		Output:    smaller(l.Output, other.Output),
		Log:       smaller(l.Log, other.Log),
		Fuel:      smaller(l.Fuel, other.Fuel),
		Depth:     smaller(l.Depth, other.Depth),
		HostCalls: smaller(l.HostCalls, other.HostCalls),
	}
}

// smaller takes zero for "not said".
func smaller[T int64 | time.Duration](a, b T) T {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
