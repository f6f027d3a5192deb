package sandbox_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// usage is what this process holds.
type usage struct {
	heap, mapped                    uint64
	mappings, descriptors, routines int
}

func measure(t *testing.T) usage {
	t.Helper()
	var u usage
	u.mappings, u.mapped = mapped(t)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	u.heap = stats.HeapAlloc
	u.routines = runtime.NumGoroutine()
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	u.descriptors = len(open)
	return u
}

// within says whether u is what base was, but for what Go's own heap and
// threads differ by.
func (u usage) within(base usage) bool {
	return u.heap < base.heap+16*mib && u.mapped < base.mapped+512*mib &&
		u.mappings < base.mappings+40 && u.descriptors <= base.descriptors && u.routines <= base.routines
}

// attackAll runs every attack, and has modules refused in each way, on a
// runtime that is closed when it returns.
func attackAll(t *testing.T) {
	t.Run("attacks", func(t *testing.T) {
		b := setup(t, sandbox.Options{LoadTimeout: 20 * time.Millisecond})
		for _, a := range attacks {
			m := a.load(t, b)
			for range 2 {
				if r := a.run(m, 10*time.Millisecond); a.end == job.Deadline {
					require.Equal(t, job.Deadline.String(), r.End.String(), "%s: %s", a.name(), r.Error)
				}
			}
			require.NoError(t, m.Close(t.Context()))
		}
		for _, binary := range [][]byte{
			nil, module(), manyFunctions(10), manyTypes(1000), with(func(p *parts) { p.code = nil }),
			withCode(opCall, 9), with(func(p *parts) { p.data = section(sectionData, []byte{1, 0, opI32Const, 0x7f, opEnd, 1, 0}) }),
		} {
			for range 3 {
				_ = tryLoad(t, b, binary, abi.Manifest{}, job.Limits{Memory: 256 * mib})
			}
		}
	})
}

// After all of it the process holds what it held before: memory, mappings,
// descriptors and goroutines. The first round is not counted, since it fills
// what is kept for the life of the process.
func TestHostileLeavesNothing(t *testing.T) {
	attackAll(t)
	base := measure(t)
	attackAll(t)
	after := measure(t)
	// Code that is no longer used is unmapped by finalizers, in their own time.
	for start := time.Now(); !after.within(base) && time.Since(start) < 5*time.Second; {
		runtime.Gosched()
		after = measure(t)
	}
	require.True(t, after.within(base), "before: %+v\nafter:  %+v", base, after)
}
