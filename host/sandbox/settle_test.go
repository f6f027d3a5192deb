package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// ledger is a capability whose part counts what becomes of attempts.
type ledger struct {
	began, committed, closed int
	conflicts                int // how many of the next calls meet one
	affects                  bool
	fails                    error
}

func (l *ledger) Commit(context.Context, *job.Result) error {
	l.committed++
	return l.fails
}

func (l *ledger) Close() error {
	l.closed++
	return nil
}

func (l *ledger) write(ctx context.Context, c *capability.Call) error {
	_, err := c.Session.Part(ledger{}, func() (capability.Part, error) {
		l.began++
		return l, nil
	})
	if err != nil {
		return err
	}
	if l.affects {
		if err := c.Session.Effect(ctx); err != nil {
			return err
		}
	}
	if l.conflicts > 0 {
		l.conflicts--
		return c.Session.Conflict("somebody else was first")
	}
	return nil
}

// writer writes once and returns 1 when that is refused.
const writer = `(module
	(import "ledger_v1" "write" (func $write (param i32 i32 i32 i32) (result i64)))
	(memory (export "memory") 1)
	(func (export "henge_run") (result i32)
		(i64.lt_s (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const 0))))`

func (l *ledger) run(t *testing.T, j *job.Job, policy capability.Policy) *job.Result {
	t.Helper()
	b := setup(t, sandbox.Options{Policy: policy, Capabilities: []capability.Capability{{
		Name: "ledger_v1", Functions: []capability.Function{{Name: "write", Call: l.write}},
	}}})
	m, err := b.Load(context.Background(), wattest.Compile(t, writer), &abi.Manifest{Name: "writer"}, job.Limits{})
	require.NoError(t, err)
	return m.Run(t.Context(), j)
}

func TestWhatSucceedsIsCommitted(t *testing.T) {
	var l ledger
	require.Equal(t, job.Success, l.run(t, newJob(nil), nil).End)
	require.Equal(t, []int{1, 1, 1}, []int{l.began, l.committed, l.closed})

	l = ledger{fails: errors.New("disk on fire")}
	require.Equal(t, job.NotKept, l.run(t, newJob(nil), nil).End)
	require.Equal(t, []int{1, 1, 1}, []int{l.began, l.committed, l.closed})
}

func TestWhatFailsIsTakenBack(t *testing.T) {
	l := ledger{conflicts: 1, affects: true}
	require.Equal(t, job.ExitCode, l.run(t, newJob(nil), nil).End, "the guest saw the conflict, since it had an effect")
	require.Equal(t, []int{1, 0, 1}, []int{l.began, l.committed, l.closed})
}

func TestConflictBeginsAnew(t *testing.T) {
	l := ledger{conflicts: 2}
	require.Equal(t, job.Success, l.run(t, newJob(nil), nil).End)
	require.Equal(t, []int{3, 1, 3}, []int{l.began, l.committed, l.closed})

	l = ledger{conflicts: 100}
	require.Equal(t, job.ExitCode, l.run(t, newJob(nil), nil).End, "in the end the guest sees it")
	require.Equal(t, []int{4, 0, 4}, []int{l.began, l.committed, l.closed})
}

func TestLeaseIsConfirmedBeforeTheCommit(t *testing.T) {
	var l ledger
	j := newJob(nil)
	j.Confirm = func(context.Context) error { return job.ErrLeaseLost }
	require.Equal(t, job.LeaseLost, l.run(t, j, nil).End)
	require.Equal(t, []int{1, 0, 1}, []int{l.began, l.committed, l.closed})
}

func TestDeadlineHoldsForTheCommit(t *testing.T) {
	var l ledger
	j := newJob(nil)
	j.Timeout = 50 * time.Millisecond
	j.Confirm = func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	r := l.run(t, j, nil)
	require.Equal(t, job.Deadline, r.End, r.Error)
	require.Zero(t, l.committed)
}

// only grants the module writer what is not denied in a circle.
type only struct{ denied string }

func (o only) Grants(module, circle, name string) error {
	if module == "writer" && circle == o.denied && name == "ledger_v1" {
		return &abi.Error{Code: abi.AccessDenied, Message: "not here"}
	}
	return nil
}

func TestPolicy(t *testing.T) {
	var l ledger
	require.Equal(t, job.Success, l.run(t, newJob(nil), only{"other"}).End)
	require.Equal(t, job.ExitCode, l.run(t, newJob(nil), only{"acme"}).End)
	require.Equal(t, 1, l.began)
}
