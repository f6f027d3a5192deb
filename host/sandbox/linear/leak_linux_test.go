package linear_test

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// held returns how many mappings and open files this process has.
func held(t *testing.T) (mappings, files int) {
	t.Helper()
	runtime.GC()
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return bytes.Count(maps, []byte("\n")), len(open)
}

// Two thousand instances, and a hundred images, leave nothing behind.
func TestNothingLeaks(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		use := func() {
			im, err := system.NewImage(way, snapshot, 1<<20)
			require.NoError(t, err)
			for range 20 {
				m, err := im.NewMemory()
				require.NoError(t, err)
				m.Begin()
				every(3)(m.Reallocate(0))
				m.End()
				require.NoError(t, m.Reset())
				require.NoError(t, m.Close())
			}
			_, err = system.NewImage(way, snapshot, 0)
			require.Error(t, err)
			require.NoError(t, im.Close())
		}
		use()
		mappings, files := held(t)
		for range 100 {
			use()
		}
		mappingsAfter, filesAfter := held(t)
		// Go's own heap and threads may grow a little.
		require.InDelta(t, mappings, mappingsAfter, 20)
		require.Equal(t, files, filesAfter)
	})
}

// However much is written and put back, an instance has a few mappings.
func TestMappingsAreFew(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(4)
		im := newImage(t, system, way, snapshot)
		before, _ := held(t)
		const instances = 50
		for range instances {
			in := newInstance(t, im, snapshot)
			for n := 1; n < 5; n++ {
				require.NoError(t, in.run(every(n)))
			}
		}
		after, _ := held(t)
		require.Less(t, after-before, 4*instances+20)
	})
}

// Probing leaves nothing behind either.
func TestProbeLeaksNothing(t *testing.T) {
	linear.Probe()
	mappings, files := held(t)
	for range 20 {
		linear.Probe()
	}
	mappingsAfter, filesAfter := held(t)
	require.InDelta(t, mappings, mappingsAfter, 20)
	require.Equal(t, files, filesAfter)
}
