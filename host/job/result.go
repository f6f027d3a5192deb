package job

import "time"

// Result is how one attempt ended and what it left behind.
type Result struct {
	// End is the reason.
	End End

	// Output is what the job gave back. It is kept for a job that failed,
	// since it may explain the failure.
	Output []byte

	// Error is a sentence for the script's author; empty on Success.
	Error string

	// NoRetry is set when the job itself asked not to be tried again.
	NoRetry bool

	// Log holds the lines written by the job, oldest first, within the
	// job's log limit; those that went to Job.Live are not among them.
	Log []LogLine

	// Cost is what the attempt used.
	Cost Cost
}

// Retryable reports whether another attempt could end otherwise: the job
// failed by its own doing, and did not ask to be left alone. An end that any
// attempt would meet again (Fuel, Memory, Refused) is not retried, and one
// that is not the job's doing (WorkerLost) is no failure.
func (r *Result) Retryable() bool {
	if r.NoRetry {
		return false
	}
	switch r.End {
	case ScriptError, ExitCode, Stack, Deadline, HostLimit, Trap, NotKept:
		return true
	}
	return false
}

// Cost is what one attempt used.
type Cost struct {
	// Wall is the time from the start of the instance to the end of the job.
	Wall time.Duration

	// CPU is the processor's time of the job's thread, host functions
	// included; 0 where the system does not tell.
	CPU time.Duration

	// Fuel is the work done by the guest, in units of about one instruction:
	// the same for the same script on the same module, on every machine.
	Fuel int64

	// Reset says that the instance was one that had been put back to the
	// snapshot, and not made for the job.
	Reset bool

	// MemoryPeak is the largest size of the instance's memory, in bytes.
	MemoryPeak int64

	// HostCalls counts the calls of host functions, WASI not included.
	HostCalls int64
}

// LogLine is one line of a job's log.
type LogLine struct {
	Time  time.Time
	Level Level
	Text  string

	// Fields are the line's attributes; nil for none.
	Fields map[string]any
}

// Level is how much a log line matters. The zero value is Info.
type Level int8

// The levels, in the order of slog.
const (
	Debug Level = iota - 1
	Info
	Warn
	Error
)

var levelNames = [...]string{"debug", "info", "warn", "error"}

// String returns the level's name in the contract's words.
func (l Level) String() string {
	if l < Debug || l > Error {
		return "info"
	}
	return levelNames[l-Debug]
}

// ParseLevel returns the level that String names.
func ParseLevel(s string) (Level, bool) {
	for i, name := range levelNames {
		if s == name {
			return Debug + Level(i), true
		}
	}
	return Info, false
}
