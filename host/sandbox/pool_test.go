package sandbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// occupy has n jobs of the module run at once, and ends them.
func occupy(t *testing.T, b *bundle, m *sandbox.Module, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if r := m.Run(ctx, newJob(nil)); r.End != job.Cancelled {
				t.Errorf("%s: %s", r.End, r.Error)
			}
		})
	}
	for range n {
		<-b.waiting
	}
	cancel()
	wg.Wait()
	m.WaitForPool()
}

// waiting is how many instances of the module wait for jobs.
func waiting(m *sandbox.Module) int {
	n, _ := m.PoolCost()
	return n
}

// The pool is as large as its use was at its peak, and becomes smaller when it
// is used less: what was not needed from one time that the timer ends to the
// next is given back.
func TestPoolFollowsUse(t *testing.T) {
	b := setup(t, sandbox.Options{})
	m := b.load(t, "wait", job.Limits{})
	require.Zero(t, waiting(m), "nothing is made before it is needed")
	for _, n := range []int{1, 8, 3} {
		occupy(t, b, m, n)
	}
	require.Equal(t, 8, waiting(m))
	m.Shrink()
	require.Equal(t, 8, waiting(m), "all were needed since the last time")
	occupy(t, b, m, 3)
	require.GreaterOrEqual(t, waiting(m), 3)
	m.Shrink()
	require.Equal(t, 3, waiting(m))
	m.Shrink()
	require.Zero(t, waiting(m))
	occupy(t, b, m, 2)
	require.Equal(t, 2, waiting(m))
}

// The timer does the same by itself, and does not run on when nothing is left.
func TestPoolShrinksWhenIdle(t *testing.T) {
	binary := wattest.CompileFile(t, "testdata/empty.wat")
	synctest.Test(t, func(t *testing.T) {
		rt, err := sandbox.New(t.Context(), sandbox.Options{VerifyReset: true})
		require.NoError(t, err)
		m, err := rt.Load(t.Context(), binary, &abi.Manifest{Name: "guest"}, job.Limits{})
		require.NoError(t, err)
		require.Equal(t, job.Success, m.Run(t.Context(), newJob(nil)).End)
		require.Equal(t, 1, waiting(m))
		<-time.After(sandbox.IdleTime + time.Second)
		require.Equal(t, 1, waiting(m), "it was needed in this time")
		<-time.After(sandbox.IdleTime)
		require.Zero(t, waiting(m))
		require.NoError(t, m.Close(t.Context()))
		require.NoError(t, rt.Close(t.Context()))
	})
}

// grower is a guest that grows its memory, where there is a payload, and so
// cannot be put back.
const grower = `(module
	(import "henge_job_v1" "input" (func $input (param i32 i32 i32 i32) (result i64)))
	(memory (export "memory") 1)
	(func (export "henge_run") (result i32)
		(if (i64.ne (call $input (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const 0))
			(then (return (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))))
		(i32.ne (memory.size) (i32.const 1))))`

func loadGrower(t *testing.T) *sandbox.Module {
	m, err := setup(t, sandbox.Options{}).Load(t.Context(), wattest.Compile(t, grower), &abi.Manifest{Name: "guest"}, job.Limits{})
	require.NoError(t, err)
	return m
}

// An instance that cannot be put back has a successor before the next job
// asks for one.
func TestPoolReplaces(t *testing.T) {
	m := loadGrower(t)
	for range 20 {
		r := m.Run(t.Context(), newJob([]byte("grow")))
		require.Equal(t, job.Success.String(), r.End.String(), r.Error)
		m.WaitForPool()
		require.Equal(t, 1, waiting(m))
		r = m.Run(t.Context(), newJob(nil))
		require.Equal(t, job.Success.String(), r.End.String(), r.Error)
	}
}

// Close waits for instances that are being made, and none of them is left: an
// image that is in use could not be closed.
func TestPoolClosesWhileItReplaces(t *testing.T) {
	for range 50 {
		m := loadGrower(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if r := m.Run(t.Context(), newJob([]byte("grow"))); r.End != job.Success {
					t.Errorf("%s: %s", r.End, r.Error)
				}
			})
		}
		wg.Wait()
		require.NoError(t, m.Close(t.Context()))
		require.Zero(t, waiting(m))
	}
}

// Many goroutines take and give back while the pool shrinks under them.
func TestPoolUnderContention(t *testing.T) {
	const goroutines, jobs = 64, 20
	m := loadGrower(t)
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	for g := range goroutines {
		wg.Go(func() {
			for i := range jobs {
				var payload []byte
				if (g+i)%5 == 0 {
					payload = []byte("grow")
				}
				if r := m.Run(t.Context(), newJob(payload)); r.End != job.Success {
					errs <- fmt.Errorf("%s: %s", r.End, r.Error)
					return
				}
				if g == 0 {
					m.Shrink()
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	require.NoError(t, <-errs)
	m.WaitForPool()
	require.LessOrEqual(t, waiting(m), goroutines)
	require.NoError(t, m.Close(t.Context()))
}
