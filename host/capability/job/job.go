// Package job is the capability henge_job_v1: a module's own job, from its
// payload to its result. Nothing in it names another job or another circle.
package job

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// New returns the capability. Its function take is the runtime's, since it
// hands out what another call left parked.
func New() capability.Capability {
	return capability.Capability{
		Name: abi.JobV1,
		Functions: []capability.Function{
			{Name: "input", Call: input},
			{Name: "meta", Call: meta},
			{Name: "output", Call: output},
			{Name: "progress", Call: progress},
			{Name: "fail", Call: fail},
		},
	}
}

func input(_ context.Context, c *capability.Call) error {
	c.Reply(c.Session.Job.Payload)
	return nil
}

func meta(_ context.Context, c *capability.Call) error {
	enc := abi.CBOR
	if len(c.Request) > 0 {
		var none struct{}
		var err error
		if enc, err = abi.Decode(c.Request, &none); err != nil {
			return err
		}
	}
	j, limits := c.Session.Job, c.Session.Limits
	env := j.Env
	if env == nil {
		env = map[string]string{}
	}
	return c.ReplyValue(enc, abi.Meta{
		ID:         j.ID,
		Circle:     j.Circle,
		Caller:     j.Caller,
		Type:       j.Type,
		Dialect:    j.Dialect,
		Attempt:    j.Attempt,
		DeadlineMS: c.Session.Deadline.UnixMilli(),
		Env:        env,
		Limits: abi.MetaLimits{
			Memory:    limits.Memory,
			Input:     limits.Input,
			Output:    limits.Output,
			Log:       limits.Log,
			HostCalls: limits.HostCalls,
			WallMS:    limits.Wall.Milliseconds(),
		},
	})
}

func output(_ context.Context, c *capability.Call) error {
	return c.Session.AppendOutput(c.Request)
}

func progress(_ context.Context, c *capability.Call) error {
	var p abi.Progress
	if _, err := abi.Decode(c.Request, &p); err != nil {
		return err
	}
	c.Session.Progress = &p
	return nil
}

// maxMessage bounds a failure's message, which is written into the job and
// into logs.
const maxMessage = 64 << 10

func fail(_ context.Context, c *capability.Call) error {
	var f abi.Fail
	if len(c.Request) > 2*maxMessage {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("a failure of %d bytes is too large; at most %d are kept", len(c.Request), 2*maxMessage)}
	}
	if _, err := abi.Decode(c.Request, &f); err != nil {
		return err
	}
	if f.Message == "" {
		return &abi.Error{Code: abi.InvalidArgument, Message: "a failure needs a message that says what went wrong"}
	}
	c.Session.Failure = &f
	return nil
}
