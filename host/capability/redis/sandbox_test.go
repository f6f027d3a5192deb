package redis

import (
	"context"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if wattest.Close() != nil && code == 0 {
			code = 1
		}
		os.Exit(code)
	}))
}

// caller is a guest that makes a call again and again: how often is in the first
// 8 bytes of its payload, the request behind them. It returns 1 when one fails.
const caller = `(module
  (import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
  (import "henge_redis_v1" "do" (func $do (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "henge_run") (result i32) (local $n i64) (local $length i32)
    (local.set $length (i32.wrap_i64 (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0x8000))))
    (local.set $n (i64.load (i32.const 0)))
    (loop $l
      (if (i64.lt_s (call $do (i32.const 8) (i32.sub (local.get $length) (i32.const 8)) (i32.const 0x8000) (i32.const 0x8000)) (i64.const 0))
        (then (return (i32.const 1))))
      (br_if $l (i64.gt_s (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
    (i32.const 0)))`

// guest returns the caller in a sandbox, and a job of it.
func guest(t *testing.T, b *bundle, limits job.Limits) (*sandbox.Module, func(times int64, timeout time.Duration, args ...any) *job.Job) {
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Options{Capabilities: []capability.Capability{b.cap}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	m, err := rt.Load(ctx, wattest.Compile(t, caller), &abi.Manifest{Name: "caller"}, limits)
	require.NoError(t, err)
	return m, func(times int64, timeout time.Duration, args ...any) *job.Job {
		request, err := abi.Encode(abi.CBOR, list(args))
		require.NoError(t, err)
		payload := append(binary.LittleEndian.AppendUint64(nil, uint64(times)), request...)
		return &job.Job{ID: "j", Circle: "acme", Caller: "acme", Type: "caller", Dialect: "local", Payload: payload, Timeout: timeout, Attempt: 1}
	}
}

const forever = 1 << 60

// A job that floods Redis, and one whose Redis does not answer, end at their
// deadline and give their connections back.
func TestDeadline(t *testing.T) {
	b := setup(t, Options{})
	m, newJob := guest(t, b, job.Limits{HostCalls: forever})
	end := func(name string, j *job.Job) {
		t.Helper()
		start := time.Now()
		r := m.Run(t.Context(), j)
		late := time.Since(start) - j.Timeout
		require.Equal(t, job.Deadline, r.End, "%s: %s", name, r.Error)
		t.Logf("%s: ended %s after its deadline", name, late)
		require.Less(t, late, 5*time.Second, name)
		stats := b.rdb.PoolStats()
		require.Equal(t, stats.TotalConns, stats.IdleConns, "%s: a connection is not given back", name)
	}
	end("a flood of reads", newJob(forever, 200*time.Millisecond, "GET", "k"))
	end("a flood of writes", newJob(forever, 200*time.Millisecond, "SET", "k", "v"))

	require.NoError(t, b.rdb.Do(t.Context(), "CLIENT", "PAUSE", 1000, "ALL").Err())
	end("a Redis that does not answer", newJob(forever, 200*time.Millisecond, "GET", "k"))
	require.Equal(t, job.Success, m.Run(t.Context(), newJob(10, time.Minute, "GET", "k")).End)
}

// The number of calls is the job's own limit.
func TestHostCallsAreCounted(t *testing.T) {
	b := setup(t, Options{})
	m, newJob := guest(t, b, job.Limits{HostCalls: 100})
	require.Equal(t, job.Success, m.Run(t.Context(), newJob(99, time.Minute, "INCR", "n")).End)
	require.Equal(t, job.ExitCode, m.Run(t.Context(), newJob(200, time.Minute, "INCR", "n")).End)
	require.Equal(t, "198", b.owner().do("GET", "n"))
}

// A Redis that is not there is an error that a script can catch.
func TestUnavailable(t *testing.T) {
	b := setup(t, Options{})
	require.NoError(t, b.rdb.Close())
	_, err := b.owner().try("GET", "k")
	require.ErrorContains(t, err, abi.Unavailable.String())
}
