package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFuelIsLookedAt has guests that look at fuel as seldom as they can. No
// more than a moment's work may lie between two looks, and none at the end:
// until then, nobody can end them.
func TestFuelIsLookedAt(t *testing.T) {
	const most = 4 * 65536
	nops := func(n int) []byte { return repeat(n, opNop) }
	call := func(i int) []byte { return join([]byte{opCall}, leb(i)) }
	calls := func(n, i int) []byte { return repeat(n, call(i)...) }
	// sometimes is an arm that each guest goes through, where nothing says so.
	sometimes := func(code []byte) []byte {
		return join([]byte{opGlobalGet, 0, opIf, noResult}, code, []byte{opEnd})
	}
	for name, functions := range map[string][][]byte{
		"a straight line":         {nops(1_000_000)},
		"divisions":               {repeat(40_000, opI32Const, 3, opI32Const, 3, 0x6e, opDrop)},
		"blocks without branches": {repeat(3_000, join([]byte{opBlock, noResult}, nops(100), []byte{opEnd})...)},
		"ifs in a row":            {repeat(3_000, sometimes(nops(100))...)},
		"long arms":               {repeat(10, sometimes(nops(60_000))...)},
		"calls of a cheap one":    {calls(10_000, 1), nops(30)},
		"calls of a long one":     {calls(500, 1), nops(60_000)},
		// The way to the end is short, and the other one is not.
		"calls of one with an arm": {calls(500, 1), sometimes(nops(60_000))},
		// Each calls the next a hundred times.
		"a tower":              {calls(20, 1), calls(20, 2), calls(20, 3), calls(20, 4), nops(10)},
		"a tower of arms":      {sometimes(calls(20, 1)), sometimes(calls(20, 2)), sometimes(calls(20, 3)), sometimes(nops(30))},
		"a tower of long arms": {sometimes(calls(50, 1)), sometimes(calls(50, 2)), sometimes(nops(1000))},
		// A recursion whose work begins when it is at its deepest.
		"a long way back": {recursion(5_000, nops(60_000))},
		"back through two": {
			recursionTo(1, 5_000, nops(30_000)), recursionTo(0, 5_000, nops(30_000)),
		},
		"back through a table": {
			recursionBy([]byte{opI32Const, 0, opCallIndirect, 0, 0}, 5_000, nops(60_000)),
		},
		"back through many": chained(3_000, nops(60_000)),
		"a loop of calls":   {join([]byte{opLoop, noResult}, call(1), countdown(100_000), []byte{0x0d, 0, opEnd}), nops(10)},
		"a loop of a loop":  {join([]byte{opLoop, noResult, opLoop, noResult}, countdown(100_000), []byte{0x0d, 0, opEnd, opEnd})},
	} {
		t.Run(name, func(t *testing.T) {
			binary := callees(functions...)
			s := watch(t, metered(t, counted(t, binary)), 0)
			require.Empty(t, s.err)
			require.Less(t, s.longest, int64(most), "instructions are executed without a look, of %d units in all", s.total)
		})
	}
}

// chained has n functions, each of which calls the next one and then the last,
// which does the work.
func chained(n int, work []byte) [][]byte {
	var functions [][]byte
	for i := range n {
		functions = append(functions, join([]byte{opCall}, leb(i+1), []byte{opCall}, leb(n)))
	}
	return append(functions, work)
}

// countdown takes from global 1, and says whether it is below n rounds.
func countdown(n int) []byte {
	return join([]byte{opGlobalGet, 1, opI32Const, 1, 0x6a, 0x22, 0, opGlobalSet, 1, opLocalGet, 0, opI32Const}, signed32(int32(n)), []byte{0x48})
}

// recursion calls itself n times, and does the work when it comes back.
func recursion(n int, work []byte) []byte { return recursionTo(0, n, work) }

func recursionTo(function, n int, work []byte) []byte {
	return recursionBy(join([]byte{opCall}, leb(function)), n, work)
}

func recursionBy(call []byte, n int, work []byte) []byte {
	return join(countdown(n), []byte{opIf, noResult}, call, []byte{opEnd}, work)
}

// callees is a module of functions () -> () with a local of type i32. The
// first is exported as f, and stands in the table; global 0 is 1, and global 1
// counts.
func callees(functions ...[]byte) []byte {
	var bodies [][]byte
	for _, f := range functions {
		bodies = append(bodies, body([]byte{1, 1, i32}, f))
	}
	return module(
		section(sectionType, vector([]byte{0x60, 0, 0})),
		section(sectionFunction, leb(len(functions)), repeat(len(functions), 0)),
		section(sectionTable, vector([]byte{funcref, 0, 1})),
		section(sectionGlobal, vector([]byte{i32, 1, opI32Const, 1, opEnd}, []byte{i32, 1, opI32Const, 0, opEnd})),
		section(sectionExport, vector(join(text("f"), []byte{0, 0}))),
		section(sectionElement, vector([]byte{0, opI32Const, 0, opEnd, 1, 0})),
		section(sectionCode, vector(bodies...)),
	)
}
