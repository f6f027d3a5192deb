package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// poked is a guest with many pages that outputs all of its memory and then
// lets the host write to it.
const poked = `(module
	(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64)))
	(import "raw_v1" "poke" (func $poke))
	(memory (export "memory") 16)
	(global $g (mut i64) (i64.const 7))
	(global $f (mut f32) (f32.const 1))
	(func (export "henge_run") (result i32)
		(drop (call $output (i32.const 0) (i32.mul (memory.size) (i32.const 65536)) (i32.const 0) (i32.const 0)))
		(call $poke)
		(i32.const 0)))`

// While a job runs, a thread of the host's writes to the guest's memory, which
// nothing in henge does. The cheapest reset is made for the job's own thread
// and may miss it; the comparison after the job does not: the instance is
// thrown away with a line for the operator, and no job ever sees the write.
// All other ways notice it by themselves.
func TestWriteOfAnotherThread(t *testing.T) {
	binary := wattest.Compile(t, poked)
	clean := make([]byte, 16*pageSize)
	for _, way := range ways() {
		t.Run(way.String(), func(t *testing.T) {
			j := &journal{}
			b := setup(t, sandbox.Options{Way: way, Log: j.logger()})
			page := 0
			require.NoError(t, b.OfferRaw(t.Context(), func(memory []byte) {
				// A page that this instance has not written before.
				page = (page + 1) % (len(memory) / 4096)
				sandbox.Elsewhere(func() { memory[page*4096] = 1 })
			}))
			m, err := b.Load(t.Context(), binary, &abi.Manifest{Name: "guest"}, job.Limits{})
			require.NoError(t, err)
			for range 100 {
				r := m.Run(t.Context(), newJob(nil))
				require.Equal(t, job.Success.String(), r.End.String(), r.Error)
				require.True(t, string(r.Output) == string(clean), "the write of another job's time is seen")
			}
			lines := strings.Count(j.String(), resetFailed)
			if way != linear.Faults {
				require.Zero(t, lines, j.String())
				return
			}
			if lines == 0 && slower > 1 {
				t.Skip("the race detector's shadow memory has faults of its own, which give the write away")
			}
			require.NotZero(t, lines, "the comparison finds what the reset has missed")
			require.Contains(t, j.String(), "level=ERROR")
			require.Contains(t, j.String(), "is 0x01, and 0x00 in the snapshot")
		})
	}
}

// The comparison looks at each global.
func TestSpoiltGlobals(t *testing.T) {
	b := setup(t, sandbox.Options{})
	require.NoError(t, b.OfferRaw(t.Context(), func([]byte) {}))
	m, err := b.Load(t.Context(), wattest.Compile(t, poked), &abi.Manifest{Name: "guest"}, job.Limits{})
	require.NoError(t, err)
	m.Run(t.Context(), newJob(nil))
	found := m.SpoilGlobals()
	require.Len(t, found, 3)
	require.ErrorContains(t, found[0], "is 0x6, and was 0x7")
	require.ErrorContains(t, found[1], "is 0x3f800001, and was 0x3f800000")
	require.NoError(t, found[2], "and finds nothing where there is nothing")
}
