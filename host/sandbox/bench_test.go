package sandbox_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// A job that does nothing: what the sandbox itself costs.
func BenchmarkEmptyJob(b *testing.B) {
	m := setup(b, sandbox.Options{}).load(b, "empty", job.Limits{})
	j := newJob(nil)
	b.ReportAllocs()
	for b.Loop() {
		if r := m.Run(context.Background(), j); r.End != job.Success {
			b.Fatal(r.End, r.Error)
		}
	}
}

// A host call without arguments that does nothing, among many of one job: what
// the crossing costs.
func BenchmarkHostCall(b *testing.B) { benchmarkCalls(b, "bench_call") }

// The same for henge_clock_v1.now; a good part of it is the system's clock.
func BenchmarkClockNow(b *testing.B) { benchmarkCalls(b, "bench_now") }

func benchmarkCalls(b *testing.B, guest string) {
	m := setup(b, sandbox.Options{}).load(b, guest, job.Limits{HostCalls: 1 << 62})
	j := newJob(binary.LittleEndian.AppendUint64(nil, uint64(b.N)))
	b.ReportAllocs()
	b.ResetTimer()
	r := m.Run(context.Background(), j)
	b.StopTimer()
	require.Equal(b, job.Success, r.End, r.Error)
	require.Equal(b, int64(b.N)+1, r.Cost.HostCalls)
}

// A guest may call the host in a loop: no call may leave garbage.
func TestHostCallLeavesNoGarbage(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "bench_now", job.Limits{})
	allocs := func(calls uint64) float64 {
		j := newJob(binary.LittleEndian.AppendUint64(nil, calls))
		return testing.AllocsPerRun(10, func() { m.Run(context.Background(), j) })
	}
	require.InDelta(t, allocs(1), allocs(10_000), 100, "ten thousand calls allocate what one does")
}
