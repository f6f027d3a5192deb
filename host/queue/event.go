package queue

import (
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

// EventKind says what happened to a job.
type EventKind string

// The kinds of events. A version of henge to come may write others.
const (
	EventSubmitted  EventKind = "submitted"  // written by Submit; At where it is to run later
	EventScheduled  EventKind = "scheduled"  // was taken from its list and put off until At
	EventWaiting    EventKind = "waiting"    // waits for other jobs to finish
	EventHeld       EventKind = "held"       // its Channel is full
	EventStarted    EventKind = "started"    // Worker has it, as attempt Attempt
	EventProgress   EventKind = "progress"   // says of itself how far it is: Progress
	EventRetry      EventKind = "retry"      // an attempt failed with End; the next one comes at At
	EventReleased   EventKind = "released"   // Worker, which stops, has handed it back
	EventCrashed    EventKind = "crashed"    // Worker was lost, as the Crashes-th; it is in line again
	EventCancel     EventKind = "cancel"     // runs, and is to be stopped for Reason
	EventDead       EventKind = "dead"       // a dead letter was written, for Reason; also of ids without a job
	EventEnded      EventKind = "ended"      // has its result, by End
	EventDispatched EventKind = "dispatched" // ended, and was put in line once more by hand
	EventRemoved    EventKind = "removed"    // ended, and was deleted by hand
)

// Event is something that happened to a job, as the scripts wrote it in the
// same step. Fields that its kind does not have are zero.
//
// A job that was pushed by another system's client begins with EventStarted,
// or with what held it up. One that is due, or whose prerequisites have ended,
// says so with EventStarted too. When Redis drops a job whose time has passed
// there is no event.
type Event struct {
	// ID is the event's place in the stream, for EventsFrom.After.
	ID string

	// Time is when it happened, by the server's clock, in milliseconds.
	Time time.Time

	Kind EventKind

	// Job names the job, for Get and others, in the dialect Dialect.
	Job     Ref
	Dialect string

	// Queue is the list that the job came from, or only how its name begins
	// for a job that was cancelled before anybody took it.
	Queue string

	// Circle is the job's circle; empty where it has no valid one.
	Circle string

	End      job.End   // how an attempt or the job ended
	Worker   string    // who has, or had, the job
	Attempt  int64     // of a job that started
	Crashes  int64     // how many workers were lost with it
	At       time.Time // when it is to run
	Progress string    // the first 512 bytes
	Reason   string    // the first 512 bytes
	Channel  string    // such as channel/CIRCLE/NAME, circle/CIRCLE, type/TYPE
}

// readEvent reads an entry of a stream. Anybody may have written it: what
// cannot be read is left out.
func readEvent(m redis.XMessage) Event {
	text := func(name string) string {
		s, _ := m.Values[name].(string)
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(text(name), 10, 64)
		return n
	}
	e := Event{
		ID: m.ID, Kind: EventKind(text("event")), Dialect: text("dialect"), Queue: text("queue"), Circle: text("circle"),
		Worker: text("worker"), Attempt: number("attempt"), Crashes: number("crashes"),
		Progress: text("progress"), Reason: text("reason"), Channel: text("channel"),
	}
	e.End, _ = job.ParseEnd(text("end"))
	ms, _, _ := strings.Cut(m.ID, "-")
	if n, err := strconv.ParseInt(ms, 10, 64); err == nil {
		e.Time = time.UnixMilli(n)
	}
	if n := number("at_ms"); n > 0 {
		e.At = time.UnixMilli(n)
	}
	id, _ := m.Values["id"].(string) // as it is, or the job would not be found
	e.Job = refIn(e.Dialect, e.Queue, e.Circle, id)
	return e
}

// refIn names a job as Submit does, by the list that it was in.
func refIn(dialect, queue, circle, id string) Ref {
	switch dialect {
	case Henge:
		return Ref{ID: id, Circle: circleOfOwn(queue)}
	case HeroJobs:
		var topic string
		circle, topic, _ = strings.Cut(strings.TrimPrefix(queue, herojobsList), ":")
		return Ref{ID: id, Circle: circle, Topic: topic}
	}
	return Ref{ID: id, Circle: circle}
}
