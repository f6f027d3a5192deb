package sandbox_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMeteringCountsEnough compares fuel with the number of instructions that
// generated functions execute: at each call of the host, and at the end, no
// less was taken than was executed.
func TestMeteringCountsEnough(t *testing.T) {
	var ratios []float64
	rapid.Check(t, func(r *rapid.T) {
		binary := generated(r)
		arg := uint64(rapid.Uint32().Draw(r, "argument"))
		exact := watch(t, counted(t, binary), 0, arg)
		fuel := watch(t, metered(t, binary), 1000, arg)
		require.Equal(r, exact.visible(), fuel.visible())
		for i := range exact.at {
			require.GreaterOrEqual(r, fuel.at[i], exact.at[i], "at host call %d", i)
		}
		require.GreaterOrEqual(r, fuel.total, exact.total)
		if exact.err == "" && exact.total > 100 {
			ratios = append(ratios, float64(fuel.total)/float64(exact.total))
		}
	})
	require.NotEmpty(t, ratios)
	slices.Sort(ratios)
	at := func(part float64) float64 { return ratios[int(part*float64(len(ratios)-1))] }
	t.Logf("fuel for an instruction in %d functions: least %.2f, median %.2f, 90%% %.2f, most %.2f", len(ratios), at(0), at(0.5), at(0.9), at(1))
}

// TestMeteringChangesNothing runs generated functions as they are and metered,
// with hardly any fuel at a time and with plenty: what can be seen of them
// from outside is the same, and depth comes back to where it was.
func TestMeteringChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		binary := generated(r)
		arg := uint64(rapid.Uint32().Draw(r, "argument"))
		plain := watch(t, binary, 0, arg)
		rewritten := metered(t, binary)
		var used []int64
		for _, grant := range []int64{0, 1, 1_000_000} {
			got := watch(t, rewritten, grant, arg)
			require.Equal(r, plain.visible(), got.visible(), "with %d units at a time", grant)
			if plain.err == "" {
				require.EqualValues(r, deepest, got.depth)
			}
			used = append(used, got.total)
		}
		require.Len(r, slices.Compact(used), 1, "what is used does not depend on how it is given")
	})
}
