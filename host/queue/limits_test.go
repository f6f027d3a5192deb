package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
)

// What a producer's library writes is what a worker reads, to the millisecond.
func TestLimitsThereAndBack(t *testing.T) {
	budget := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 1<<62))
	rapid.Check(t, func(t *rapid.T) {
		sent := job.Limits{
			Memory: budget.Draw(t, "memory"), Input: budget.Draw(t, "input"), Output: budget.Draw(t, "output"),
			Log: budget.Draw(t, "log"), Fuel: budget.Draw(t, "fuel"), Depth: budget.Draw(t, "depth"),
			HostCalls: budget.Draw(t, "host calls"), Wall: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "wall")),
		}
		c := &Claim{Job: &job.Job{}}
		c.readLimits(fieldLimits, encodeLimits(sent))
		require.Empty(t, c.Refusal)
		got := c.Job.Limits
		require.GreaterOrEqual(t, got.Wall, sent.Wall, "rounded up: a short time must not become none")
		require.Less(t, got.Wall-sent.Wall, time.Millisecond)
		got.Wall = sent.Wall
		require.Equal(t, sent, got)
	})
	require.Empty(t, encodeLimits(job.Limits{}), "no field for a job that sets none")
}
