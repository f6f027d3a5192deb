// Package queue is the capability by which a script submits further jobs of its
// own circle and waits for them. It says what may be asked, and knows no queue:
// who embeds it brings one.
package queue

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// How a job ended, in the contract's words.
const (
	Succeeded = "succeeded"
	Failed    = "failed"
	Cancelled = "cancelled"
	Dead      = "dead"
)

// ErrUnsupported says that a job cannot have children, with the reason, which its
// script sees.
var ErrUnsupported = errors.New("further jobs cannot be submitted")

// Jobs is where jobs are submitted. It is safe for concurrent use. Its errors
// but ErrUnsupported mean that the queue does not answer.
type Jobs interface {
	// Submit hands in a job of the parent's circle and caller, one deeper. One
	// that is there already under the same id is left as it is.
	Submit(ctx context.Context, parent *job.Job, c Child) error

	// Wait returns a child of the parent when it has ended, or an error at the
	// end of ctx.
	Wait(ctx context.Context, parent *job.Job, id string) (Ended, error)
}

// Child is a job that a script submits.
type Child struct {
	ID, Type       string
	Payload        []byte
	Env            map[string]string
	Timeout, Delay time.Duration
	Retries        int
}

// Ended is how a job ended: Status is one of the constants above.
type Ended struct {
	Status string
	Output []byte
	Error  string
}

// Options say how the capability is made.
type Options struct {
	// Jobs is where jobs go. Nil for none: both functions answer unsupported.
	Jobs Jobs

	// Directory knows the members of circles; without one only a circle's owner
	// may submit.
	Directory capability.Directory

	// MaxDepth is how long a chain of jobs may be, each submitted by the one
	// before: 8 if 0. MaxJobs is how many one attempt may submit: 1000 if 0.
	MaxDepth, MaxJobs int
}

type jobs struct{ Options }

// New returns the capability henge_queue_v1.
func New(opts Options) capability.Capability {
	opts.MaxDepth = cmp.Or(opts.MaxDepth, 8)
	opts.MaxJobs = cmp.Or(opts.MaxJobs, 1000)
	q := &jobs{opts}
	return capability.Capability{
		Name:      abi.QueueV1,
		Functions: []capability.Function{{Name: "submit", Call: q.submit}, {Name: "wait", Call: q.wait}},
	}
}

// admit says whether the session's job may use the capability.
func (q *jobs) admit(ctx context.Context, s *capability.Session) error {
	if err := s.Require(ctx, q.Directory, capability.Reader); err != nil {
		return err
	}
	if q.Jobs == nil {
		return &abi.Error{Code: abi.Unsupported, Message: "this job did not come from a queue, so it can submit none; run it with henge job run"}
	}
	return nil
}

// children are the jobs that an attempt has submitted. They stay, however it
// ends.
type children struct {
	ids  map[string]bool
	same map[string]int // how many of the same content
}

// childrenKey is the key of the session's children.
type childrenKey struct{}

func (*children) Commit(context.Context, *job.Result) error { return nil }
func (*children) Close() error                              { return nil }

func childrenOf(s *capability.Session) (*children, error) {
	part, err := s.Part(childrenKey{}, func() (capability.Part, error) {
		return &children{ids: map[string]bool{}, same: map[string]int{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return part.(*children), nil
}

// explain turns an error of Jobs into what a script may learn.
func explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return &abi.Error{Code: abi.Cancelled, Message: "the job's time is up"}
	case errors.Is(err, ErrUnsupported):
		return &abi.Error{Code: abi.Unsupported, Message: err.Error()}
	}
	return &abi.Error{Code: abi.Unavailable, Message: "the queue does not answer; later it may"}
}
