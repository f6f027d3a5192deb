package linear_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

// Instances pass from goroutine to goroutine, and so from thread to thread,
// while garbage is made and collected.
func TestInstancesChangeThreads(t *testing.T) {
	const instances, goroutines, jobs = 4, 6, 60
	eachWay(t, func(t *testing.T, system *linear.System, way linear.Way) {
		snapshot := sparse(2)
		im := newImage(t, system, way, snapshot)
		idle := make(chan *instance, instances)
		for range instances {
			idle <- newInstance(t, im, snapshot)
		}
		failed := make(chan error, goroutines)
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 1))
				var garbage [][]byte
				for range jobs {
					in := <-idle
					in.Begin()
					for range r.IntN(10) {
						in.mem[r.IntN(len(in.mem))]++
						garbage = append(garbage, make([]byte, 10_000))
						runtime.Gosched()
					}
					if r.IntN(20) == 0 {
						every(2)(in.mem)
					}
					in.End()
					// The reset may be another's.
					back := make(chan error)
					go func() {
						err := in.Reset()
						if err == nil {
							err = in.Verify()
						}
						back <- err
					}()
					if err := <-back; err != nil {
						failed <- err
						idle <- in
						return
					}
					idle <- in
					if len(garbage) > 100 {
						garbage = nil
					}
				}
			})
		}
		wg.Wait()
		close(failed)
		for err := range failed {
			require.NoError(t, err)
		}
	})
}
