package linear_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

func TestMemoryGrowsWithinItsLimit(t *testing.T) {
	const limit = 3*linear.WasmPage + 5
	m, err := linear.NewMemory(limit)
	require.NoError(t, err)
	empty := m.Reallocate(0)
	require.Empty(t, empty)
	require.NotNil(t, empty, "nil would be a refusal")
	one := m.Reallocate(linear.WasmPage)
	require.Len(t, one, linear.WasmPage)
	require.Equal(t, len(one), cap(one), "the guest's slice cannot be extended")
	one[7] = 7
	all := m.Reallocate(limit)
	require.Len(t, all, limit)
	require.Same(t, &one[0], &all[0], "growing does not move")
	require.Equal(t, byte(7), all[7])
	require.False(t, m.Refused())

	require.Nil(t, m.Reallocate(limit+1))
	require.Nil(t, m.Reallocate(1<<63))
	require.True(t, m.Refused())
	require.Equal(t, int64(limit), m.Peak())

	m.Free()
	all[8] = 8 // still there
	m.Begin()
	require.False(t, m.Refused(), "what an earlier job was refused does not count")
	m.End()
	require.ErrorContains(t, m.Reset(), "Image.NewMemory")
	require.ErrorContains(t, m.Verify(), "Image.NewMemory")
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "twice does nothing")
	require.Nil(t, m.Reallocate(1), "closed")
}

func TestMemoryLimits(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		m, err := linear.NewMemory(0)
		require.NoError(t, err)
		require.Nil(t, m.Reallocate(1))
		require.NoError(t, m.Close())
	})
	t.Run("all that 32 bits address", func(t *testing.T) {
		m, err := linear.NewMemory(4 << 30)
		require.NoError(t, err)
		mem := m.Reallocate(4 << 30)
		mem[len(mem)-1] = 1
		require.NoError(t, m.Close())
	})
	for name, limit := range map[string]int64{"negative": -1, "more than there is": 1 << 62} {
		t.Run(name, func(t *testing.T) {
			_, err := linear.NewMemory(limit)
			require.Error(t, err)
		})
	}
}

// End without Begin, and Begin twice, do no harm.
func TestBeginAndEndInOddOrder(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		_, known := in.End()
		require.False(t, known)
		in.Begin()
		in.mem[0]++
		in.Begin()
		in.mem[9*page]++
		require.NoError(t, in.Reset(), "within a job")
		in.same(t)
		in.mem[20*page]++
		in.End()
		require.NoError(t, in.Reset())
		in.same(t)
	})
}

// What an instance has of its own follows what it has written.
func TestPrivate(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(10)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		if way == linear.Copy {
			require.Equal(t, int64(len(snapshot)), in.Private())
			return
		}
		require.Zero(t, in.Private())
		require.NoError(t, in.run(func(mem []byte) { mem[0]++ }))
		light := in.Private()
		require.Less(t, light, int64(linear.WasmPage)+1)
		if way != linear.Drop {
			require.Positive(t, light)
		}
		require.NoError(t, in.run(func(mem []byte) { every(1)(mem[:1<<20]) }))
		if way != linear.Drop {
			require.Greater(t, in.Private(), light, "a larger job's pages are kept for the next")
		}
		for range 20 {
			require.NoError(t, in.run(func(mem []byte) { mem[0]++ }))
		}
		require.LessOrEqual(t, in.Private(), light, "and given back when there was none")
		require.NoError(t, in.run(every(1)))
		require.Zero(t, in.Private(), "a heavy job's pages are given back at once")
	})
}
