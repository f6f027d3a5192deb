package linear

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a job wrote before it yielded is put back, whatever thread it ended on.
func TestYield(t *testing.T) {
	snapshot := make([]byte, 4*WasmPage)
	for i := range snapshot {
		snapshot[i] = byte(i)
	}
	for _, way := range Ways() {
		t.Run(way.String(), func(t *testing.T) {
			s := Probe()
			if err := s.Check(way); err != nil {
				t.Skip(err)
			}
			im, err := s.NewImage(way, snapshot, int64(len(snapshot)))
			require.NoError(t, err)
			m, err := im.NewMemory()
			require.NoError(t, err)
			b := m.Reallocate(uint64(len(snapshot)))
			require.NoError(t, m.Reset())
			for page := range len(b) / 4096 {
				m.Begin()
				b[page*4096]++
				for range 3 {
					m.Yield()
				}
				m.End()
				require.NoError(t, m.Reset())
				require.NoError(t, m.Verify())
			}
			require.NoError(t, m.Close())
			require.NoError(t, im.Close())
		})
	}
}
