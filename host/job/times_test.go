package job_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

func TestClockRoundsByASixteenth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		took := time.Duration(rapid.Int64Range(0, 1<<40-1).Draw(t, "took"))
		clock := &job.Clock{}
		clock.Add(took)
		times := clock.Times()
		require.Equal(t, int64(1), times.Count())
		require.InDelta(t, took, times.Median(), float64(took)/16)
	})
}

func TestClockTakesAnyTime(t *testing.T) {
	clock := &job.Clock{}
	clock.Add(-time.Second)
	clock.Add(math.MaxInt64)
	times := clock.Times()
	require.Equal(t, int64(1), times[0])
	require.Equal(t, int64(2), times.Count())
	require.Greater(t, maxOf(times), 15*time.Minute)
}

func maxOf(times job.Times) (most time.Duration) {
	for took := range times {
		most = max(most, took)
	}
	return most
}

func TestTimes(t *testing.T) {
	require.Zero(t, job.Times(nil).Median())
	require.Zero(t, job.Times{}.Count())
	odd := job.Times{1: 1, 2: 1, 100: 1}
	require.Equal(t, time.Duration(2), odd.Median())
	odd.Merge(job.Times{100: 2, 5: 1})
	require.Equal(t, job.Times{1: 1, 2: 1, 5: 1, 100: 3}, odd)
	require.Equal(t, time.Duration(5), odd.Median(), "of an even number it is the lower one of both in the middle")
	odd.Merge(nil)
	require.Equal(t, int64(6), odd.Count())
}

func TestClockCountsWhatRunsAtOnce(t *testing.T) {
	clock := &job.Clock{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				clock.Add(time.Millisecond)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(8000), clock.Times().Count())
}
