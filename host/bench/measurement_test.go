package bench

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for name, c := range map[string]struct {
		sorted []int
		q      float64
		want   int
	}{
		"of one":            {[]int{7}, 0.5, 7},
		"of one, highest":   {[]int{7}, 0.99, 7},
		"lower of two":      {[]int{1, 2}, 0.5, 1},
		"middle of three":   {[]int{1, 2, 3}, 0.5, 2},
		"highest of few":    {[]int{1, 2, 3}, 0.99, 3},
		"half of a hundred": {hundred, 0.5, 50},
		"99 of a hundred":   {hundred, 0.99, 99},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, Percentile(c.sorted, c.q)) })
	}
}

// Whatever the samples are: so many are no larger, and one fewer would be too
// few.
func TestPercentileCountsSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sorted := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 300).Draw(t, "samples")
		slices.Sort(sorted)
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		p := Percentile(sorted, q)
		below, upTo := 0, 0
		for _, v := range sorted {
			if v < p {
				below++
			}
			if v <= p {
				upTo++
			}
		}
		n := float64(len(sorted))
		require.GreaterOrEqual(t, float64(upTo), q*n)
		require.Less(t, float64(below), q*n)
	})
}

func TestTakeStopsInTime(t *testing.T) {
	samples := newSamples(1)[0]
	for name, c := range map[string]struct {
		time time.Duration
		room int
		want int
	}{
		"at least once": {0, maxSamples, 1},
		"no more room":  {time.Hour, 10, 10},
	} {
		t.Run(name, func(t *testing.T) {
			l, calls := samples[:0:c.room], 0
			require.NoError(t, l.take(time.Now(), c.time, func() error { calls++; return nil }))
			require.Equal(t, c.want, calls)
			require.Len(t, l, c.want)
		})
	}
	broken := errors.New("broken")
	require.ErrorIs(t, samples.take(time.Now(), time.Hour, func() error { return broken }), broken)
}

func TestSummariseJoinsGoroutines(t *testing.T) {
	m := summarise([]latencies{{5, 1, 4}, {2, 3}}, 2*time.Second)
	require.Equal(t, time.Duration(1), m.fast)
	require.Equal(t, time.Duration(3), m.p50)
	require.Equal(t, time.Duration(5), m.p99)
	require.InDelta(t, 2.5, m.perSecond, 1e-9)
}

// A round in which the machine was slow must not show in a ratio.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	measured := &cells{}
	for _, slow := range []time.Duration{1, 10, 1} {
		measured.add(New, 1, measurement{p50: 3000, fast: 2000 * slow, perSecond: 1})
		measured.add(Reset, 1, measurement{fast: 10 * slow, perSecond: 100})
		measured.add(Warm, 1, measurement{fast: 8 * slow, perSecond: 100})
		measured.add(Reset, 2, measurement{fast: 11 * slow, perSecond: 180 / float64(slow)})
	}
	r := measured.ratio("e", Script{Name: "s"}, []int{1, 2})
	require.Equal(t, Ratio{Engine: "e", Script: "s", NewToReset: 200, ResetToWarm: 1.25, SpeedUp: 1.8}, r)
	require.Zero(t, measured.ratio("e", Script{}, []int{1}).SpeedUp)

	rows := measured.rows("e", "s")
	require.Len(t, rows, 4)
	require.Equal(t, Row{Engine: "e", Script: "s", Way: New, Goroutines: 1, P50: 3000, JobsPerSecond: 1}, rows[0])
}

func TestMeanLeavesOutOverhead(t *testing.T) {
	ratios := []Ratio{
		{Script: "40+2", ResetToUnmetered: 9, overhead: true},
		{Script: "fib", ResetToUnmetered: 1.1},
		{Script: "sort", ResetToUnmetered: 1.3},
	}
	mean := meanRatio("e", ratios)
	require.Len(t, mean, 1)
	require.Equal(t, Mean, mean[0].Script)
	require.InDelta(t, 1.2, mean[0].ResetToUnmetered, 1e-9)
	require.Empty(t, meanRatio("e", ratios[:1]))
}
