package linear_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// anySnapshot draws a memory of which each part is zero, full, or has one byte.
func anySnapshot(t *rapid.T) []byte {
	var all []byte
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]string{"zero", "dense", "one"}), 0, 14).Draw(t, "parts") {
		part := make([]byte, linear.WasmPage)
		switch kind {
		case "dense":
			part = dense(len(part))
		case "one":
			part[rapid.IntRange(0, len(part)-1).Draw(t, "at")] = 1
		}
		all = append(all, part...)
	}
	return all
}

// anyJob draws what a job does to a memory of that size.
func anyJob(t *rapid.T, size int) func([]byte) {
	if size == 0 {
		return func([]byte) {}
	}
	at := rapid.IntRange(0, size-1)
	switch kind := rapid.SampledFrom([]string{"bytes", "borders", "fill", "clear", "read", "every"}).Draw(t, "job"); kind {
	case "bytes":
		where := rapid.SliceOfN(at, 0, 40).Draw(t, "where")
		return func(mem []byte) {
			for _, i := range where {
				mem[i]++
			}
		}
	case "borders":
		where := rapid.SliceOfN(at, 1, 20).Draw(t, "where")
		return func(mem []byte) {
			for _, i := range where {
				i -= i % page
				mem[i] ^= 0xff
				mem[max(i, 1)-1] ^= 0xff
			}
			mem[size-1]++
		}
	case "fill", "clear":
		from, n := at.Draw(t, "from"), at.Draw(t, "bytes")
		return func(mem []byte) {
			b := mem[from:min(from+n, size)]
			clear(b)
			for i := range b {
				if kind == "fill" {
					b[i] = 0xaa
				}
			}
		}
	case "read":
		return func(mem []byte) { bytes.Count(mem, []byte{7}) }
	default:
		return every(rapid.IntRange(1, 3).Draw(t, "pages"))
	}
}

// Whatever was done, and in whatever order, all is as it was.
func TestResetIsExact(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		rapid.Check(t, func(t *rapid.T) {
			snapshot := anySnapshot(t)
			im, err := system.NewImage(way, snapshot, int64(len(snapshot)))
			require.NoError(t, err)
			m, err := im.NewMemory()
			require.NoError(t, err)
			in := &instance{m, m.Reallocate(0), snapshot}
			in.same(t)
			for range rapid.IntRange(1, 12).Draw(t, "jobs") {
				job := anyJob(t, len(snapshot))
				if rapid.Bool().Draw(t, "enclosed") {
					require.NoError(t, in.run(job))
				} else {
					job(in.mem)
					require.NoError(t, in.Reset())
				}
				if rapid.Bool().Draw(t, "look") {
					in.same(t)
				}
			}
			in.same(t)
			require.NoError(t, m.Close())
			require.NoError(t, im.Close())
		})
	})
}

// Jobs that write far more than is kept, and then jobs that write little: each
// sees the snapshot.
func TestHeavyJobsAndLightOnes(t *testing.T) {
	jobs := []struct {
		name string
		do   func(mem []byte)
	}{
		{"every page", every(1)},
		{"every second page", every(2)},
		{"every third page", every(3)},
		{"2 MB in one piece", func(mem []byte) { clear(mem[100_000:2_100_000]) }},
		{"a hundred pages", func(mem []byte) { every(1)(mem[5*page : 105*page]) }},
		{"the last page", func(mem []byte) { mem[len(mem)-1]++ }},
	}
	light := func(mem []byte) { mem[3*page]++; mem[len(mem)/2]++ }
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(10)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		for range 2 {
			for _, job := range jobs {
				// Often enough for pages that are kept for a while to be given back.
				for range 20 {
					require.NoError(t, in.run(job.do), job.name)
				}
				in.same(t)
				for range 20 {
					require.NoError(t, in.run(light), job.name)
				}
				in.same(t)
			}
		}
	})
}

// A memory for which the page map is read in several parts: pages are found
// in all of them.
func TestLargeMemory(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(32)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		pages := len(snapshot) / page
		for n := range 4 {
			require.NoError(t, in.run(func(mem []byte) {
				for i := range 20 {
					mem[(i+n)*page]++
					mem[(pages/2+3*i+n)*page]++
					mem[(pages-1-2*i-n)*page]++
				}
			}))
			in.same(t)
		}
	})
}

// A thousand jobs, each compared, that differ from one another.
func TestThousandResets(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		r := rand.New(rand.NewPCG(1, uint64(way)))
		for range 1000 {
			require.NoError(t, in.run(func(mem []byte) {
				for range r.IntN(12) {
					mem[r.IntN(len(mem))]++
				}
			}))
			in.same(t)
		}
	})
}

// Instances of one image do not see each other, and what one does is not in
// the image.
func TestInstancesAreApart(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		im := newImage(t, system, way, snapshot)
		one, other := newInstance(t, im, snapshot), newInstance(t, im, snapshot)
		one.Begin()
		every(1)(one.mem)
		one.End()
		other.same(t)
		newInstance(t, im, snapshot).same(t)
		require.NoError(t, one.Reset())
		one.same(t)
	})
}

// The snapshot is copied: what its maker does with it later changes nothing.
func TestImageIsACopy(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		given := sparse(1)
		snapshot := bytes.Clone(given)
		im := newImage(t, system, way, given)
		clear(given)
		newInstance(t, im, snapshot).same(t)
	})
}

// A job that has grown its memory found zeros there, and its instance cannot
// be used again.
func TestGrownMemoryIsNotReset(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := dense(linear.WasmPage)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		in.Begin()
		grown := in.Reallocate(3 * linear.WasmPage)
		require.Len(t, grown, 3*linear.WasmPage)
		require.True(t, bytes.Equal(snapshot, grown[:len(snapshot)]))
		require.Zero(t, len(bytes.Trim(grown[len(snapshot):], "\x00")), "what was grown into is zero")
		every(1)(grown)
		in.End()
		require.ErrorIs(t, in.Reset(), linear.ErrGrown)
		require.ErrorContains(t, in.Verify(), "196608 bytes, and the snapshot 65536")
		require.Equal(t, int64(3*linear.WasmPage), in.Peak())
	})
}

// Verify finds one byte that differs, wherever it is.
func TestVerifyNamesTheByte(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		for _, at := range []int{0, page - 1, 2*linear.WasmPage + 17, len(snapshot) - 1} {
			in.mem[at] ^= 0x80
			require.ErrorContains(t, in.Verify(), fmt.Sprintf("byte %d is %#02x, and %#02x in", at, in.mem[at], snapshot[at]))
			require.NoError(t, in.Reset())
			require.NoError(t, in.Verify())
		}
	})
}

// A reset in the steady state leaves nothing for the garbage collector.
func TestResetDoesNotAllocate(t *testing.T) {
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(1)
		in := newInstance(t, newImage(t, system, way, snapshot), snapshot)
		job := func(mem []byte) { mem[0]++; mem[len(mem)-1]++ }
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := in.run(job); err != nil {
				t.Error(err)
			}
		}))
	})
}
