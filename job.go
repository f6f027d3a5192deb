package henge

import (
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// Job is a script, or a runner's arguments, to be run for a circle. Circle,
// Type and Payload are required, except that the dialect Rhailib has one type
// only.
type Job struct {
	// ID names the job; empty for a new one, which Submit returns.
	ID string

	// Circle is the tenant that the job runs in: a public key in hex, or a name
	// of up to 64 letters, digits, points, dashes and underscores.
	Circle string

	// Caller says who asks, usually by a public key. Empty is a stranger.
	Caller string

	// Type names the engine or the runner, such as rhai.
	Type string

	// Payload is the script's source text, or what the runner takes.
	Payload []byte

	// Env is the script's environment.
	Env map[string]string

	// Timeout bounds each attempt: by default 60 s, 7 days at the most, in whole
	// seconds but for the dialect Henge, where it is in milliseconds.
	Timeout time.Duration

	// Retries is how many more attempts may follow a failure, at most 1000.
	Retries int

	// Backoff is the delay between attempts; its zero value leaves that to the
	// worker, which by default doubles it from 1 s up to a minute.
	Backoff Backoff

	// Limits are the job's budgets; the worker's own hold too, and the smaller
	// counts. Zero fields say nothing.
	Limits Limits

	// After are the ids of jobs that have to finish before this one runs, of the
	// same dialect, and in the dialect Henge of the same circle. One that fails
	// fails this job too.
	After []string

	// At is when the job may run, by the server's clock; the zero value is now.
	At time.Time

	// Channel names jobs of a circle of which workers may run only so many at
	// once; empty for none.
	Channel string

	// Priority puts the job before (above 0) or behind (below 0) the circle's
	// others of its type. Only the dialect Henge has it.
	Priority int

	// Topic is part of the list's name in the dialect HeroJobs, which alone has
	// it; empty stands for "default".
	Topic string

	// Traceparent makes the job part of a trace, as W3C Trace Context writes it
	// in HTTP: 00-TRACE-SPAN-FLAGS. With OpenTelemetry:
	//
	//	carrier := propagation.MapCarrier{}
	//	propagation.TraceContext{}.Inject(ctx, carrier)
	//	j.Traceparent = carrier["traceparent"]
	Traceparent string
}

func (j *Job) submission() queue.Submission {
	return queue.Submission{
		Job: job.Job{
			ID: j.ID, Circle: j.Circle, Caller: j.Caller, Type: j.Type, Payload: j.Payload,
			Env: j.Env, Timeout: j.Timeout, Retries: j.Retries, Limits: j.Limits,
		},
		After: j.After, At: j.At, Backoff: j.Backoff, Channel: j.Channel,
		Priority: j.Priority, Topic: j.Topic, Traceparent: j.Traceparent,
	}
}
