package queue

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/henge-run/henge/host/job"
)

// Record is a job as it stands in Redis.
type Record struct {
	Ref

	// Fields are the job's fields as text, by the dialect's names and henge's
	// own. Values come from producers: print them with care.
	Fields map[string]string
}

// The statuses of jobs that ended, in the words of all dialects. No word
// means two things.
var (
	statusesDone   = [...]string{"finished", "completed", "done", "succeeded"}
	statusesFailed = [...]string{"error", "failed", "cancelled", "dead"}
)

// Status returns the job's state in the dialect's words.
func (r Record) Status() string { return r.Fields[fieldStatus] }

// InCircle returns the circle's name as it was written.
func (r Record) InCircle() string {
	return cmp.Or(r.Circle, r.Fields["context_id"], r.Fields["contextId"])
}

// Type returns the script type as it was written, empty where the list says it.
func (r Record) Type() string {
	return cmp.Or(r.Fields["script_type"], r.Fields["type"], r.Fields["params_type"])
}

// Output returns the job's result, empty where it has none.
func (r Record) Output() string { return cmp.Or(r.Fields["output"], r.Fields["result"]) }

// Message returns why the job failed, as a sentence for the script's author;
// empty where it did not.
func (r Record) Message() string { return r.Fields["error"] }

// End returns how the job ended; job.Unknown where it has not, or where somebody
// else than henge ended it.
func (r Record) End() job.End {
	end, _ := job.ParseEnd(r.Fields["end"])
	return end
}

// Progress returns how far the job says it is, in its own words.
func (r Record) Progress() string { return r.Fields["progress"] }

// LargeFields returns the names of the fields that hold the payload and the
// result of a dialect's jobs.
func LargeFields(dialect string) (payload, output string) {
	switch dialect {
	case HeroJobs:
		return "params", "result"
	case Henge:
		return "payload", "output"
	}
	return "script", "output"
}

// Caller returns who asked.
func (r Record) Caller() string {
	return cmp.Or(r.Fields["caller_id"], r.Fields["callerId"], r.Fields["caller"], r.Fields["publicKey"])
}

// Ended reports whether the job has its result.
func (r Record) Ended() bool { return isEndedStatus(r.Status()) }

func isEndedStatus(status string) bool {
	return slices.Contains(statusesDone[:], status) || slices.Contains(statusesFailed[:], status)
}

// Failed reports whether the job ended in error.
func (r Record) Failed() bool { return slices.Contains(statusesFailed[:], r.Status()) }

// Updated returns when the record was last written, the zero time when that
// cannot be read.
func (r Record) Updated() time.Time {
	for _, name := range []string{"time_end", "time_start", "time_scheduled"} {
		if s, err := strconv.ParseInt(r.Fields[name], 10, 64); err == nil && s > 0 {
			return time.Unix(s, 0)
		}
	}
	if at := r.time("updated_ms", "updated_at", "updatedAt"); !at.IsZero() {
		return at
	}
	return r.Created()
}

// Created returns when the record was made, in the same way.
func (r Record) Created() time.Time { return r.time("created_ms", "created_at", "createdAt") }

func (r Record) time(milliseconds string, texts ...string) time.Time {
	if ms, err := strconv.ParseInt(r.Fields[milliseconds], 10, 64); err == nil {
		return time.UnixMilli(ms)
	}
	for _, name := range texts {
		if t, err := time.Parse(time.RFC3339Nano, r.Fields[name]); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Cost returns what the last attempt that ended has used, and false where that
// is not known: the job has not ended, or was not run.
func (r Record) Cost() (job.Cost, bool) { return decodeCost(r.Fields[FieldCost]) }
