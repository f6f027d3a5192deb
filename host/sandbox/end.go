package sandbox

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/henge-run/henge/host/job"
)

// errTimeUp is the cause of a context that ended at the attempt's deadline.
var errTimeUp = errors.New("the time is up")

// stop is the host's own reason to end a job. It leaves the guest as a panic,
// since nothing else gets out through its frames.
type stop struct {
	end     job.End
	message string
}

func (s *stop) Error() string { return s.message }

// abort ends the job here and now.
func (r *run) abort(end job.End, message string) { panic(r.stopFor(end, message)) }

// work looks at the clock when the host has done so much for the guest that it
// should: a call counts for one, and so does each KiB that it moves. Looking
// takes as long as a call of little work.
func (r *run) work(bytes int) {
	if r.worked += 1 + bytes>>10; r.worked > 64 {
		r.worked = 0
		r.endIfLate()
	}
}

// stopFor notes why the job ends.
func (r *run) stopFor(end job.End, message string) *stop {
	r.stop = &stop{end, message}
	return r.stop
}

// endIfDone ends the job when its time came while the host was working for
// it: the guest is not asked again.
func (r *run) endIfDone() {
	if r.stopped() {
		r.abort(r.outOfTime())
	}
}

// endIfLate ends the job when its time came.
func (r *run) endIfLate() {
	if r.Err() != nil {
		r.abort(r.outOfTime())
	}
}

// returned is the result of a module that did not succeed.
type returned int32

func (c returned) Error() string { return fmt.Sprintf("the module returned %d", int32(c)) }

// ended says how the job ended, given what running it returned.
func (r *run) ended(err error) (job.End, string) {
	if err == nil {
		return job.Success, ""
	}
	if r.stop != nil {
		return r.stop.end, r.stop.message
	}
	var code returned
	if errors.As(err, &code) {
		return r.failed(fmt.Sprintf("the module returned %d and gave no reason", int32(code)))
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		if r.module.rt.closesOnContext() && r.Err() != nil && (exit.ExitCode() == sys.ExitCodeContextCanceled || exit.ExitCode() == sys.ExitCodeDeadlineExceeded) {
			return r.outOfTime()
		}
		if exit.ExitCode() == 0 {
			return job.Success, ""
		}
		return r.failed(fmt.Sprintf("the program exited with code %d and said nothing", exit.ExitCode()))
	}
	return r.trapped(err)
}

// failed is the end of a module that says itself that it did not succeed:
// with job.fail, or on its standard error, or with a number alone.
func (r *run) failed(silent string) (job.End, string) {
	if f := r.session.Failure; f != nil {
		return job.ScriptError, f.Message
	}
	if said := strings.TrimSpace(r.stderr.tail()); said != "" {
		return job.ExitCode, said
	}
	return job.ExitCode, silent
}

// trapped is the end of a module that the runtime stopped.
func (r *run) trapped(err error) (job.End, string) {
	what, _, _ := strings.Cut(err.Error(), "\n")
	// Before it may stand that a start function failed.
	_, trap, isTrap := strings.Cut(what, "wasm error: ")
	switch {
	case r.tooDeep():
		return job.Stack, fmt.Sprintf("calls were nested too deeply: the job's limit is %d; use a loop, recurse less, or %s",
			r.session.Limits.Depth, job.More(r.own.Depth, r.session.Limits.Depth, "depth"))
	// The runtime gives this one bare, and its error value is not exported.
	case strings.HasSuffix(what, "stack overflow"):
		r.deep = true
		return job.Stack, "calls were nested too deeply and the stack is used up; use a loop, or recurse less"
	case r.memoryRefused:
		return job.Memory, r.outOfMemory()
	case isTrap:
		return job.Trap, "the module trapped: " + trap + r.lastWords()
	default:
		r.module.rt.log.Error("the runtime stopped a module", "module", r.module.Manifest.Name, "err", err)
		return job.Trap, "the module was stopped: " + what
	}
}

// lastWords is what the module wrote to standard error before it trapped,
// where a panic of a compiled language says its reason.
func (r *run) lastWords() string {
	if said := strings.TrimSpace(r.stderr.tail()); said != "" {
		return "; it said: " + said
	}
	return ""
}

// outOfTime is the end of a job whose context is done.
func (r *run) outOfTime() (job.End, string) {
	cause := r.cause()
	switch {
	case errors.Is(cause, errTimeUp):
		given := r.session.Deadline.Sub(r.session.Start)
		if given == r.session.Limits.Wall {
			return job.Deadline, fmt.Sprintf("the job took longer than the timeout of %s that the wall time limit leaves it; do less, or %s",
				given, job.More(int64(r.own.Wall), int64(given), "wall_ms"))
		}
		return job.Deadline, fmt.Sprintf("the job took longer than its timeout of %s; do less, or give it a longer timeout", given)
	case errors.Is(cause, job.ErrLeaseLost):
		return job.LeaseLost, cause.Error()
	default:
		return job.Cancelled, "the job was cancelled: " + cause.Error()
	}
}

// outOfMemory says which limit it was: the job's, or the module's own.
func (r *run) outOfMemory() string {
	if limit := r.session.Limits.Memory; limit <= r.module.memoryMax {
		return fmt.Sprintf("the job ran out of memory: its limit is %d bytes; use less, or %s", limit, job.More(r.own.Memory, limit, "memory"))
	}
	return fmt.Sprintf("the job ran out of memory: the module itself allows for %d bytes; use less, or build the module with a larger maximum", r.module.memoryMax)
}
