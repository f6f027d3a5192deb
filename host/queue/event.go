package queue

import (
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

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

// eventPlace is where an event is in a stream: in an entry, as the last one of it or
// as the n-th.
type eventPlace struct {
	entry string
	n     int // from 1; 0 for the last
}

// seen is how many events of the entry are not behind the place.
func (p eventPlace) seen() int {
	if p.n == 0 {
		return math.MaxInt
	}
	return p.n
}

// String is the ID of an event: the entry's, and for all but the last one of an
// entry its number.
func (p eventPlace) String() string {
	if p.n == 0 {
		return p.entry
	}
	return p.entry + "." + strconv.Itoa(p.n)
}

// parsePlace reads milliseconds, a dash and a number, and what String adds.
func parsePlace(s string) (eventPlace, bool) {
	entry, rest, inside := strings.Cut(s, ".")
	ms, seq, ok := strings.Cut(entry, "-")
	_, err := strconv.ParseUint(ms, 10, 64)
	_, err2 := strconv.ParseUint(seq, 10, 64)
	p := eventPlace{entry: entry}
	if inside {
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return eventPlace{}, false
		}
		p.n = n
	}
	return p, ok && err == nil && err2 == nil
}

// readEntry reads an entry of a stream, which tells one event or several: the
// fields of each follow its id, and those that several have in common stand in
// front of the first and are said again where they change; worker and end hold
// for events of one kind. Anybody may have written it: what cannot be read is
// left out.
func readEntry(id string, fields *cursor) []Event {
	var events []Event
	common := map[string]string{}
	var own map[string]string // of the event that is read; nil before the first
	end := func(last bool) {
		if own == nil {
			return
		}
		p := eventPlace{entry: id}
		if !last {
			p.n = len(events) + 1
		}
		events = append(events, readEvent(p, own))
	}
	for fields.more() {
		name, value := fields.string(), fields.string()
		switch name {
		case "event":
			delete(common, "worker")
			delete(common, "end")
			common[name] = value
		case "dialect", "queue", "circle", "worker", "end":
			common[name] = value
		case "id":
			end(false)
			own = maps.Clone(common)
			own["id"] = value
		default:
			if own != nil {
				own[name] = value
			}
		}
	}
	if len(events) == 0 && own != nil {
		maps.Copy(own, common) // an entry of one event may have them in any order
	}
	end(true)
	return events
}

func readEvent(p eventPlace, fields map[string]string) Event {
	text := func(name string) string { return strings.ToValidUTF8(fields[name], "\uFFFD") }
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(text(name), 10, 64)
		return n
	}
	e := Event{
		ID: p.String(), Kind: EventKind(text("event")), Dialect: text("dialect"), Queue: text("queue"), Circle: text("circle"),
		Worker: text("worker"), Attempt: number("attempt"), Crashes: number("crashes"),
		Progress: text("progress"), Reason: text("reason"), Channel: text("channel"),
	}
	e.End, _ = job.ParseEnd(text("end"))
	ms, _, _ := strings.Cut(p.entry, "-")
	if n, err := strconv.ParseInt(ms, 10, 64); err == nil {
		e.Time = time.UnixMilli(n)
	}
	if n := number("at_ms"); n > 0 {
		e.At = time.UnixMilli(n)
	}
	// The id is as it is, or the job would not be found.
	e.Job = refIn(e.Dialect, e.Queue, e.Circle, fields["id"])
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
