package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/job"
)

// board is a queue whose jobs end when it is told.
type board struct {
	mu    sync.Mutex
	there map[string]queue.Child
	ended map[string]queue.Ended
	fails error
}

func newBoard() *board {
	return &board{there: map[string]queue.Child{}, ended: map[string]queue.Ended{}}
}

func (b *board) Submit(_ context.Context, _ *job.Job, c queue.Child) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails == nil {
		b.there[c.ID] = c
	}
	return b.fails
}

func (b *board) Wait(ctx context.Context, _ *job.Job, id string) (queue.Ended, error) {
	b.mu.Lock()
	e, ok := b.ended[id]
	fails := b.fails
	b.mu.Unlock()
	if ok || fails != nil {
		return e, fails
	}
	<-ctx.Done()
	return e, ctx.Err()
}

func session() *capability.Session {
	s := captest.NewSession()
	s.Job.Caller, s.Job.Dialect, s.Job.Queue, s.Job.Run = s.Job.Circle, "henge", "q", 1
	return s
}

func call[T any](t *testing.T, c capability.Capability, s *capability.Session, name string, request any) (reply T, err error) {
	t.Helper()
	b, err := json.Marshal(request)
	require.NoError(t, err)
	out, err := captest.Call(t, c, name, s, b)
	if err == nil {
		_, err := abi.Decode(out, &reply)
		require.NoError(t, err)
	}
	return reply, err
}

func submit(t *testing.T, c capability.Capability, s *capability.Session, payload string) string {
	t.Helper()
	r, err := call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "rhai", Payload: abi.Value{V: payload}})
	require.NoError(t, err)
	return r.ID
}

// An attempt that is run again after its worker was lost comes to the same ids;
// one after a failure, or of another job, does not.
func TestIDs(t *testing.T) {
	b := newBoard()
	c := queue.New(queue.Options{Jobs: b})
	three := func(change func(*job.Job)) (ids [3]string) {
		s := session()
		change(s.Job)
		return [3]string{submit(t, c, s, "a"), submit(t, c, s, "a"), submit(t, c, s, "b")}
	}
	first := three(func(*job.Job) {})
	require.Len(t, b.there, 3)
	require.Equal(t, first, three(func(j *job.Job) { j.Attempt++ }))
	require.Len(t, b.there, 3)
	for name, change := range map[string]func(*job.Job){
		"failure": func(j *job.Job) { j.Failures++ }, "run": func(j *job.Job) { j.Run++ }, "id": func(j *job.Job) { j.ID += " " },
		"queue": func(j *job.Job) { j.Queue += "x" }, "dialect": func(j *job.Job) { j.Dialect = "hero" },
	} {
		for i, id := range three(change) {
			require.NotEqual(t, first[i], id, name)
		}
	}
	// What is asked in another order is the same work.
	s := session()
	require.Equal(t, first[2], submit(t, c, s, "b"))
	require.Equal(t, first[0], submit(t, c, s, "a"))
}

func TestWhoMaySubmit(t *testing.T) {
	b := newBoard()
	c := queue.New(queue.Options{Jobs: b})
	s := session()
	for _, caller := range []string{"", "mallory", "ACME", "acme\x00", "../acme"} {
		s.Job.Caller = caller
		for _, name := range []string{"submit", "wait"} {
			_, err := call[any](t, c, s, name, map[string]any{})
			require.ErrorContains(t, err, "Insufficient authorization", caller)
		}
	}
	s = session()
	s.Job.Confirm = func(context.Context) error { return job.ErrLeaseLost }
	_, err := call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "rhai", Payload: abi.Value{V: ""}})
	require.ErrorIs(t, err, job.ErrLeaseLost)
	require.Empty(t, b.there)
	_, err = call[any](t, queue.New(queue.Options{}), session(), "submit", map[string]any{})
	captest.RequireCode(t, abi.Unsupported, err)
}

