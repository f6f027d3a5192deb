package sandbox_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// mapped returns how many mappings this process has, and their size.
func mapped(t *testing.T) (count int, size uint64) {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	for line := range bytes.Lines(b) {
		var from, to uint64
		_, err := fmt.Sscanf(string(line), "%x-%x", &from, &to)
		require.NoError(t, err)
		count++
		size += to - from
	}
	return count, size
}

// Every job's memory is given back however the job ended, also where the
// runtime has closed the instance already and forgets to free it: an exit, or
// a deadline while the host works. Each run maps 4 to 64 MiB, so two hundred
// that leaked would show as gigabytes.
func TestNoMappingLeaks(t *testing.T) {
	modules := loadMixed(t)
	require.NoError(t, runMixed(modules, 10))
	countBefore, sizeBefore := mapped(t)
	require.NoError(t, runMixed(modules, 50))
	count, size := mapped(t)
	// Go's own heap and threads may grow a little.
	require.InDelta(t, countBefore, count, 30)
	require.Less(t, size, sizeBefore+(1<<30))
}

// The same for each end alone, so that a failure says which.
func TestNoMappingLeaksByEnd(t *testing.T) {
	modules := loadMixed(t)
	for i, c := range mixed {
		t.Run(c.guest, func(t *testing.T) {
			r := modules[i].Run(t.Context(), newJob(nil))
			require.Equal(t, c.end.String(), r.End.String(), r.Error)
			_, before := mapped(t)
			const runs = 30
			for range runs {
				modules[i].Run(t.Context(), newJob(nil))
			}
			_, after := mapped(t)
			each := uint64(modules[i].Limits.Memory)
			require.Less(t, after, before+runs*each/2)
		})
	}
}

// A module that does not come up leaves nothing behind.
func TestNoMappingLeaksByLoading(t *testing.T) {
	b := setup(t, sandbox.Options{LoadTimeout: 10 * time.Millisecond})
	spins := wattest.Compile(t, `(module `+memory+entry+`(func (export "henge_init") (loop $l (br $l))))`)
	const size = 256 * mib
	load := func() {
		require.ErrorContains(t, tryLoad(t, b, spins, abi.Manifest{}, job.Limits{Memory: size}), "did not come up")
	}
	load()
	_, before := mapped(t)
	for range 10 {
		load()
	}
	_, after := mapped(t)
	require.Less(t, after, before+5*size)
}
