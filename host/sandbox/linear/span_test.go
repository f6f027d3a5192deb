package linear

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Data runs and zero runs take turns and cover a snapshot; the ones hold all
// that is not zero, and are no longer than that needs.
func TestRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.IntRange(-1, WasmPage-1), 0, 20).Draw(t, "where each part has a byte")
		snapshot := make([]byte, len(parts)*WasmPage)
		for i, at := range parts {
			if at >= 0 {
				snapshot[i*WasmPage+at] = 1
			}
		}
		data := dataRuns(snapshot)
		all := append(slices.Clone(data), zeroRuns(data, len(snapshot))...)
		slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
		end := 0
		for i, r := range all {
			require.Equal(t, end, r.from)
			require.Less(t, r.from, r.to)
			isData := slices.Contains(data, r)
			require.Equal(t, i%2 == 0, isData == slices.Contains(data, all[0]), "they take turns")
			for p := r.from / WasmPage; p < r.to/WasmPage; p++ {
				require.Equal(t, isData, parts[p] >= 0)
			}
			end = r.to
		}
		require.Equal(t, len(snapshot), end)
	})
}

func TestIsZero(t *testing.T) {
	require.True(t, isZero(nil))
	for n := 1; n < 100; n++ {
		b := make([]byte, n)
		require.True(t, isZero(b))
		for i := range b {
			b[i] = 1
			require.False(t, isZero(b), "%d of %d", i, n)
			b[i] = 0
		}
	}
}
