package sandbox_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// Jobs by one goroutine, and the same number by two, four and eight: more of
// them must not be slower, since they share the pool and little else.
func BenchmarkParallel(b *testing.B) {
	s := setup(b, sandbox.Options{})
	for name, m := range map[string]*sandbox.Module{
		"reset":        s.load(b, "empty", job.Limits{}),
		"new-instance": s.loadFresh(b, "empty", job.Limits{}),
		"host-call":    s.load(b, "echo", job.Limits{}),
	} {
		for _, goroutines := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/goroutines=%d", name, goroutines), func(b *testing.B) {
				j := newJob([]byte("x"))
				var left atomic.Int64
				left.Store(int64(b.N))
				var wg sync.WaitGroup
				b.ResetTimer()
				for range goroutines {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							if r := m.Run(context.Background(), j); r.End != job.Success {
								b.Error(r.End, r.Error)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}
