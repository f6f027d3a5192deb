//go:build !henge_portable

package linear

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// changed is the real page map with every entry changed.
type changed struct {
	pageMap
	change func(entry uint64) uint64
}

func (c changed) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.pageMap.ReadAt(b, at)
	for i := 0; i < n; i += entrySize {
		e := c.change(binary.NativeEndian.Uint64(b[i:]))
		binary.NativeEndian.PutUint64(b[i:], e)
	}
	return n, err
}

func changePageMap(change func(uint64) uint64) func() (pageMap, error) {
	return func() (pageMap, error) {
		m, err := openPageMap()
		return changed{m, change}, err
	}
}

func skipUnlessAllWork(t *testing.T) {
	t.Helper()
	honest := Probe()
	for _, w := range Ways() {
		SkipUnlessThere(t, honest, w)
	}
}

// A kernel that lacks something, or lies, is found out, and the next way is
// taken.
func TestProbeFindsOut(t *testing.T) {
	skipUnlessAllWork(t)
	noise := int64(0)
	for _, c := range []struct {
		name   string
		kernel kernel
		best   Way
		says   map[Way]string
	}{
		{"all is well", kernel{threadUsage, openPageMap}, Faults, nil},
		{
			"a count that does not move",
			kernel{func() (usage, bool) { return usage{faults: 4}, true }, openPageMap},
			Pagemap,
			map[Way]string{Faults: "after a write to the first page: byte 0 is"},
		},
		{
			"a count that always moves",
			kernel{func() (usage, bool) { noise++; return usage{faults: noise}, true }, openPageMap},
			Pagemap,
			map[Way]string{Faults: "not counted by thread"},
		},
		{
			"no count",
			kernel{func() (usage, bool) { return usage{}, false }, openPageMap},
			Pagemap,
			map[Way]string{Faults: "not counted by thread"},
		},
		{
			"no page map",
			kernel{threadUsage, func() (pageMap, error) { return nil, os.ErrPermission }},
			Drop,
			map[Way]string{Faults: "permission denied", Pagemap: "permission denied"},
		},
		{
			"a page map that is empty",
			kernel{threadUsage, func() (pageMap, error) { return os.Open(os.DevNull) }},
			Drop,
			map[Way]string{Faults: "read the page map", Pagemap: "read the page map"},
		},
		{
			"a page map that never tells",
			kernel{threadUsage, changePageMap(func(uint64) uint64 { return 0 })},
			Drop,
			map[Way]string{Faults: "after a write to the first page", Pagemap: "after a write to the first page"},
		},
		{
			"a page map that tells no file from a copy",
			kernel{threadUsage, changePageMap(func(uint64) uint64 { return present })},
			Drop,
			map[Way]string{Faults: "all 262144 bytes", Pagemap: "all 262144 bytes"},
		},
		{
			"pages that are swapped out at once",
			kernel{threadUsage, changePageMap(func(e uint64) uint64 {
				if isOwned(e) {
					return e&^present | swapped
				}
				return e
			})},
			Faults,
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := probe(c.kernel)
			require.Equal(t, c.best, s.Best(), "%v", s.unfit)
			for _, w := range Ways() {
				if says := c.says[w]; says != "" {
					require.ErrorContains(t, s.Check(w), says)
					_, err := s.NewImage(w, nil, 0)
					require.ErrorContains(t, err, says, "it cannot be forced either")
				} else {
					require.NoError(t, s.Check(w))
				}
			}
		})
	}
}

// A page map that fails later makes Reset fail, and not forget.
func TestResetWithoutPageMap(t *testing.T) {
	skipUnlessAllWork(t)
	s := probe(kernel{threadUsage, openPageMap})
	s.kernel.pagemap = func() (pageMap, error) { return os.Open(os.DevNull) }
	im, err := s.NewImage(Faults, make([]byte, WasmPage), WasmPage)
	require.NoError(t, err)
	m, err := im.NewMemory()
	require.NoError(t, err)
	m.Reallocate(0)[0]++
	require.ErrorContains(t, m.Reset(), "read the page map")
	require.NoError(t, m.Close())
	require.NoError(t, im.Close())
}
