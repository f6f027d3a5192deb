package sandbox_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// spinTimeout is the deadline of the guests whose lateness is measured.
const spinTimeout = 300 * time.Millisecond

// spinner is a guest that only its deadline ends.
type spinner struct {
	attack
	m *sandbox.Module
}

func loadSpinners(t testing.TB) []spinner {
	b := setup(t, sandbox.Options{})
	var out []spinner
	for _, a := range attacks {
		if a.end == job.Deadline {
			out = append(out, spinner{a, a.load(t, b)})
		}
	}
	return out
}

// late returns by how much the guest outlives its deadline.
func (s spinner) late(t testing.TB) time.Duration {
	start := time.Now()
	r := s.run(s.m, spinTimeout)
	late := time.Since(start) - spinTimeout
	require.Equal(t, job.Deadline.String(), r.End.String(), "%s: %s", s.name(), r.Error)
	return late
}

// percentile returns the smallest of the times that p of a hundred do not
// exceed.
func percentile(times []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)*p+99)/100-1]
}

// milliseconds is a time as benchmarks report it.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Whatever a guest does, it ends soon after its deadline. The bound is wide,
// since the race detector and a busy machine are slow; what is aimed at is in
// BenchmarkOvershoot.
func TestOvershoot(t *testing.T) {
	var times []time.Duration
	for _, s := range loadSpinners(t) {
		t.Run(s.name(), func(t *testing.T) {
			late := s.late(t)
			times = append(times, late)
			require.GreaterOrEqual(t, late, time.Duration(0), "it is not ended early")
			require.Less(t, late, 700*time.Millisecond)
		})
	}
	if len(times) > 0 {
		t.Logf("late by p50 %s, p99 %s", percentile(times, 50), percentile(times, 99))
	}
}

// By how much guests outlive their deadline, over all kinds of them. At most
// 20 ms are aimed at for 99 of 100.
func BenchmarkOvershoot(b *testing.B) {
	spinners := loadSpinners(b)
	var times []time.Duration
	for b.Loop() {
		for _, s := range spinners {
			times = append(times, s.late(b))
		}
	}
	b.ReportMetric(milliseconds(percentile(times, 50)), "late-p50-ms")
	b.ReportMetric(milliseconds(percentile(times, 99)), "late-p99-ms")
}

// loopers are guests that stay in compiled code in each way there is: in a
// loop, in calls, in code without either, and in long instructions.
var loopers = []string{"../loop", "recursion_tree", "function_long", "memory_fill", "table_fill"}

// whileGuestsLoop calls f while there is a guest for each processor, and stops
// them then. As in a worker, one more goroutine can run than there are guests.
func whileGuestsLoop(t testing.TB, f func()) {
	var modules []*sandbox.Module
	for _, s := range loadSpinners(t) {
		if slices.Contains(loopers, s.guest) {
			modules = append(modules, s.m)
		}
	}
	require.Len(t, modules, len(loopers))
	guests := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(guests + 1))
	ctx, cancel := context.WithCancel(context.Background())
	var running, done sync.WaitGroup
	for i := range guests {
		running.Add(1)
		done.Go(func() {
			running.Done()
			for ; ctx.Err() == nil; i++ {
				// Guests take turns, so that each kind is met.
				j := newJob(nil)
				j.Timeout = 20 * time.Millisecond
				modules[i%len(modules)].Run(ctx, j)
			}
		})
	}
	running.Wait()
	f()
	cancel()
	done.Wait()
}

// collection is one run of the garbage collector: how long it took in all,
// most of which is waiting for its turn on a busy machine, and for how long it
// kept every goroutine from running, from when it asked them to stop.
type collection struct{ took, pause time.Duration }

func collect() collection {
	start := time.Now()
	runtime.GC()
	c := collection{took: time.Since(start)}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	c.pause = stats.Pause[0]
	return c
}

// A guest that loops does not hold up the garbage collector, for which every
// goroutine has to pause: if it did, all jobs would wait for that one.
func TestCollectWhileGuestsLoop(t *testing.T) {
	whileGuestsLoop(t, func() {
		for range 20 {
			if c := collect(); c.pause > 2*time.Second {
				t.Errorf("the garbage collector stopped everything for %s", c.pause)
				return
			}
		}
	})
}

// How long a garbage collection takes while guests loop on all processors, how
// long it stops everything, and how long it takes with nothing else to do. At
// most 20 ms are aimed at for 99 of 100.
func BenchmarkCollectWhileGuestsLoop(b *testing.B) {
	var idle, took, pauses []time.Duration
	for range 10 {
		idle = append(idle, collect().took)
	}
	whileGuestsLoop(b, func() {
		for b.Loop() {
			c := collect()
			took, pauses = append(took, c.took), append(pauses, c.pause)
		}
	})
	b.ReportMetric(milliseconds(percentile(idle, 50)), "idle-p50-ms")
	for name, times := range map[string][]time.Duration{"gc": took, "pause": pauses} {
		b.ReportMetric(milliseconds(percentile(times, 50)), name+"-p50-ms")
		b.ReportMetric(milliseconds(percentile(times, 99)), name+"-p99-ms")
		b.ReportMetric(milliseconds(slices.Max(times)), name+"-max-ms")
	}
}
