package queue

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/host/job"
)

// Pop says which of the jobs that wait in a list is taken first.
type Pop string

// The orders. The zero value of a Pop is PopOldest.
const (
	// PopOldest takes jobs in the order in which they came, and circles that
	// share a list in turn.
	PopOldest Pop = "oldest"
	// PopNewest takes the last one first, as upstream workers do. Old jobs
	// then wait for as long as new ones come, and circles are not told apart
	// before their turn.
	PopNewest Pop = "newest"
)

// Options are a worker's settings. The zero value of each field but Circles
// and AllCircles stands for its default.
type Options struct {
	// Worker names the worker, in the jobs it holds. Two workers must never
	// share a name. Empty: a new UUID.
	Worker string

	// Circles are the tenants served; AllCircles serves every one that jobs
	// are for. Give exactly one of them.
	Circles    []string
	AllCircles bool

	// Dialects are the wire formats served; default all that the client can
	// carry: on a Redis Cluster only Henge.
	Dialects []string

	// Caps bound how many jobs run at once, over all workers; the zero value
	// bounds nothing.
	Caps Caps

	// CapsNow is asked before each claim, and counts in the place of Caps,
	// which has to be zero then: for caps that change while the worker runs.
	// Nil: they do not. What it returns must make sense as Caps do, and is not
	// changed. It is called by several goroutines.
	CapsNow func() Caps

	// Leave takes only the ids of one's own circles out of a list that others
	// share, looks at the first thousand, and leaves the rest in their place:
	// for lists that upstream workers take from too.
	Leave bool

	// LegacyKeys serves the lists of older Hero systems too: jobs in
	// hero:work_queue:{worker}, whose replies go to hero:reply:{id} as well, and
	// orders to stop in hero:stop_queue:{worker}. A worker is named there by its
	// type, or by its instance (Wanted).
	LegacyKeys bool

	// Lease is how long a job stays a worker's without a renewal; default
	// 15 s. Renew at a third of it.
	Lease time.Duration

	// JobTTL is how long a job that ended is kept; default 7 days, negative
	// for ever.
	JobTTL time.Duration

	// Events is how many entries of events, each with 1 to 16 of them, are kept
	// for live views; default 10,000,
	// negative for none.
	Events int

	// History are the dialects whose jobs TakeHistory hands out when they have
	// ended; default none. HistoryWaiting is how many may wait for that, over
	// which the oldest are forgotten: a million.
	History        []string
	HistoryWaiting int

	// ReplyTTL is how long a reply is kept for whoever waits; default 1 h.
	ReplyTTL time.Duration

	// LogTTL and LogLines bound the log kept of a job: 24 h after its last
	// line, and 10,000 lines.
	LogTTL   time.Duration
	LogLines int

	// LimboTTL is how long an id waits for its job; default 60 s.
	LimboTTL time.Duration

	// DeadLetters and DeadTTL bound the dead letters kept: 10,000, 7 days.
	DeadLetters int
	DeadTTL     time.Duration

	// Crashes is how often a job's worker may be lost before the job is
	// given up; default 3.
	Crashes int

	// Pop is the order of a list; default PopOldest.
	Pop Pop

	// Retry is the delay before another attempt.
	Retry Backoff

	// Log gets what an operator may want to know; default none.
	Log *slog.Logger

	// Rand gives numbers in [0, 1) for jitter; default math/rand. It must be
	// safe for concurrent use.
	Rand func() float64
}

func (o Options) withDefaults() (Options, error) {
	if o.Worker == "" {
		o.Worker = uuid.NewString()
	}
	if o.AllCircles == (len(o.Circles) > 0) {
		return o, fmt.Errorf("queue: give the circles to serve, or all of them, and not both")
	}
	circles := make([]string, 0, len(o.Circles))
	for _, name := range o.Circles {
		circle, err := job.ParseCircle(name)
		if err != nil {
			return o, fmt.Errorf("queue: %w", err)
		}
		circles = append(circles, circle)
	}
	o.Circles = circles
	switch o.Pop {
	case "":
		o.Pop = PopOldest
	case PopOldest, PopNewest:
	default:
		return o, fmt.Errorf("queue: pop %q is not %q or %q", string(o.Pop), PopOldest, PopNewest)
	}
	orDefault(&o.Lease, 15*time.Second)
	orDefault(&o.ReplyTTL, time.Hour)
	if o.JobTTL == 0 {
		o.JobTTL = 7 * 24 * time.Hour
	}
	if o.Events == 0 {
		o.Events = 10_000
	}
	if err := o.caps().check(); err != nil {
		return o, fmt.Errorf("queue: %w", err)
	}
	orDefault(&o.LogTTL, 24*time.Hour)
	orDefault(&o.LogLines, 10_000)
	orDefault(&o.LimboTTL, 60*time.Second)
	orDefault(&o.HistoryWaiting, 1_000_000)
	orDefault(&o.DeadLetters, 10_000)
	orDefault(&o.DeadTTL, 7*24*time.Hour)
	orDefault(&o.Crashes, 3)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o, nil
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// millis returns a duration as the scripts take it; what is shorter than a
// millisecond counts as one, since Redis refuses a time to live of 0.
func millis(d time.Duration) int64 {
	return max(d.Milliseconds(), 1)
}
