package capability

import (
	"context"
	"errors"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// Part is what a capability keeps for one attempt and has to settle when that
// ends, such as a transaction. It is used on the job's goroutine alone.
type Part interface {
	// Commit makes lasting what the attempt did. It is called once, for an
	// attempt that succeeded, with the result that is about to be written. An
	// *abi.Error is for the script's author; of any other error he learns only
	// that it happened.
	Commit(ctx context.Context, r *job.Result) error

	// Close takes back what was not committed and gives up what the part
	// holds. It is called last, in any case.
	Close() error
}

// keyed is a part under the key of its capability.
type keyed struct {
	key  any
	part Part
}

// Part returns what was kept under key, and keeps what open returns where that
// is nothing. A key is a value of a type that the capability alone knows.
func (s *Session) Part(key any, open func() (Part, error)) (Part, error) {
	for _, k := range s.parts {
		if k.key == key {
			return k.part, nil
		}
	}
	part, err := open()
	if err != nil {
		return nil, err
	}
	s.parts = append(s.parts, keyed{key, part})
	return part, nil
}

// Dirty says whether a part has something that is written and not committed:
// one that has says so with a method Dirty() bool.
func (s *Session) Dirty() bool {
	for _, k := range s.parts {
		if p, ok := k.part.(interface{ Dirty() bool }); ok && p.Dirty() {
			return true
		}
	}
	return false
}

// Confirm waits until the attempt's lease is known to stand.
func (s *Session) Confirm(ctx context.Context) error {
	if s.Job == nil || s.Job.Confirm == nil {
		return nil
	}
	return s.Job.Confirm(ctx)
}

// Effect is to be called before anything that stays when the attempt fails: a
// write to Redis, a request, a job. It is Confirm, and from then on the attempt
// cannot be begun anew.
func (s *Session) Effect(ctx context.Context) error {
	if err := s.Confirm(ctx); err != nil {
		return err
	}
	s.affected = true
	return nil
}

// ErrRestart ends an attempt that is to be begun anew, since it met a conflict
// and nothing of it stays. A host function returns it, and no guest sees it.
var ErrRestart = errors.New("the attempt is begun anew")

// mostRestarts is how often an attempt is begun anew before its script sees the
// conflict.
const mostRestarts = 3

// Conflict is what a host function returns when somebody else was first: the
// attempt is begun anew if nothing of it would stay, and otherwise the script
// gets the error.
func (s *Session) Conflict(message string) error {
	if !s.affected && s.Restarts < mostRestarts {
		return fmt.Errorf("%w: %s", ErrRestart, message)
	}
	return &abi.Error{Code: abi.Conflict, Message: message}
}

// Settle ends the attempt. Parts of one that succeeded are committed, in the
// order in which they came to be; when one cannot be, the others are not, and r
// says so. Then all are closed. The runtime calls it, once, with ctx the job's.
func (s *Session) Settle(ctx context.Context, r *job.Result) error {
	var failed error
	if r.End == job.Success && len(s.parts) > 0 {
		if failed = s.commit(ctx, r); failed != nil {
			r.End, r.Error = notKept(failed)
		}
	}
	for _, k := range s.parts {
		failed = errors.Join(failed, k.part.Close())
	}
	s.parts = nil
	return failed
}

func (s *Session) commit(ctx context.Context, r *job.Result) error {
	if err := s.Confirm(ctx); err != nil {
		return err
	}
	for _, k := range s.parts {
		if err := k.part.Commit(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// notKept says why what an attempt has changed is lost.
func notKept(err error) (job.End, string) {
	var e *abi.Error
	switch {
	case errors.Is(err, job.ErrLeaseLost):
		return job.LeaseLost, job.ErrLeaseLost.Error()
	case errors.As(err, &e):
		return job.NotKept, "what the job has changed could not be kept: " + e.Message
	}
	return job.NotKept, "what the job has changed could not be kept, for a reason that the operator's log has"
}
