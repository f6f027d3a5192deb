package queue

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/henge-run/henge/host/job"
)

// Submission is a job that a producer hands in. Of the job, Type, Circle and
// Payload are required; Attempt and Dialect are not used, and Queue only to
// name a list other than the one of the type.
type Submission struct {
	job.Job

	// After are jobs that have to finish before this one may run; one that
	// does not finish ends this one too. They are of the same dialect, and in
	// the dialect Henge of the same circle.
	After []string

	// At is when the job may run; the zero value is now. By the server's
	// clock.
	At time.Time

	// In is how long after it was handed in the job may run, in place of At.
	// So a producer's clock need not be right.
	In time.Duration

	// Backoff is the delay between attempts; the zero value leaves it to the
	// worker.
	Backoff Backoff

	// Channel names jobs of a circle that workers may be told to run only so
	// many of at once (Caps).
	Channel string

	// Traceparent is the trace that the job is part of, as W3C Trace Context has
	// it in the HTTP header of that name: 00-TRACE-SPAN-FLAGS in hex. It is
	// written into the job, where workers and operators find it; empty for none.
	Traceparent string

	// Topic is part of the name of the list in the dialect HeroJobs, which
	// alone has it; empty stands for "default". Circle and topic are written
	// into keys in small letters, with _ for what is no letter, digit, point or
	// comma.
	Topic string

	// Priority puts the job before (above 0) or behind (below 0) the others of
	// its circle and type. Only the dialect Henge has it.
	Priority int
}

// Ref names a job in a dialect.
type Ref struct {
	// ID is enough in the dialects Hero and Rhailib.
	ID string

	// Circle is needed in the dialect Henge, where ids belong to a circle, and
	// in HeroJobs, where they belong to a circle and a topic.
	Circle string

	// Topic is for the dialect HeroJobs; empty stands for "default". There both
	// are as they stand in the job's key: Submit returns them so.
	Topic string
}

// String returns the id, with the circle and topic where there are such.
func (r Ref) String() string {
	if r.Circle == "" {
		return r.ID
	}
	if r.Topic != "" {
		return r.Circle + "/" + r.Topic + "/" + r.ID
	}
	return r.Circle + "/" + r.ID
}

// InTopic says whether a job is of a topic, which is written as people do or as
// it stands in keys; all are for none.
func (r Ref) InTopic(topic string) bool {
	return topic == "" || topic == r.Topic || fixName(topic) == r.Topic
}

// completer is a dialect with rules of its own for the names and ids of new
// jobs.
type completer interface {
	complete(s *Submission) error
}

// complete checks what all dialects need, and gives the job an id where it has
// none.
func (s *Submission) complete(d dialect) error {
	if s.Traceparent != "" && !isTraceparent(s.Traceparent) {
		return fmt.Errorf("traceparent %s is not as W3C Trace Context has it: write e.g. 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			quoteShort(s.Traceparent))
	}
	if err := job.CheckCaller(s.Caller); err != nil {
		return err
	}
	if s.Type != "" { // who has none says the list, or is of a dialect with one type
		if _, err := job.ParseType(s.Type); err != nil {
			return err
		}
	}
	if c, ok := d.(completer); ok {
		return c.complete(s)
	}
	if s.Topic != "" {
		return fmt.Errorf("only jobs of the dialect %s have a topic", HeroJobs)
	}
	circle, err := job.ParseCircle(s.Circle)
	if err != nil {
		return err
	}
	s.Circle = circle
	if len(s.ID) > maxID {
		return fmt.Errorf("the id is %d bytes long: at most %d are allowed", len(s.ID), maxID)
	}
	if s.ID == "" {
		id, err := d.newID()
		if err != nil {
			return fmt.Errorf("make an id: %w", err)
		}
		s.ID = id.String()
	}
	return nil
}

// isTraceparent checks the form of version 00, which later versions begin with.
func isTraceparent(s string) bool {
	const form = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		hex := '0' <= s[i] && s[i] <= '9' || 'a' <= s[i] && s[i] <= 'f'
		if hex != (form[i] == 'x') || !hex && s[i] != '-' {
			return false
		}
	}
	return true
}

func (s *Submission) ref() Ref { return Ref{ID: s.ID, Circle: s.Circle, Topic: s.Topic} }

// level is the list beside the one of the type in which the job waits.
func (s *Submission) level() string {
	switch {
	case s.Priority > 0:
		return levelHigh
	case s.Priority < 0:
		return levelLow
	}
	return ""
}

// runAt is At or In as the script takes it.
func (s *Submission) runAt() string {
	switch {
	case s.In > 0:
		return fmt.Sprintf("+%d", millis(s.In))
	case s.At.IsZero():
		return "0"
	}
	return strconv.FormatInt(s.At.UnixMilli(), 10)
}

// newFields collects fields and values.
func newFields(all ...any) *fieldList { return &fieldList{all: all} }

type fieldList struct {
	all []any
	err error
}

func (f *fieldList) put(name string, value any, given bool) {
	if given {
		f.all = append(f.all, name, value)
	}
}

func (f *fieldList) json(name string, value any, given bool) {
	if !given {
		return
	}
	b, err := json.Marshal(value)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("%s: %w", name, err)
	}
	f.put(name, b, true)
}

// options puts what may be left out, under the dialect's names for it.
func (f *fieldList) options(s *Submission, limits, backoff, channel string) {
	for _, o := range []struct{ name, value string }{
		{limits, encodeLimits(s.Limits)}, {backoff, s.Backoff.encode()}, {channel, s.Channel}, {fieldTrace, s.Traceparent},
	} {
		f.put(o.name, o.value, o.value != "")
	}
}

// wholeSeconds rounds up, and gives 0 for none.
func wholeSeconds(d time.Duration) int64 {
	return max(int64((d+time.Second-1)/time.Second), 0)
}
