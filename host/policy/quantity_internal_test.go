package policy

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever is read is what was written, and never more than the unit times it.
func TestQuantityIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, math.MaxInt64).Draw(t, "n")
		got, ok := quantity(strconv.FormatInt(n, 10)+"u", map[string]int64{"u": 1000})
		require.Equal(t, n <= math.MaxInt64/1000, ok)
		if ok {
			require.Equal(t, n*1000, got)
		}
	})
}
