package queue

import (
	"time"

	"github.com/henge-run/henge/host/job"
)

// Record is a job as it stands in Redis.
type Record struct {
	ID string

	// Fields are the job's fields as text, by the dialect's names and henge's
	// own. Values come from producers: print them with care.
	Fields map[string]string
}

// Status returns the job's state in the dialect's words: dispatched, started,
// finished, error.
func (r Record) Status() string { return r.Fields["status"] }

// Ended reports whether the job has its result.
func (r Record) Ended() bool { return r.Status() == "finished" || r.Status() == "error" }

// Failed reports whether the job ended in error.
func (r Record) Failed() bool { return r.Status() == "error" }

// Updated returns when the record was last written, the zero time when that
// cannot be read.
func (r Record) Updated() time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.Fields["updated_at"])
	if err != nil {
		return time.Time{}
	}
	return t
}

// Cost returns what the last attempt that ended has used, and false where that
// is not known: the job has not ended, or was not run.
func (r Record) Cost() (job.Cost, bool) { return decodeCost(r.Fields[FieldCost]) }
