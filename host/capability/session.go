package capability

import (
	"fmt"
	"io"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// Session is one attempt at a job as host functions see it: who it is, what
// it may use, and what it has left behind so far. It belongs to the job's
// goroutine and is not safe for concurrent use.
type Session struct {
	// Job is who asks for what. Nil while a module initialises itself.
	Job *job.Job

	// Module is the name of the module that runs it, by its manifest.
	Module string

	// Limits are the attempt's budgets, all of them set.
	Limits job.Limits

	// Start and Deadline bound the attempt.
	Start, Deadline time.Time

	// Now is the clock, Random the source of random bytes that the guest
	// sees. Tests fix both.
	Now    func() time.Time
	Random io.Reader

	// Output is the result so far; see AppendOutput.
	Output []byte

	// Log holds the lines so far, those of Job.Live aside; see WriteLog.
	Log []job.LogLine

	// Failure is what the module said of its own failure; nil for nothing.
	Failure *abi.Fail

	// Restarts counts the times that the attempt was begun anew; see Conflict.
	Restarts int

	parts    []keyed
	affected bool

	logBytes   int64
	logDropped int64
}

// own are the limits that the job itself gives.
func (s *Session) own() job.Limits {
	if s.Job == nil {
		return job.Limits{}
	}
	return s.Job.Limits
}

// AppendOutput adds b to the result, or adds nothing and returns TooLarge.
func (s *Session) AppendOutput(b []byte) error {
	if int64(len(s.Output)+len(b)) > s.Limits.Output {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
			"the result would be longer than the job's output limit of %d bytes; return less, or %s", s.Limits.Output, job.More(s.own().Output, s.Limits.Output, "output"))}
	}
	s.Output = append(s.Output, b...)
	return nil
}

// logLineCost is what a log line counts for beside its text, so that a
// million empty lines are not free.
const logLineCost = 64

// WriteLog keeps a line. Beyond the limit lines are dropped and counted: a
// script that talks too much should still end as it would have.
func (s *Session) WriteLog(level job.Level, text string, fields map[string]any) {
	cost := int64(logLineCost + len(text))
	for k, v := range fields {
		cost += int64(len(k)) + valueSize(v)
	}
	if s.logDropped > 0 || s.logBytes+cost > s.Limits.Log {
		s.logDropped++
		return
	}
	s.logBytes += cost
	s.keep(job.LogLine{Time: s.Now(), Level: level, Text: text, Fields: fields})
}

// keep puts a line where whoever follows the job sees it, or else beside the
// others.
func (s *Session) keep(line job.LogLine) {
	if s.Job != nil && s.Job.Live != nil {
		s.Job.Live.Write(line)
		return
	}
	s.Log = append(s.Log, line)
}

// Begin lets the session be about a job, from a module's initialisation on.
func (s *Session) Begin(j *job.Job) {
	s.Job = j
	if s.Restarts > 0 && j.Live != nil {
		j.Live.Restart()
	}
	before := s.Log
	s.Log = nil
	for _, line := range before {
		s.keep(line)
	}
}

// Report tells whoever follows the job how far it is.
func (s *Session) Report(p job.Progress) {
	if s.Job != nil && s.Job.Live != nil {
		s.Job.Live.Report(p)
	}
}

// FinishLog returns the lines that nobody follows, and adds one that says how
// many were dropped.
func (s *Session) FinishLog() []job.LogLine {
	if s.logDropped > 0 {
		s.keep(job.LogLine{Time: s.Now(), Level: job.Warn, Text: fmt.Sprintf(
			"%d more log lines were dropped: the job's log limit is %d bytes; log less, or %s", s.logDropped, s.Limits.Log, job.More(s.own().Log, s.Limits.Log, "log"))})
		s.logDropped = 0
	}
	return s.Log
}

// valueSize is about what a log field takes in memory.
func valueSize(v any) int64 {
	size := int64(16)
	switch v := v.(type) {
	case string:
		size += int64(len(v))
	case []byte:
		size += int64(len(v))
	case []any:
		for _, e := range v {
			size += valueSize(e)
		}
	case map[string]any:
		for k, e := range v {
			size += int64(len(k)) + valueSize(e)
		}
	}
	return size
}
