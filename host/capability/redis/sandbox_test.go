package redis

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/wasm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// caller is a guest that makes a call again and again: how often is in the first
// 8 bytes of its payload, the request behind them. It returns 1 when one fails.
func caller() []byte {
	const hostFunction, entry, room = 0, 1, 48
	m := wasm.Module{
		Types: []wasm.FuncType{
			hostFunction: {Params: []wasm.ValueType{wasm.I32, wasm.I32, wasm.I32, wasm.I32}, Results: []wasm.ValueType{wasm.I64}},
			entry:        {Results: []wasm.ValueType{wasm.I32}},
		},
		Imports: []wasm.Import{{Module: abi.JobV1, Name: "input", Type: hostFunction}, {Module: abi.RedisV1, Name: "do", Type: hostFunction}},
		Functions: []wasm.Function{{Type: entry, Locals: []wasm.Locals{{Count: 1, Type: wasm.I64}, {Count: 1, Type: wasm.I32}}, Code: []byte{
			0x41, 0, 0x41, 0, 0x41, 0, 0x41, room, 0x10, 0, // call input, to 0
			0xa7, 0x41, 8, 0x6b, 0x21, 1, // $length = its length - 8
			0x41, 0, 0x29, 3, 0, 0x21, 0, // $times = the first 8 bytes
			0x03, 0x40, // loop
			0x41, 8, 0x20, 1, 0x41, room, 0x41, room, 0x10, 1, // call do, with what is at 8
			0x42, 0, 0x53, 0x04, 0x40, 0x41, 1, 0x0f, 0x0b, // if that is below 0, return 1
			0x20, 0, 0x42, 1, 0x7d, 0x22, 0, 0x42, 0, 0x55, 0x0d, 0, // again while --$times > 0
			0x0b, 0x41, 0, 0x0b, // end, return 0
		}}},
		Memories: []wasm.Limits{{Min: 1}},
		Exports:  []wasm.Export{{Name: abi.ExportMemory, Kind: wasm.KindMemory}, {Name: abi.ExportRun, Kind: wasm.KindFunction, Index: 2}},
	}
	return m.Encode()
}

// guest returns the caller in a sandbox, and a job of it.
func guest(t *testing.T, b *bundle, limits job.Limits) (*sandbox.Module, func(times int64, timeout time.Duration, args ...any) *job.Job) {
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Options{Capabilities: []capability.Capability{b.cap}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	m, err := rt.Load(ctx, caller(), &abi.Manifest{Name: "caller"}, limits)
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
