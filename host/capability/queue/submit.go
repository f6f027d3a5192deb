package queue

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// submit implements queue.submit.
func (q *jobs) submit(ctx context.Context, call *capability.Call) error {
	var asked abi.SubmitJob
	enc, err := call.Decode(&asked)
	if err != nil {
		return err
	}
	s := call.Session
	if err := q.admit(ctx, s); err != nil {
		return err
	}
	child, err := childOf(asked)
	if err != nil {
		return err
	}
	if s.Job.Depth >= q.MaxDepth {
		return &abi.Error{Code: abi.Limit, Message: fmt.Sprintf("this job is the last of a chain of %d that each submitted the next; that is as long as a chain may be", s.Job.Depth)}
	}
	mine, err := childrenOf(s)
	if err != nil {
		return err
	}
	if len(mine.ids) >= q.MaxJobs {
		return &abi.Error{Code: abi.Limit, Message: fmt.Sprintf("the job has submitted %d others, which is as many as it may", len(mine.ids))}
	}
	if err := s.Effect(ctx); err != nil {
		return err
	}
	content := digest(child)
	child.ID = idOf(s.Job, content, mine.same[content])
	if err := q.Jobs.Submit(ctx, s.Job, child); err != nil {
		return explain(ctx, err)
	}
	mine.same[content]++
	mine.ids[child.ID] = true
	return call.ReplyValue(enc, abi.SubmittedJob{ID: child.ID})
}

const (
	maxRetries = 1000
	maxTime    = 7 * 24 * time.Hour
)

// childOf checks what a script asks for.
func childOf(asked abi.SubmitJob) (Child, error) {
	c := Child{Env: asked.Env, Retries: int(asked.Retries)}
	invalid := func(format string, args ...any) (Child, error) {
		return c, &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf(format, args...)}
	}
	var err error
	if c.Type, err = job.ParseType(asked.Type); err != nil {
		return invalid("%v", err)
	}
	var ok bool
	if c.Payload, ok = asked.Payload.Bytes(); !ok {
		return invalid("the payload is a text or bytes")
	}
	if asked.Retries < 0 || asked.Retries > maxRetries {
		return invalid("retries is a number from 0 to %d", maxRetries)
	}
	for _, t := range []struct {
		name string
		ms   int64
		to   *time.Duration
	}{{"timeout_ms", asked.TimeoutMS, &c.Timeout}, {"delay_ms", asked.DelayMS, &c.Delay}} {
		if t.ms < 0 || t.ms > maxTime.Milliseconds() {
			return invalid("%s is a number from 0 to %d, which are 7 days", t.name, maxTime.Milliseconds())
		}
		*t.to = time.Duration(t.ms) * time.Millisecond
	}
	for name, value := range asked.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
			return invalid("a variable of the environment has a name without = and no NUL byte: not %+.80q", name)
		}
	}
	return c, nil
}

// digest tells children apart by what is asked of them.
func digest(c Child) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%d\x00%d\x00%d\x00%d\x00", c.Type, c.Timeout, c.Delay, c.Retries, len(c.Payload))
	h.Write(c.Payload)
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		fmt.Fprintf(h, "\x00%s\x00%s", name, c.Env[name])
	}
	return string(h.Sum(nil))
}

// idOf names the nth child of the same content. An attempt that is begun again
// because its worker was lost comes to the same names, and so submits nothing
// twice; one after a failure does the work anew, and gets new ones.
func idOf(parent *job.Job, content string, n int) string {
	name := fmt.Sprintf("%q %q %q %d %d %x %d", parent.Dialect, parent.Queue, parent.ID, parent.Run, parent.Failures, content, n)
	return uuid.NewHash(sha256.New(), uuid.Nil, []byte(name), 8).String()
}
