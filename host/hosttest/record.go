package hosttest

import (
	"fmt"
	"os"
	"slices"
)

// Outside returns the calls that reach beyond the job: all but those of job,
// log and clock, which are the same in each run anyway.
func (h *Host) Outside() []Call {
	return slices.DeleteFunc(h.Calls(), func(c Call) bool { return !outside(c.Function) })
}

// Record writes what was asked outside of the job, and answered, to a file for
// Replay.
func (h *Host) Record(file string) error {
	if err := os.WriteFile(file, []byte(FormatCalls(h.Outside())), 0o644); err != nil {
		return fmt.Errorf("record the calls: %w", err)
	}
	return nil
}

// Replay answers from a file of Record, in place of the capabilities. A job
// that asks for anything else, or in another order, is a problem.
func (h *Host) Replay(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("replay the calls: %w", err)
	}
	if err := h.ExpectCalls(string(text)); err != nil {
		return fmt.Errorf("replay the calls: %s: %w", file, err)
	}
	h.Strict()
	return nil
}
