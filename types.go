package henge

import (
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// What comes back from Redis has the types of the rooms below, under these
// names.
type (
	// Ref names a job: by its id, and in some dialects by its circle and topic
	// too. Submit returns it; it can be kept as text in these three fields.
	Ref = queue.Ref

	// Record is a job as it stands in Redis: its Status, its Output or, where it
	// Failed, its Message and End, and all of its Fields.
	Record = queue.Record

	// Submitted is what became of one of many jobs that were handed in.
	Submitted = queue.Submitted

	// Filter narrows a List; its zero value does not.
	Filter = queue.Filter

	// Event is something that happened to a job, and EventKind says what.
	Event     = queue.Event
	EventKind = queue.EventKind

	// EventsFrom says where reading of events begins; its zero value is now.
	EventsFrom = queue.EventsFrom

	// Backoff is the delay between the attempts of a job.
	Backoff = queue.Backoff

	// Limits are the budgets of one attempt.
	Limits = job.Limits

	// Cost is what an attempt has used.
	Cost = job.Cost

	// LogLine is a line of a job's log.
	LogLine = job.LogLine

	// End is the reason for which a job ended.
	End = job.End
)

// EventsOldest is the place before the oldest event that is kept.
const EventsOldest = queue.EventsOldest

// The kinds of events; Event says which fields each has.
const (
	EventSubmitted  = queue.EventSubmitted
	EventScheduled  = queue.EventScheduled
	EventWaiting    = queue.EventWaiting
	EventHeld       = queue.EventHeld
	EventStarted    = queue.EventStarted
	EventProgress   = queue.EventProgress
	EventRetry      = queue.EventRetry
	EventReleased   = queue.EventReleased
	EventCrashed    = queue.EventCrashed
	EventCancel     = queue.EventCancel
	EventDead       = queue.EventDead
	EventEnded      = queue.EventEnded
	EventDispatched = queue.EventDispatched
	EventRemoved    = queue.EventRemoved
)