func TestSubmitIsChecked(t *testing.T) {
	b := newBoard()
	c := queue.New(queue.Options{Jobs: b, MaxJobs: 2, MaxDepth: 3})
	text := abi.Value{V: "x"}
	for name, asked := range map[string]abi.SubmitJob{
		"no type":           {Payload: text},
		"a path":            {Type: "../../x", Payload: text},
		"a NUL":             {Type: "a\x00", Payload: text},
		"a look-alike":      {Type: "rh\u0430i", Payload: text},
		"long":              {Type: strings.Repeat("a", 10_000), Payload: text},
		"a level":           {Type: "rhai:high", Payload: text},
		"another's list":    {Type: "rhai}:q:x", Payload: text},
		"no payload":        {Type: "rhai"},
		"a number":          {Type: "rhai", Payload: abi.Value{V: int64(1)}},
		"retries":           {Type: "rhai", Payload: text, Retries: -1},
		"many retries":      {Type: "rhai", Payload: text, Retries: 1 << 40},
		"timeout":           {Type: "rhai", Payload: text, TimeoutMS: -1},
		"a long timeout":    {Type: "rhai", Payload: text, TimeoutMS: 1 << 60},
		"delay":             {Type: "rhai", Payload: text, DelayMS: 1 << 60},
		"a Kelvin sign":     {Type: "\u212aobol", Payload: text},
		"env without name":  {Type: "rhai", Payload: text, Env: map[string]string{"": "x"}},
		"env with =":        {Type: "rhai", Payload: text, Env: map[string]string{"A=B": "x"}},
		"env with a NUL":    {Type: "rhai", Payload: text, Env: map[string]string{"A": "x\x00"}},
		"env name of a NUL": {Type: "rhai", Payload: text, Env: map[string]string{"A\x00": "x"}},
	} {
		_, err := call[abi.SubmittedJob](t, c, session(), "submit", asked)
		var e *abi.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, abi.InvalidArgument, e.Code, name)
		require.Less(t, len(e.Message), 300, name)
	}
	_, err := call[any](t, c, session(), "submit", map[string]any{"type": "rhai", "payload": "x", "circle": "other"})
	captest.RequireCode(t, abi.InvalidArgument, err)
	require.Empty(t, b.there)

	s := session()
	submit(t, c, s, "1")
	submit(t, c, s, "2")
	_, err = call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "rhai", Payload: text})
	captest.RequireCode(t, abi.Limit, err)
	s = session()
	s.Job.Depth = 3
	_, err = call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "rhai", Payload: text})
	captest.RequireCode(t, abi.Limit, err)

	s = session()
	r, err := call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "RHAI", Payload: text, TimeoutMS: 1500, DelayMS: 20, Retries: 2, Env: map[string]string{"A": "b"}})
	require.NoError(t, err)
	require.Equal(t, queue.Child{
		ID: r.ID, Type: "rhai", Payload: []byte("x"), Timeout: 1500 * time.Millisecond, Delay: 20 * time.Millisecond, Retries: 2, Env: map[string]string{"A": "b"},
	}, b.there[r.ID])
}

// writer is a part that has written.
type writer struct{ capability.Part }

func (writer) Dirty() bool { return true }

func TestWait(t *testing.T) {
	b := newBoard()
	c := queue.New(queue.Options{Jobs: b})
	s := session()
	idled := 0
	s.Job.Idle = func(_ context.Context, wait func()) error { idled++; wait(); return nil }
	one, two := submit(t, c, s, "1"), submit(t, c, s, "2")
	b.ended[one] = queue.Ended{Status: queue.Succeeded, Output: []byte("42")}
	got, err := call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one, two, one}, TimeoutMS: 20})
	require.NoError(t, err, "those that ended are the answer")
	require.Equal(t, abi.WaitedJobs{one: {Status: "succeeded", Output: abi.Value{V: "42"}}}, got)
	require.Equal(t, 1, idled)
	b.ended[two] = queue.Ended{Status: queue.Failed, Error: "no"}
	got, err = call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one, two}})
	require.NoError(t, err)
	require.Equal(t, "no", got[two].Error)

	_, err = call[abi.WaitedJobs](t, c, session(), "wait", abi.WaitJobs{IDs: []string{one}})
	captest.RequireCode(t, abi.NotFound, err)
	_, err = call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one}, TimeoutMS: -1})
	captest.RequireCode(t, abi.InvalidArgument, err)
	s.Limits.Output = 1
	_, err = call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one}})
	captest.RequireCode(t, abi.TooLarge, err)
	s.Job.Idle = func(context.Context, func()) error { return job.ErrManyWait }
	_, err = call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one}})
	captest.RequireCode(t, abi.Limit, err)

	_, err = s.Part("db", func() (capability.Part, error) { return writer{}, nil })
	require.NoError(t, err)
	_, err = call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{one}})
	captest.RequireCode(t, abi.Conflict, err)
}

func TestQueueThatIsAway(t *testing.T) {
	b := newBoard()
	c := queue.New(queue.Options{Jobs: b})
	s := session()
	id := submit(t, c, s, "1")
	b.fails = errors.New("dial tcp 10.0.0.1: secret")
	_, err := call[abi.WaitedJobs](t, c, s, "wait", abi.WaitJobs{IDs: []string{id}})
	captest.RequireCode(t, abi.Unavailable, err)
	require.NotContains(t, err.Error(), "secret")
	_, err = call[abi.SubmittedJob](t, c, s, "submit", abi.SubmitJob{Type: "rhai", Payload: abi.Value{V: "2"}})
	captest.RequireCode(t, abi.Unavailable, err)
}

// A wait ends with the job.
func TestWaitEndsWithTheJob(t *testing.T) {
	c := queue.New(queue.Options{Jobs: newBoard()})
	s := session()
	id := submit(t, c, s, "1")
	ctx, cancel := context.WithCancel(t.Context())
	s.Job.Idle = func(_ context.Context, wait func()) error { cancel(); wait(); return nil }
	b, err := json.Marshal(abi.WaitJobs{IDs: []string{id}})
	require.NoError(t, err)
	err = captest.Function(t, c, "wait")(ctx, &capability.Call{Session: s, Request: b})
	captest.RequireCode(t, abi.Cancelled, err)
}
