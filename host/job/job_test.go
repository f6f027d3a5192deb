package job_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

func TestLimitsWithin(t *testing.T) {
	for name, c := range map[string]struct{ a, b, want job.Limits }{
		"nothing said":     {job.Limits{}, job.Limits{}, job.Limits{}},
		"only the first":   {job.Limits{Memory: 5}, job.Limits{}, job.Limits{Memory: 5}},
		"only the second":  {job.Limits{}, job.Limits{Memory: 5}, job.Limits{Memory: 5}},
		"the smaller wins": {job.Limits{Memory: 5, Log: 1}, job.Limits{Memory: 3, Log: 2}, job.Limits{Memory: 3, Log: 1}},
		"each field for itself": {
			job.Limits{Memory: 1, Wall: 2, Input: 3},
			job.Limits{Output: 4, Log: 5, HostCalls: 6, Fuel: 7, Depth: 8},
			job.Limits{Memory: 1, Wall: 2, Input: 3, Output: 4, Log: 5, HostCalls: 6, Fuel: 7, Depth: 8},
		},
		"within the defaults": {job.DefaultLimits, job.DefaultLimits, job.DefaultLimits},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.a.Within(c.b))
			require.Equal(t, c.want, c.b.Within(c.a), "the order does not matter")
		})
	}
}

func TestLimitsWithinNeverWidens(t *testing.T) {
	budget := rapid.Int64Range(0, 1000)
	limits := rapid.Custom(func(t *rapid.T) job.Limits {
		return job.Limits{
			Memory: budget.Draw(t, "memory"), Wall: time.Duration(budget.Draw(t, "wall")), Input: budget.Draw(t, "input"),
			Output: budget.Draw(t, "output"), Log: budget.Draw(t, "log"), HostCalls: budget.Draw(t, "calls"),
			Fuel: budget.Draw(t, "fuel"), Depth: budget.Draw(t, "depth"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := limits.Draw(t, "a"), limits.Draw(t, "b")
		got := a.Within(b)
		require.Equal(t, got, got.Within(a))
		require.Equal(t, got, got.Within(b))
		require.Equal(t, got, b.Within(a))
	})
}

func TestDefaultLimitsAreAllSet(t *testing.T) {
	d := job.DefaultLimits
	for _, v := range []int64{d.Memory, int64(d.Wall), d.Input, d.Output, d.Log, d.HostCalls, d.Fuel, d.Depth} {
		require.Positive(t, v)
	}
}

func TestDeadline(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct{ timeout, want time.Duration }{
		"not said": {0, job.DefaultTimeout},
		"negative": {-time.Second, job.DefaultTimeout},
		"said":     {time.Second, time.Second},
		"longest":  {math.MaxInt64, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			j := job.Job{Timeout: c.timeout}
			require.Equal(t, start.Add(c.want), j.Deadline(start))
			require.True(t, j.Deadline(start).After(start))
		})
	}
}

func TestEndNames(t *testing.T) {
	seen := map[string]bool{}
	for e := job.Unknown; e <= job.NotKept; e++ {
		name := e.String()
		require.Regexp(t, `^[a-z_]+$`, name)
		require.False(t, seen[name], name)
		seen[name] = true
		got, ok := job.ParseEnd(name)
		require.True(t, ok)
		require.Equal(t, e, got)
	}
	for _, s := range []string{"", "Success", "failed"} {
		got, ok := job.ParseEnd(s)
		require.False(t, ok)
		require.Equal(t, job.Unknown, got)
	}
	require.Equal(t, "unknown", job.End(-1).String())
	require.Equal(t, "unknown", (job.NotKept + 1).String())
}

func TestLevelNames(t *testing.T) {
	for l := job.Debug; l <= job.Error; l++ {
		got, ok := job.ParseLevel(l.String())
		require.True(t, ok)
		require.Equal(t, l, got)
	}
	require.Equal(t, "info", job.Level(0).String(), "the zero value")
	for _, s := range []string{"", "INFO", "fatal"} {
		got, ok := job.ParseLevel(s)
		require.False(t, ok)
		require.Equal(t, job.Info, got)
	}
	require.Equal(t, "info", job.Level(9).String())
	require.Equal(t, "info", job.Level(-9).String())
}

func TestRetryable(t *testing.T) {
	for e := job.Unknown; e <= job.NotKept; e++ {
		want := false
		switch e {
		case job.ScriptError, job.ExitCode, job.Stack, job.Deadline, job.HostLimit, job.Trap, job.NotKept:
			want = true
		}
		require.Equal(t, want, (&job.Result{End: e}).Retryable(), e)
		require.False(t, (&job.Result{End: e, NoRetry: true}).Retryable(), e)
	}
}

func TestLimitsOr(t *testing.T) {
	set := job.Limits{Memory: 1 << 40, Output: 5}
	want := job.DefaultLimits
	want.Memory, want.Output = 1<<40, 5
	require.Equal(t, want, set.Or(job.DefaultLimits), "what was set may also be larger")
	require.Equal(t, set, set.Or(job.Limits{}))
}
