package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/captest"
	capqueue "github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// family runs jobs that submit jobs, through the capability as a script does.
type family struct {
	t   *testing.T
	c   capability.Capability
	rdb *redis.Client

	caps queue.Caps // of the workers
}

func newFamily(t *testing.T, rdb *redis.Client, dialects ...string) *family {
	t.Helper()
	children, err := worker.NewChildren(rdb, dialects...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, children.Close()) })
	return &family{t: t, c: capqueue.New(capqueue.Options{Jobs: children}), rdb: rdb}
}

// start runs a worker with the handlers until the test ends or stop is called.
func (f *family) start(slots int, handlers map[string]worker.Handler) (stop func()) {
	f.t.Helper()
	q, err := queue.New(f.rdb, queue.Options{Circles: []string{circle}, Lease: 2 * time.Second, Caps: f.caps})
	require.NoError(f.t, err)
	w, err := worker.New(worker.Options{Queue: q, Slots: slots, Handlers: handlers, Grace: -1, Log: slog.New(slog.DiscardHandler)})
	require.NoError(f.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(f.t, <-ended)
		}
	}
	f.t.Cleanup(stop)
	return stop
}

// call calls a function of the capability for a job.
func call[T any](ctx context.Context, f *family, s *capability.Session, name string, request any) (reply T, err error) {
	b, err := json.Marshal(request)
	if err != nil {
		return reply, err
	}
	c := capability.Call{Session: s, Request: b}
	if err := captest.Function(f.t, f.c, name)(ctx, &c); err != nil {
		return reply, err
	}
	_, err = abi.Decode(c.TakeReply(), &reply)
	return reply, err
}

// ask submits a job and waits for it.
func (f *family) ask(ctx context.Context, j *job.Job, request abi.SubmitJob) (abi.WaitedJob, error) {
	s := &capability.Session{Job: j, Limits: job.DefaultLimits}
	sent, err := call[abi.SubmittedJob](ctx, f, s, "submit", request)
	if err != nil {
		return abi.WaitedJob{}, err
	}
	ended, err := call[abi.WaitedJobs](ctx, f, s, "wait", abi.WaitJobs{IDs: []string{sent.ID}})
	return ended[sent.ID], err
}

// answer is the result of a handler.
func answer(output any, err error) *job.Result {
	if err != nil {
		return &job.Result{End: job.ScriptError, Error: err.Error(), NoRetry: true}
	}
	return &job.Result{End: job.Success, Output: []byte(fmt.Sprint(output))}
}

// chain counts down: each job asks another one for one less.
func (f *family) chain(ctx context.Context, j *job.Job) *job.Result {
	n, _ := strconv.Atoi(string(j.Payload))
	if n == 0 {
		return answer(fmt.Sprintf("depth %d of %s for %s", j.Depth, j.Circle, j.Caller), nil)
	}
	r, err := f.ask(ctx, j, abi.SubmitJob{Type: "chain", Payload: abi.Value{V: strconv.Itoa(n - 1)}})
	if err == nil && r.Status != capqueue.Succeeded {
		err = errors.New(r.Error)
	}
	return answer(r.Output.V, err)
}

func (f *family) run(dialect string, j job.Job) queue.Record {
	f.t.Helper()
	p, err := queue.NewProducer(f.rdb, dialect)
	require.NoError(f.t, err)
	defer p.Close()
	j.Circle, j.Caller = circle, circle
	ref, err := p.Submit(f.t.Context(), &queue.Submission{Job: j})
	require.NoError(f.t, err)
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	r, err := p.Wait(ctx, ref)
	require.NoError(f.t, err)
	return r
}

// With one slot, a job that waits lets those run that it waits for.
func TestChainInOneSlot(t *testing.T) {
	f := newFamily(t, redistest.Real(t))
	f.start(1, map[string]worker.Handler{"chain": f.chain})
	for _, dialect := range []string{queue.Hero, queue.Henge} {
		r := f.run(dialect, job.Job{Type: "chain", Payload: []byte("3")})
		require.Equal(t, "depth 3 of "+circle+" for "+circle, r.Output(), r.Fields)
	}
	r := f.run(queue.Henge, job.Job{Type: "chain", Payload: []byte("9")})
	require.True(t, r.Failed())
	require.Contains(t, r.Message(), "the last of a chain of 8")
}

// Nor does it keep its place among the jobs of its circle or its type.
func TestChainUnderCaps(t *testing.T) {
	f := newFamily(t, redistest.Real(t))
	f.caps = queue.Caps{Circle: 1, Types: map[string]int{"chain": 1}}
	f.start(4, map[string]worker.Handler{"chain": f.chain})
	done := make(chan queue.Record)
	for range 3 {
		go func() { done <- f.run(queue.Henge, job.Job{Type: "chain", Payload: []byte("2")}) }()
	}
	for range 3 {
		require.Contains(t, (<-done).Output(), "depth 2")
	}
}

func TestAllSlotsWait(t *testing.T) {
	f := newFamily(t, redistest.Real(t))
	f.start(3, map[string]worker.Handler{"chain": f.chain})
	done := make(chan queue.Record)
	for range 12 {
		go func() { done <- f.run(queue.Hero, job.Job{Type: "chain", Payload: []byte("2")}) }()
	}
	for range 12 {
		require.Contains(t, (<-done).Output(), "depth 2")
	}
}

// A job that is handed back and run again comes to the same children.
func TestChildrenAreSubmittedOnce(t *testing.T) {
	f := newFamily(t, redistest.Real(t))
	waits := make(chan struct{}, 2)
	handlers := map[string]worker.Handler{
		"parent": func(ctx context.Context, j *job.Job) *job.Result {
			s := &capability.Session{Job: j, Limits: job.DefaultLimits}
			var ids []string
			for range 2 { // of the same content, and yet two
				sent, err := call[abi.SubmittedJob](ctx, f, s, "submit", abi.SubmitJob{Type: "child", Payload: abi.Value{V: "x"}})
				if err != nil {
					return answer(nil, err)
				}
				ids = append(ids, sent.ID)
			}
			waits <- struct{}{}
			ended, err := call[abi.WaitedJobs](ctx, f, s, "wait", abi.WaitJobs{IDs: ids})
			if ctx.Err() != nil {
				return &job.Result{End: job.Cancelled, Error: "stopped"}
			}
			return answer(len(ended), err)
		},
	}
	stop := f.start(1, handlers)
	done := make(chan queue.Record, 1)
	go func() { done <- f.run(queue.Henge, job.Job{Type: "parent"}) }()
	<-waits
	stop() // no worker runs the children, so the parent still waits
	handlers["child"] = func(context.Context, *job.Job) *job.Result { return answer("y", nil) }
	f.start(1, handlers)
	require.Equal(t, "2", (<-done).Output())
	p, err := queue.NewProducer(f.rdb, queue.Henge)
	require.NoError(t, err)
	defer p.Close()
	all, err := p.List(t.Context(), queue.Filter{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 3, "the parent and two children")
}

func TestDialectThatIsNotServed(t *testing.T) {
	f := newFamily(t, redistest.Real(t), queue.Henge)
	f.start(1, map[string]worker.Handler{"chain": f.chain})
	r := f.run(queue.Hero, job.Job{Type: "chain", Payload: []byte("1")})
	require.Contains(t, r.Message(), "unsupported: further jobs cannot be submitted")
}

func TestChildrenOnACluster(t *testing.T) {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer rdb.Close()
	children, err := worker.NewChildren(rdb)
	require.NoError(t, err)
	require.NoError(t, children.Close())
}
