package sandbox_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// In whatever way a guest stays in compiled code, its fuel ends it long before
// its deadline, and the same job uses the same fuel each time.
func TestHostileFuel(t *testing.T) {
	const fuel = 20_000_000
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for _, a := range attacks {
		if !slices.Contains(loopers, a.guest) {
			continue
		}
		t.Run(a.name(), func(t *testing.T) {
			a.limits.Fuel = fuel
			m := a.load(t, b)
			var used []int64
			for range 3 {
				r := m.Run(context.Background(), newJob([]byte(a.payload)))
				require.Equal(t, job.Fuel.String(), r.End.String(), r.Error)
				require.GreaterOrEqual(t, r.Cost.Fuel, int64(fuel))
				used = append(used, r.Cost.Fuel)
				other.check(t)
			}
			require.Equal(t, []int64{used[0], used[0], used[0]}, used)
			require.NoError(t, m.Close(context.Background()))
		})
	}
}

// The depth of calls is a limit of its own, however the calls are made. It is
// looked at where fuel is, so a guest may be by a slice of fuel beyond it.
func TestHostileDepth(t *testing.T) {
	const depth, slice = 10_000, 5_000
	b := setup(t, sandbox.Options{})
	other := newBystander(t, b)
	for _, a := range attacks {
		if a.end != job.Stack {
			continue
		}
		t.Run(a.name(), func(t *testing.T) {
			a.limits.Depth = depth
			m := a.load(t, b)
			r := m.Run(context.Background(), newJob(nil))
			require.Equal(t, job.Stack.String(), r.End.String(), r.Error)
			require.Contains(t, r.Error, "the job's limit is 10000")
			if a.guest == "recursion_host" {
				require.Greater(t, r.Cost.HostCalls, int64(depth), "it calls the host once at each level")
				require.Less(t, r.Cost.HostCalls, int64(depth+slice))
			}
			other.check(t)
			require.NoError(t, m.Close(context.Background()))
		})
	}
}
