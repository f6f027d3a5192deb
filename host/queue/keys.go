package queue

// henge's own keys; KEYS.md says what each holds. The scripts make the other
// names by themselves. Those that follow a scope's prefix are the circle's own
// in the dialect Henge.
const (
	keyProtocol = "henge:protocol"
	keyServes   = "henge:serves:"
	keyControl  = "henge:control" // a channel, not a key
	keyWait     = "henge:wait:"
	keyLog      = "henge:log:"
	keyCircles  = "henge:circles:"
	keyIDs      = "henge:herojobs:ids:"

	inAnswer  = "answer:"
	inDead    = "dead"
	inDue     = "due"
	inEvents  = "events"
	inHistory = "history:"
	inHeld    = "held"
	inHome    = "home" // of a circle, whatever the dialect of its jobs is
	inHold    = "hold:"
	inLease   = "lease"
	inLimbo   = "limbo"
	inPaused  = "paused"
	inReaped  = "reaped"
	inWaiting = "waiting"

	// The schedules of a circle, in the scope of its own, whatever the dialect
	// of their jobs is; a schedule's own key is this without the s, and its
	// name. keySchedules are the circles that have such.
	inSchedules  = "schedules"
	keySchedules = "henge:schedules"
)

// FieldCost is the field of a job that Record.Cost reads.
const FieldCost = "henge:cost"

// Fields that are read by themselves.
const (
	fieldStatus = "status"
	fieldText   = "job" // the text of a job of HeroJobs
	fieldTrace  = "traceparent"
)

// Fields that henge adds to the jobs of other systems, for their producers.
const (
	fieldLimits  = "henge:limits"
	fieldBackoff = "henge:backoff"
	fieldTimeout = "henge:timeout"
	fieldRetries = "henge:retries"
)

// maxID is the longest id, in bytes, as in lua/prelude.lua.
const maxID = 512
