package queue

import (
	"sync/atomic"

	"github.com/henge-run/henge/host/job"
)

// Write is a kind of write of a worker's that the fence may refuse.
type Write int

// The kinds.
const (
	WriteResult   Write = iota // of an attempt that succeeded
	WriteFailure               // of one that did not
	WriteProgress              // while a job runs
	WriteLog                   // the same
	WriteRelease               // a job that is handed back
	writes
)

// String returns the kind's name as it stands in metrics.
func (w Write) String() string {
	return [...]string{"result", "failure", "progress", "log", "release"}[w]
}

// Writes returns all kinds.
func Writes() []Write {
	return []Write{WriteResult, WriteFailure, WriteProgress, WriteLog, WriteRelease}
}

// Refused is how many writes of each kind were refused, since the job was no
// longer the worker's.
type Refused [writes]int64

// All is their sum.
func (r Refused) All() (sum int64) {
	for _, n := range r {
		sum += n
	}
	return sum
}

// refusals counts. The zero value is ready, and safe for concurrent use.
type refusals [writes]atomic.Int64

func (r *refusals) add(w Write, n int) { r[w].Add(int64(n)) }

// Refused returns the writes of this worker that were refused so far.
func (q *Queue) Refused() (all Refused) {
	for w := range all {
		all[w] = q.refused[w].Load()
	}
	return all
}

// countRefused counts the ends that were not written.
func (q *Queue) countRefused(done []Done, lost []*Claim) {
	for _, c := range lost {
		for _, d := range done {
			if d.Claim != c {
				continue
			}
			kind := WriteFailure
			if d.Result.End == job.Success {
				kind = WriteResult
			}
			q.refused.add(kind, 1)
			break
		}
	}
}

// countRefusedNote counts what a note held.
func (q *Queue) countRefusedNote(n Note) {
	if n.Progress != "" {
		q.refused.add(WriteProgress, 1)
	}
	if len(n.Lines) > 0 {
		q.refused.add(WriteLog, 1)
	}
}
