package hosttest

import (
	"context"
	"time"

	"github.com/henge-run/henge/abi"
)

// Fault makes calls of a function slow, or fail, or both.
type Fault struct {
	// Function is a function, or a pattern for several: "redis.do", "sql.*".
	Function string

	// Nth is which of the calls that fit is meant, counted from 1; 0 means
	// each of them.
	Nth int

	// Delay is how long the call takes, at most until the job's deadline.
	Delay time.Duration

	// Code is the error that the guest gets, with Message; 0 for none.
	Code    abi.Code
	Message string
}

// Inject adds a fault. Of several that fit a call the first with an error
// counts, and delays add up. Job, log and clock can fail as well.
func (h *Host) Inject(f Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &injected{Fault: f})
}

// injected is a fault, and how many calls have fitted so far.
type injected struct {
	Fault
	seen int
}

// meets says whether the fault is for this call of a function.
func (f *injected) meets(function string) bool {
	if !matches(f.Function, function) {
		return false
	}
	f.seen++
	return f.Nth == 0 || f.Nth == f.seen
}

// interfere lets the faults act on a call, and returns the error for it.
func (w *watch) interfere(ctx context.Context, function string) error {
	var failed error
	for _, f := range w.faults {
		if !f.meets(function) {
			continue
		}
		wait(ctx, f.Delay)
		if f.Code != 0 && failed == nil {
			failed = &abi.Error{Code: f.Code, Message: f.Message}
		}
	}
	return failed
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
