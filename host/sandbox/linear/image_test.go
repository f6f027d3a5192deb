package linear_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

func TestImageRefuses(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		for _, c := range []struct {
			name  string
			size  int
			limit int64
			says  string
		}{
			{"half a page", linear.WasmPage / 2, 1 << 20, "no multiple of 65536"},
			{"more than the limit", 2 * linear.WasmPage, linear.WasmPage, "raise the memory limit"},
			{"a negative limit", 0, -1, "the limit is -1"},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := system.NewImage(way, make([]byte, c.size), c.limit)
				require.ErrorContains(t, err, c.says)
			})
		}
	})
}

func TestSmallImages(t *testing.T) {
	for name, snapshot := range map[string][]byte{
		"nothing":          nil,
		"one page":         dense(linear.WasmPage),
		"one page of zero": make([]byte, linear.WasmPage),
		"zero":             make([]byte, 20*linear.WasmPage),
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
				in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
				for range 3 {
					require.NoError(t, in.run(every(1)))
					in.same(t)
				}
			})
		})
	}
}

// A runtime that asks for a module's minimum gets the snapshot's size.
func TestMemoryIsNeverSmallerThanItsSnapshot(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		im := newImage(t, system, way, snapshot)
		m, err := im.NewMemory()
		require.NoError(t, err)
		require.Len(t, m.Reallocate(linear.WasmPage), len(snapshot))
		require.Nil(t, m.Reallocate(uint64(len(snapshot)+5*linear.WasmPage)))
		require.True(t, m.Refused())
		require.NoError(t, m.Reset(), "a refusal is no growth")
		require.NoError(t, m.Close())
	})
}

func TestImageInUseIsNotClosed(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		im, err := system.NewImage(way, snapshot, 1<<20)
		require.NoError(t, err)
		m, err := im.NewMemory()
		require.NoError(t, err)
		require.ErrorContains(t, im.Close(), "in use by 1")
		require.NoError(t, m.Reset())
		require.NoError(t, m.Close())
		require.NoError(t, im.Close())
		require.NoError(t, im.Close(), "twice does nothing")
	})
}

func TestAutoTakesTheBest(t *testing.T) {
	system := linear.Probe()
	im, err := system.NewImage(linear.Auto, dense(linear.WasmPage), 1<<20)
	require.NoError(t, err)
	require.Equal(t, system.Best(), im.Way())
	require.NoError(t, im.Close())
}
