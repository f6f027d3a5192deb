package sandbox

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/henge-run/henge/host/capability"
)

// run is the state of one attempt on the host's side. It belongs to the
// goroutine that runs the job.
type run struct {
	module  *Module
	session capability.Session
	host    capability.Call
	memory  memory
	stdout  lines
	stderr  lines

	// parked is a reply or an error's message that waits for take.
	parked   []byte
	isParked bool

	hostCalls int64
	refusals  int

	// stop is why the host ended the job; nil while it did not.
	stop *stop
}

func newRun(m *Module, start time.Time) *run {
	r := &run{module: m, memory: memory{limit: m.memoryMax}}
	r.session = capability.Session{
		Limits: m.Limits,
		Start:  start,
		Now:    time.Now,
		Random: rand.Reader,
	}
	r.host.Session = &r.session
	return r
}

// runKey is the key under which a host function finds its run.
type runKey struct{}

// runContext is a context that knows its run. A host function asks for it at
// each call, so it is not behind a chain of WithValue.
type runContext struct {
	context.Context
	run *run
}

func (c *runContext) Value(key any) any {
	if key == (runKey{}) {
		return c.run
	}
	return c.Context.Value(key)
}

func bind(ctx context.Context, r *run) context.Context {
	return &runContext{ctx, r}
}

func runOf(ctx context.Context) *run {
	return ctx.Value(runKey{}).(*run)
}
