//go:build !henge_portable

package linear

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Faults rests on, broken on purpose: another thread writes a page that
// the instance did not own. The next job would see it, and Verify says so.
// That the other ways find it shows that it was written.
func TestWriteOfAnotherThread(t *testing.T) {
	system := Probe()
	for _, way := range []Way{Faults, Pagemap, Drop} {
		t.Run(way.String(), func(t *testing.T) {
			SkipUnlessThere(t, system, way)
			// Each try has a page of its own that was not written before.
			page := os.Getpagesize()
			snapshot := make([]byte, 64*WasmPage)
			for i := range snapshot {
				snapshot[i] = 1
			}
			im, err := system.NewImage(way, snapshot, int64(len(snapshot)))
			require.NoError(t, err)
			m, err := im.NewMemory()
			require.NoError(t, err)
			mem := m.Reallocate(0)
			require.NoError(t, m.Reset())

			var order, done atomic.Int64
			var writer sync.WaitGroup
			stop := func() { order.Store(int64(len(mem))); writer.Wait() }
			defer stop()
			writer.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				for at := int64(1); at < int64(len(mem)); at = order.Load() {
					if at > done.Load() {
						mem[at]++
						done.Store(at)
					}
					runtime.Gosched()
				}
			})

			quiet := false
			// A fault of our own by chance would save the memory: try until
			// there is none.
			for at := 2 * page; at < len(mem) && !quiet; at += 2 * page {
				m.Begin()
				order.Store(int64(at))
				for done.Load() < int64(at) {
					runtime.Gosched()
				}
				m.End()
				quiet = m.quiet
				require.NoError(t, m.Reset())
				if way == Faults && quiet {
					require.ErrorContains(t, m.Verify(), "is 0x02, and 0x01 in the snapshot")
				} else {
					require.NoError(t, m.Verify())
				}
			}
			require.True(t, quiet, "the job's thread always faulted: nothing was shown")
			// Without a job around it, a reset looks at all.
			require.NoError(t, m.Reset())
			require.NoError(t, m.Verify())
			stop()
			require.NoError(t, m.Close())
			require.NoError(t, im.Close())
		})
	}
}

// A job that writes owned pages only needs no look at the page map, and one
// that writes another page gets it.
func TestLookOnlyAfterAFault(t *testing.T) {
	system := Probe()
	SkipUnlessThere(t, system, Faults)
	im, err := system.NewImage(Faults, make([]byte, 8*WasmPage), 8*WasmPage)
	require.NoError(t, err)
	m, err := im.NewMemory()
	require.NoError(t, err)
	mem := m.Reallocate(0)
	page := int64(os.Getpagesize())
	job := func(at ...int64) (quiet bool) {
		m.Begin()
		for _, i := range at {
			mem[i]++
		}
		m.End()
		quiet = m.quiet
		require.NoError(t, m.Reset())
		return quiet
	}
	for n := range int64(5) {
		require.False(t, job(n*page), "the first write to a page is a fault")
		require.Equal(t, (n+1)*page, m.Private(), "which is owned from then on")
	}
	quiet := 0
	for range 100 {
		if job(0, page, 2*page) {
			quiet++
		}
	}
	require.Greater(t, quiet, 50, "owned pages are written without a fault")
	require.Equal(t, 5*page, m.Private())
	require.NoError(t, m.Verify())
	require.NoError(t, m.Close())
	require.NoError(t, im.Close())
}
