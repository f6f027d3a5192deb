package job

import "errors"

// End is the reason for which an attempt stopped. There is no plain "failed":
// an operator who reads one of these knows whom to ask.
type End int8

// The ends. The zero value is Unknown, which no finished attempt has.
const (
	Unknown     End = iota
	Success         // the module returned 0
	ScriptError     // the script or runner reported an error of its own
	ExitCode        // the module returned or exited with another code and said nothing
	Fuel            // the job's fuel was used up
	Memory          // the module trapped after its memory limit was reached
	Stack           // calls nested too deeply
	Deadline        // the attempt took longer than its timeout
	Cancelled       // someone asked for it to stop
	HostLimit       // it went on calling the host after a budget was used up
	Trap            // the module did something WebAssembly forbids
	Refused         // it was never run: no module, a bad field, a missing import
	LeaseLost       // another worker owns the job now
	WorkerLost      // the worker went away while the job ran
	NotKept         // it succeeded, and what it had changed could not be kept
)

var endNames = [...]string{
	Unknown:     "unknown",
	Success:     "success",
	ScriptError: "script_error",
	ExitCode:    "exit_code",
	Fuel:        "fuel",
	Memory:      "memory",
	Stack:       "stack",
	Deadline:    "deadline",
	Cancelled:   "cancelled",
	HostLimit:   "host_limit",
	Trap:        "trap",
	Refused:     "refused",
	LeaseLost:   "lease_lost",
	WorkerLost:  "worker_lost",
	NotKept:     "not_kept",
}

// String returns the end's name as it stands in job records and metrics.
func (e End) String() string {
	if e < 0 || int(e) >= len(endNames) {
		return endNames[Unknown]
	}
	return endNames[e]
}

// ParseEnd returns the end that String names.
func ParseEnd(s string) (End, bool) {
	for i, name := range endNames {
		if s == name {
			return End(i), true
		}
	}
	return Unknown, false
}

// ErrManyWait is returned to a job that wants to wait for others when as many as
// may already do.
var ErrManyWait = errors.New("too many jobs of this worker wait for others already")

// ErrLeaseLost is the cause with which a running job is stopped when it is no
// longer this worker's; its end is LeaseLost, and nothing of it may be written.
var ErrLeaseLost = errors.New("the lease was lost: another worker owns the job")
