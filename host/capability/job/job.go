// Package job is the capability henge_job_v1: a module's own job, from its
// payload to its result. Nothing in it names another job or another circle.
package job

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
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
			{Name: "fail", Call: fail, PastLimit: true},
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
		if enc, err = c.Decode(&none); err != nil {
			return err
		}
	}
	m := metaOf(c.Session)
	if enc == abi.CBOR {
		c.ReplyBuffer(appendMeta(c.Buffer(), &m))
		return nil
	}
	return c.ReplyValue(enc, m)
}

// text is what a producer wrote, as text: a guest's reader may refuse all of a
// message for one byte that is not UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func output(_ context.Context, c *capability.Call) error {
	return c.Session.AppendOutput(c.Request)
}

// progress shows a report to whoever follows the job, and keeps it as a line of
// the job's log.
func progress(_ context.Context, c *capability.Call) error {
	var p abi.Progress
	if _, err := c.Decode(&p); err != nil {
		return err
	}
	if !finite(p.Done) || !finite(p.Total) {
		return &abi.Error{Code: abi.InvalidArgument, Message: "done and total are finite numbers"}
	}
	c.Session.Report(job.Progress{Done: p.Done, Total: p.Total, Text: p.Text})
	fields := map[string]any{"done": p.Done}
	if p.Total != 0 {
		fields["total"] = p.Total
	}
	c.Session.WriteLog(job.Debug, strings.TrimSpace("progress "+p.Text), fields)
	return nil
}

// finite numbers are those that every encoding can write.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// maxFailure bounds a failure's message and data, which are written into the
// job and into logs, in bytes of the request.
const maxFailure = 128 << 10

func fail(_ context.Context, c *capability.Call) error {
	var f abi.Fail
	if len(c.Request) > maxFailure {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf("a failure of %d bytes is too large; at most %d are kept", len(c.Request), maxFailure)}
	}
	if _, err := c.Decode(&f); err != nil {
		return err
	}
	if f.Message == "" {
		return &abi.Error{Code: abi.InvalidArgument, Message: "a failure needs a message that says what went wrong"}
	}
	if f.Data.V != nil {
		c.Session.WriteLog(job.Error, "failed", map[string]any{"code": f.Code, "data": f.Data.V})
	}
	c.Session.Failure = &f
	return nil
}
