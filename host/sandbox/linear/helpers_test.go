package linear_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// page is the smallest page there is; on a system with larger ones, writes to
// every page are writes to some of them several times.
const page = 4096

// eachWay runs a test for every way that the system has what it takes for.
func eachWay(t *testing.T, f func(t *testing.T, system *linear.System, way linear.Way)) {
	t.Helper()
	system := linear.Probe()
	for _, w := range linear.Ways() {
		t.Run(w.String(), func(t *testing.T) {
			linear.SkipUnlessThere(t, system, w)
			f(t, system, w)
		})
	}
}

// dense returns n bytes without a zero page.
func dense(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31 + i/page + 1)
	}
	return b
}

// sparse returns data, a zero run that is four times as long, and data again.
func sparse(wasmPages int) []byte {
	n := wasmPages * linear.WasmPage
	b := make([]byte, 6*n)
	copy(b, dense(n))
	copy(b[5*n:], dense(n))
	return b
}

// instance is a memory with its image, as a job sees it.
type instance struct {
	*linear.Memory
	mem      []byte
	snapshot []byte
}

func newImage(t testing.TB, system *linear.System, way linear.Way, snapshot []byte) *linear.Image {
	t.Helper()
	im, err := system.NewImage(way, snapshot, int64(len(snapshot))+4*linear.WasmPage)
	require.NoError(t, err)
	require.Equal(t, way, im.Way())
	t.Cleanup(func() { require.NoError(t, im.Close()) })
	return im
}

func newInstance(t testing.TB, im *linear.Image, snapshot []byte) *instance {
	t.Helper()
	m, err := im.NewMemory()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	in := &instance{m, m.Reallocate(uint64(len(snapshot))), snapshot}
	require.True(t, bytes.Equal(snapshot, in.mem), "a new memory holds the snapshot")
	return in
}

// run encloses a job as it is to be done.
func (in *instance) run(job func(mem []byte)) error {
	in.Begin()
	job(in.mem)
	in.End()
	return in.Reset()
}

// fatal is what *testing.T and *rapid.T have in common.
type fatal interface {
	require.TestingT
	Helper()
}

// same compares everything without the help of what is under test, and then
// with it.
func (in *instance) same(t fatal) {
	t.Helper()
	if !bytes.Equal(in.snapshot, in.mem) {
		for i := range in.mem {
			if in.snapshot[i] != in.mem[i] {
				require.Equal(t, in.snapshot[i], in.mem[i], "byte %d", i)
			}
		}
	}
	require.NoError(t, in.Verify())
}

// every returns a job that writes to one page in so many.
func every(pages int) func([]byte) {
	return func(mem []byte) {
		for at := 0; at < len(mem); at += pages * page {
			mem[at+at/page%page]++
		}
	}
}
