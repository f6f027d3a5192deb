package queue

import (
	"context"
	"errors"
	"fmt"
)

// ErrEnded is returned for a job that has ended, by what cannot be done then,
// and ErrNotEnded for one that has not.
var (
	ErrEnded    = errors.New("the job has ended")
	ErrNotEnded = errors.New("the job has not ended")
)

// defaultCancel is the error message of a job that was cancelled without a
// reason.
const defaultCancel = "cancelled"

// Cancel ends a job that waits, or has the worker of one that runs stop it,
// which takes well under a second; running says which it was. The reason
// becomes the job's error message; empty stands for "cancelled". It returns
// ErrNotFound or ErrEnded. The job's own list need not be known.
func (p *Producer) Cancel(ctx context.Context, r Ref, reason string) (running bool, err error) {
	if reason == "" {
		reason = defaultCancel
	}
	answer, err := p.onJob(ctx, "cancel", p.scripts.cancel, r, reason, keyControl)
	return answer == "stopping", err
}

// Retry dispatches a job that has ended once more: a new run, with all its
// retries. It returns ErrNotFound or ErrNotEnded.
func (p *Producer) Retry(ctx context.Context, r Ref) error {
	_, err := p.onJob(ctx, "retry", p.scripts.retry, r, "")
	return err
}

// Remove deletes a job that has ended, its log and its reply. It returns
// ErrNotFound or ErrNotEnded.
func (p *Producer) Remove(ctx context.Context, r Ref) error {
	_, err := p.onJob(ctx, "remove", p.scripts.remove, r)
	return err
}

// onJob runs a script that is about one job, and returns what it answered.
func (p *Producer) onJob(ctx context.Context, verb string, s *script, r Ref, more ...any) (string, error) {
	answer, err := p.askOfJob(ctx, s, r, more...)
	if err != nil {
		return "", fmt.Errorf("%s job %s: %w", verb, quoteShort(r.ID), err)
	}
	return answer, nil
}

func (p *Producer) askOfJob(ctx context.Context, s *script, r Ref, more ...any) (string, error) {
	if r.ID == "" || len(r.ID) > maxID {
		return "", fmt.Errorf("an id has 1 to %d bytes, not %d", maxID, len(r.ID))
	}
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return "", err
	}
	args := p.opts.args(append([]any{p.dialect.name(), place.list, r.ID}, more...)...)
	reply, err := s.run(ctx, p.rdb, []string{place.scope + inLease}, args...)
	if err != nil {
		return "", err
	}
	answer, _ := reply.(string)
	switch answer {
	case "missing":
		return "", ErrNotFound
	case "ended":
		return "", ErrEnded
	case "running":
		return "", ErrNotEnded
	}
	return answer, nil
}
