package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// wait implements queue.wait.
func (q *jobs) wait(ctx context.Context, call *capability.Call) error {
	var asked abi.WaitJobs
	enc, err := call.Decode(&asked)
	if err != nil {
		return err
	}
	s := call.Session
	if err := q.admit(ctx, s); err != nil {
		return err
	}
	ids, err := ownIDs(s, asked.IDs)
	if err != nil {
		return err
	}
	if asked.TimeoutMS < 0 || asked.TimeoutMS > maxTime.Milliseconds() {
		return &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf("timeout_ms is a number from 0 to %d, which are 7 days", maxTime.Milliseconds())}
	}
	if s.Dirty() {
		return &abi.Error{Code: abi.Conflict, Message: "the job has written to the circle's database and keeps others from it until it ends, so a job that it waits for might never; wait first, or write in another job"}
	}
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if asked.TimeoutMS > 0 {
		waiting, cancel = context.WithTimeout(ctx, time.Duration(asked.TimeoutMS)*time.Millisecond)
	}
	defer cancel()
	var ended map[string]Ended
	idle := s.Job.Idle
	if idle == nil {
		idle = func(_ context.Context, wait func()) error { wait(); return nil }
	}
	if waitErr := idle(ctx, func() { ended, err = q.all(waiting, s.Job, ids) }); waitErr != nil {
		if errors.Is(waitErr, job.ErrManyWait) {
			return &abi.Error{Code: abi.Limit, Message: waitErr.Error() + "; try again later, or end without waiting"}
		}
		return waitErr
	}
	if ctx.Err() != nil || (err != nil && waiting.Err() == nil) {
		return explain(ctx, err)
	}
	reply, err := replyOf(ended, s.Limits.Output)
	if err != nil {
		return err
	}
	return call.ReplyValue(enc, reply)
}

// ownIDs checks that the jobs are those that this attempt has submitted.
func ownIDs(s *capability.Session, ids []string) ([]string, error) {
	mine, err := childrenOf(s)
	if err != nil {
		return nil, err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for _, id := range ids {
		if !mine.ids[id] {
			return nil, &abi.Error{Code: abi.NotFound, Message: fmt.Sprintf("%+.80q is not a job that this one has submitted", id)}
		}
	}
	return ids, nil
}

// all waits for each of the jobs, and returns those that ended, with an error
// where some could not be waited for.
func (q *jobs) all(ctx context.Context, parent *job.Job, ids []string) (map[string]Ended, error) {
	type one struct {
		id    string
		ended Ended
		err   error
	}
	answers := make(chan one, len(ids))
	for _, id := range ids {
		go func() {
			e, err := q.Jobs.Wait(ctx, parent, id)
			answers <- one{id, e, err}
		}()
	}
	ended := map[string]Ended{}
	var failed error
	for range ids {
		a := <-answers
		if a.err != nil {
			failed = a.err
			continue
		}
		ended[a.id] = a.ended
	}
	return ended, failed
}

// replyOf returns what ended in the contract's words, as long as it is not
// larger than a result may be.
func replyOf(ended map[string]Ended, most int64) (abi.WaitedJobs, error) {
	reply, size := abi.WaitedJobs{}, int64(0)
	for id, e := range ended {
		if size += int64(len(e.Output) + len(e.Error)); size > most {
			return nil, &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("the results of these jobs have more than %d bytes together; wait for fewer at once", most)}
		}
		reply[id] = abi.WaitedJob{Status: e.Status, Output: abi.TextOrBytes(e.Output), Error: e.Error}
	}
	return reply, nil
}
