package registry

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// inOrder is what loading one file after the other, each to its end, comes to:
// who serves each type, and for each claim that is refused by another one,
// which that is.
func inOrder(claims []claim) (serving map[string]int, rivals map[int]int) {
	serving, rivals = map[string]int{}, map[int]int{}
	alive := map[int]bool{}
	for i, c := range claims {
		if c.outcome != loaded {
			continue
		}
		taken := -1
		for j := range i {
			if alive[j] && claims[j].name != c.name && taken < 0 && len(common(c.types, claims[j].types)) > 0 {
				taken = j
			}
		}
		if taken >= 0 {
			rivals[i] = taken
			continue
		}
		for j := range i {
			if alive[j] && claims[j].name == c.name {
				delete(alive, j)
				rivals[j] = i
			}
		}
		alive[i] = true
	}
	for i := range alive {
		for _, t := range claims[i].types {
			serving[t] = i
		}
	}
	return serving, rivals
}

// served is who serves what now.
func served(t require.TestingT, verdicts []verdict) map[string]int {
	by := map[string]int{}
	for i, v := range verdicts {
		for _, typ := range v.types {
			require.NotContains(t, by, typ, "two modules serve one type")
			by[typ] = i
		}
	}
	return by
}

// anyClaims draws files that fight over few names and types, and how the
// loading of each ends.
func anyClaims(t *rapid.T) (claims []claim, ends []outcome) {
	types := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"w", "x", "y", "z"}), 1, 3, rapid.ID)
	for i := range rapid.IntRange(1, 8).Draw(t, "files") {
		claims = append(claims, claim{
			name:  rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, fmt.Sprintf("name %d", i)),
			types: types.Draw(t, fmt.Sprintf("types %d", i)),
		})
		ends = append(ends, rapid.SampledFrom([]outcome{loaded, loaded, failed}).Draw(t, fmt.Sprintf("end %d", i)))
	}
	return claims, ends
}

func TestOrderOfLoadingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims, ends := anyClaims(t)
		order := make([]int, len(claims))
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order of loading")

		finished := slices.Clone(claims)
		for i := range finished {
			finished[i].outcome = ends[i]
		}
		wantServing, wantRivals := inOrder(finished)

		before := resolve(claims)
		for _, at := range order {
			claims[at].outcome = ends[at]
			now := resolve(claims)
			serving := served(t, now)
			for typ := range served(t, before) {
				require.Contains(t, serving, typ, "a type that was served is not any more")
			}
			for i, v := range now {
				if before[i].state == Refused {
					require.Equal(t, Refused, v.state, "claim %d came back", i)
				}
				_, refused := wantRivals[i]
				switch v.holds {
				case yes:
					require.True(t, ends[i] == loaded && !refused, "claim %d was promised what it does not get", i)
				case no:
					require.True(t, ends[i] == failed || refused, "claim %d was denied what it gets", i)
				}
			}
			before = now
		}
		require.Equal(t, wantServing, served(t, before))
		for i, v := range before {
			require.NotEqual(t, Pending, v.state)
			rival, refused := wantRivals[i]
			require.Equal(t, refused || ends[i] == failed, v.state == Refused, "claim %d", i)
			if refused {
				require.Equal(t, rival, v.rival, "claim %d", i)
			}
		}
	})
}

func TestResolveWhileLoading(t *testing.T) {
	for name, c := range map[string]struct {
		claims []claim
		want   map[string]int
		states []State
	}{
		"an earlier module serves until its replacement is there": {
			[]claim{{name: "m", types: []string{"x"}, outcome: loaded}, {name: "m", types: []string{"x"}, outcome: loading}},
			map[string]int{"x": 0}, []State{Serving, Pending},
		},
		"but not in a type that the replacement drops": {
			[]claim{{name: "m", types: []string{"x", "old"}, outcome: loaded}, {name: "m", types: []string{"x"}, outcome: loading}},
			map[string]int{"x": 0}, []State{Serving, Pending},
		},
		"a later module waits for an earlier one that claims its type": {
			[]claim{{name: "m", types: []string{"x"}, outcome: loading}, {name: "n", types: []string{"x"}, outcome: loaded}},
			map[string]int{}, []State{Pending, Pending},
		},
		"and is refused when that one is there": {
			[]claim{{name: "m", types: []string{"x"}, outcome: loaded}, {name: "n", types: []string{"x"}, outcome: loaded}},
			map[string]int{"x": 0}, []State{Serving, Refused},
		},
		"a replacement is there before what it replaces": {
			[]claim{{name: "m", types: []string{"x"}, outcome: loading}, {name: "m", types: []string{"x"}, outcome: loaded}},
			map[string]int{"x": 1}, []State{Pending, Serving},
		},
		"a replacement that fails leaves the earlier one": {
			[]claim{{name: "m", types: []string{"x", "old"}, outcome: loaded}, {name: "m", types: []string{"x"}, outcome: failed}},
			map[string]int{"x": 0, "old": 0}, []State{Serving, Refused},
		},
		"a type that a replacement may set free is waited for": {
			[]claim{{name: "m", types: []string{"x", "y"}, outcome: loaded}, {name: "m", types: []string{"y"}, outcome: loading}, {name: "n", types: []string{"x"}, outcome: loaded}},
			map[string]int{"y": 0}, []State{Serving, Pending, Pending},
		},
	} {
		t.Run(name, func(t *testing.T) {
			verdicts := resolve(c.claims)
			require.Equal(t, c.want, served(t, verdicts))
			var states []State
			for _, v := range verdicts {
				states = append(states, v.state)
			}
			require.Equal(t, c.states, states)
		})
	}
}

func TestBearingDecidesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims, ends := anyClaims(t)
		wanted := rapid.SampledFrom([]string{"w", "x", "y", "z"}).Draw(t, "wanted")
		for i := range claims {
			claims[i].outcome = ends[i]
		}
		all := served(t, resolve(claims))

		var kept []claim
		var from []int
		for i, bears := range bearing(claims, []string{wanted}) {
			if bears {
				kept, from = append(kept, claims[i]), append(from, i)
			}
		}
		some := served(t, resolve(kept))
		at, ok := some[wanted]
		want, wantOK := all[wanted]
		require.Equal(t, wantOK, ok)
		if ok {
			require.Equal(t, want, from[at])
		}
	})
}
