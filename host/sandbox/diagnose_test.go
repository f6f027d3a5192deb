package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/linear"
)

func TestDiagnose(t *testing.T) {
	d, err := sandbox.Diagnose(t.Context())
	require.NoError(t, err)
	var ways []linear.Way
	inUse := 0
	for _, w := range d.Ways {
		ways = append(ways, w.Way)
		if w.Missing == nil {
			require.Positive(t, w.Cost, w.Way)
		} else {
			require.Zero(t, w.Cost, w.Way)
			require.False(t, w.InUse)
		}
		if w.InUse {
			inUse++
			require.Equal(t, setup(t, sandbox.Options{}).Way(), w.Way, "what a runtime takes")
		}
	}
	require.Equal(t, linear.Ways(), ways)
	require.Equal(t, 1, inUse)
	require.NoError(t, d.Ways[len(d.Ways)-1].Missing, "copying works everywhere")
}

// A way that was asked for is taken, or refused at once with what is missing.
func TestForcedWay(t *testing.T) {
	system := linear.Probe()
	for _, way := range linear.Ways() {
		t.Run(way.String(), func(t *testing.T) {
			missing := system.Check(way)
			if missing != nil {
				_, err := sandbox.New(t.Context(), sandbox.Options{Way: way})
				require.ErrorContains(t, err, missing.Error())
				require.ErrorContains(t, err, way.String())
				return
			}
			b := setup(t, sandbox.Options{Way: way, VerifyReset: true})
			require.Equal(t, way, b.Way())
			m := b.load(t, "success", job.Limits{})
			require.Positive(t, m.SnapshotSize())
			for range 3 {
				require.Equal(t, job.Success, m.Run(t.Context(), newJob(nil)).End)
			}
		})
	}
	_, err := sandbox.New(t.Context(), sandbox.Options{Way: 99})
	require.ErrorContains(t, err, "99")
}
