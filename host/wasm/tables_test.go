package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/wasm"
)

func TestBoundTables(t *testing.T) {
	const (
		noMaximum = "\x00"
		maximum   = "\x01"
	)
	for name, c := range map[string]struct{ tables, want string }{
		"without maximum": {list("\x70" + noMaximum + "\x02"), list("\x70" + maximum + "\x02\x64")},
		"larger maximum":  {list("\x70" + maximum + "\x02\xff\x01"), list("\x70" + maximum + "\x02\x64")},
		"smaller maximum": {list("\x6f" + maximum + "\x02\x03"), list("\x6f" + maximum + "\x02\x03")},
		"two share":       {list("\x70"+noMaximum+"\x0a", "\x6f"+noMaximum+"\x1e"), list("\x70"+maximum+"\x0a\x28", "\x6f"+maximum+"\x1e\x3c")},
		"just full":       {list("\x70" + noMaximum + "\x64"), list("\x70" + maximum + "\x64\x64")},
	} {
		t.Run(name, func(t *testing.T) {
			m := decoded(t, []byte(header+section(tables, c.tables)))
			require.NoError(t, m.BoundTables(100))
			require.Equal(t, header+section(tables, c.want), string(m.Encode()))
		})
	}
}

func TestBoundTablesRefuses(t *testing.T) {
	for name, c := range map[string]struct{ tables, want string }{
		"too many entries":  {list("\x70\x00\x65"), "start with 101 entries, and at most 100"},
		"together too many": {list("\x70\x00\x33", "\x70\x00\x32"), "start with 101 entries"},
		"as many as can be": {list("\x70\x00\xff\xff\xff\xff\x0f", "\x70\x00\xff\xff\xff\xff\x0f"), "start with 8589934590 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			m := decoded(t, []byte(header+section(tables, c.tables)))
			require.ErrorContains(t, m.BoundTables(100), c.want)
		})
	}
}

// TestBoundTablesHolds bounds any tables: the maxima together stay within the
// limit, none is below its minimum or above what the module asked for, and
// bounding again changes nothing.
func TestBoundTablesHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Uint32().Draw(t, "limit")
		table := rapid.Custom(func(t *rapid.T) wasm.Table {
			l := wasm.Limits{Min: rapid.Uint32Max(limit/4+1).Draw(t, "min"), HasMax: rapid.Bool().Draw(t, "has max")}
			if l.HasMax {
				l.Max = rapid.Uint32Min(l.Min).Draw(t, "max")
			}
			return wasm.Table{Type: wasm.FuncRef, Limits: l}
		})
		before := rapid.SliceOfN(table, 1, 5).Draw(t, "tables")
		m := wasm.Module{Tables: append([]wasm.Table(nil), before...)}
		var least uint64
		for _, b := range before {
			least += uint64(b.Min)
		}
		err := m.BoundTables(limit)
		require.Equal(t, least > uint64(limit), err != nil)
		if err != nil {
			require.Equal(t, before, m.Tables)
			return
		}
		var most uint64
		for i, after := range m.Tables {
			require.True(t, after.HasMax)
			require.Equal(t, before[i].Min, after.Min)
			require.GreaterOrEqual(t, after.Max, after.Min)
			if before[i].HasMax {
				require.LessOrEqual(t, after.Max, before[i].Max)
			}
			most += uint64(after.Max)
		}
		require.LessOrEqual(t, most, uint64(limit))
		bounded := append([]wasm.Table(nil), m.Tables...)
		require.NoError(t, m.BoundTables(limit))
		if len(bounded) == 1 {
			require.Equal(t, bounded, m.Tables)
		}
	})
}
