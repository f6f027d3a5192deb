package linear_test

import (
	"testing"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// benchmark measures Begin, the job, End and Reset. The memory is most often
// as large as a small engine's: 2 MiB of data around 4 MiB of zeros.
func benchmark(b *testing.B, snapshot []byte, job func(mem []byte, i int)) {
	system := linear.Probe()
	for _, way := range linear.Ways() {
		b.Run(way.String(), func(b *testing.B) {
			linear.SkipUnlessThere(b, system, way)
			m, err := newImage(b, system, way, snapshot).NewMemory()
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = m.Close() })
			mem := m.Reallocate(0)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				m.Begin()
				job(mem, i)
				m.End()
				if err := m.Reset(); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// Eight pages in three places: what an expression in a script changes.
func few(mem []byte, _ int) {
	for _, at := range []int{0, 1, 2, 3, 40, 41, 42, 60} {
		mem[at*page]++
	}
}

func BenchmarkFewPages(b *testing.B) { benchmark(b, sparse(16), few) }

// A page more in every job, that was not written before.
func BenchmarkOneNewPage(b *testing.B) {
	benchmark(b, sparse(16), func(mem []byte, i int) {
		few(mem, i)
		mem[(64+i%128)*page]++
	})
}

// A job that often needs more pages than are kept for good.
func BenchmarkManyPages(b *testing.B) {
	benchmark(b, sparse(16), func(mem []byte, _ int) { every(1)(mem[:200*page]) })
}

// 2 MB in one piece, each time.
func Benchmark2MB(b *testing.B) {
	benchmark(b, sparse(16), func(mem []byte, _ int) { every(1)(mem[1<<20 : 3<<20]) })
}

// A large memory, of which little is written: 12 MiB of data, 24 MiB of zeros.
func BenchmarkLargeMemory(b *testing.B) { benchmark(b, sparse(96), few) }

// What an instance's memory costs to make and to close.
func BenchmarkNewMemory(b *testing.B) {
	system := linear.Probe()
	snapshot := sparse(16)
	for _, way := range linear.Ways() {
		b.Run(way.String(), func(b *testing.B) {
			linear.SkipUnlessThere(b, system, way)
			im := newImage(b, system, way, snapshot)
			b.ReportAllocs()
			for b.Loop() {
				m, err := im.NewMemory()
				if err != nil {
					b.Fatal(err)
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProbe(b *testing.B) {
	for b.Loop() {
		linear.Probe()
	}
}

// The first twenty jobs of an instance, which read a good part of the data,
// with making it.
func BenchmarkFirstJobs(b *testing.B) {
	system := linear.Probe()
	snapshot := sparse(16)
	sum := byte(0)
	for _, way := range linear.Ways() {
		b.Run(way.String(), func(b *testing.B) {
			linear.SkipUnlessThere(b, system, way)
			im := newImage(b, system, way, snapshot)
			for b.Loop() {
				m, err := im.NewMemory()
				if err != nil {
					b.Fatal(err)
				}
				mem := m.Reallocate(0)
				for i := range 20 {
					m.Begin()
					few(mem, i)
					for at := range 6 {
						sum += mem[(at*37+i*11)%256*page]
					}
					m.End()
					if err := m.Reset(); err != nil {
						b.Fatal(err)
					}
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
