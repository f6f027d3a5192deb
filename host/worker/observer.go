package worker

import (
	"sync/atomic"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// Observer is told what a worker does, for whoever counts it; State has the
// rest. Its methods are called by many goroutines at once, between jobs, so
// they should return at once. A job's type is text of its producer's until it
// is compared with Types.
type Observer interface {
	// Exchanged is told of each call that brings back results and claims jobs:
	// how long it took, and its error.
	Exchanged(took time.Duration, err error)

	// Started is told of each attempt that begins, and how long ago the call
	// that claimed its job was made.
	Started(j *job.Job, waited time.Duration)

	// Ended is told of each attempt whose end was written.
	Ended(j *job.Job, r *job.Result)
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Exchanged(time.Duration, error)       {}
func (nobody) Started(*job.Job, time.Duration)      {}
func (nobody) Ended(j *job.Job, result *job.Result) {}

// State is how a worker is at one moment.
type State struct {
	// Types are the script types served now; none while modules load.
	Types []string

	// Slots is how many jobs can run at once, and Running how many do, by type
	// as their producers wrote it.
	Slots   int
	Running map[string]int

	// Stopping says that no more jobs are taken.
	Stopping bool

	// RedisAnswers says whether the last call was answered, and Outages how
	// often Redis went away.
	RedisAnswers bool
	Outages      int64

	// LeasesLost counts running jobs that were stopped since they had become
	// another worker's; Refused the writes that came too late.
	LeasesLost int64
	Refused    queue.Refused

	// Dispatched and Renewed are when the dispatcher and the renewer last went
	// round; zero before the first time. Whatever happens, and while Redis is
	// away too, that is not longer ago than Idle.
	Dispatched, Renewed time.Time
	Idle                time.Duration
}

// State returns how the worker is now. It is safe for concurrent use.
func (w *Worker) State() State {
	s := State{
		Types: w.Types(), Slots: w.opts.Slots, Running: w.active.byType(), Stopping: w.isAsked() || w.moved.stopping.Load(),
		LeasesLost: w.lost.Load(), Refused: w.opts.Queue.Refused(),
		Dispatched: timeOf(w.moved.dispatch.Load()), Renewed: timeOf(w.moved.renew.Load()),
		// The longest a round may take: to wait for a job that runs, and for
		// Redis with all the tries of its client.
		Idle: 2*w.opts.Queue.Lease() + 3*exchangeTimeout,
	}
	s.RedisAnswers, s.Outages = w.redis.state()
	return s
}

// movements are when the actors last went round. Safe for concurrent use.
type movements struct {
	dispatch, renew atomic.Pointer[time.Time]
	stopping        atomic.Bool
}

func (m *movements) dispatched() { now := time.Now(); m.dispatch.Store(&now) }
func (m *movements) renewed()    { now := time.Now(); m.renew.Store(&now) }

// timeOf is the zero time for nil.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
