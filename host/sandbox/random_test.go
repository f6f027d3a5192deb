package sandbox_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// Of ten thousand jobs no two draw the same random numbers, from either
// source, in instances that were put back or made anew.
func TestRandomDiffers(t *testing.T) {
	const goroutines, draw = 4, 16
	b := setup(t, sandbox.Options{})
	var mu sync.Mutex
	seen := map[[draw]byte]bool{}
	for _, c := range []struct {
		name string
		m    *sandbox.Module
		jobs int
	}{
		{"reset", b.load(t, "fresh_random", job.Limits{}), 10_000},
		{"new instance", b.loadFresh(t, "fresh_random", job.Limits{}), 1_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(seen)
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for range c.jobs / goroutines {
						r := c.m.Run(t.Context(), newJob(nil))
						if r.End != job.Success || len(r.Output) != 2*draw {
							t.Errorf("%s: %s: %d bytes", r.End, r.Error, len(r.Output))
							return
						}
						mu.Lock()
						seen[[draw]byte(r.Output)] = true
						seen[[draw]byte(r.Output[draw:])] = true
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			require.Len(t, seen, 2*c.jobs, "all differ")
			require.NotContains(t, seen, [draw]byte{}, "and were drawn")
		})
	}
}

// What a module draws while it is initialised is shared by its jobs, so its
// author is told.
func TestRandomBeforeTheSnapshot(t *testing.T) {
	const imports = `
		(import "henge_clock_v1" "random" (func $random (param i32 i32 i32 i32) (result i64)))
		(import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))`
	const clock = `(drop (call $random (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 16)))`
	const wasi = `(drop (call $random_get (i32.const 16) (i32.const 16)))`
	const size = `(data (i32.const 100) "\10\00\00\00")`
	b := setup(t, sandbox.Options{})
	for _, c := range []struct {
		name, text string
		warned     bool
	}{
		{"clock.random in henge_init", size + `(func (export "henge_init") ` + clock + `)`, true},
		{"random_get in henge_init", `(func (export "henge_init") ` + wasi + `)`, true},
		{"random_get in _initialize", `(func (export "_initialize") ` + wasi + `)`, true},
		{"random_get in the start function", `(func $begin ` + wasi + `) (start $begin)`, true},
		{"none", `(func (export "henge_init"))`, false},
		{"none in a helper that is never called", `(func ` + wasi + `)`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			binary := wattest.Compile(t, fmt.Sprintf(`(module %s %s %s %s)`, imports, memory, entry, c.text))
			info, err := b.Inspect(t.Context(), binary, &abi.Manifest{Name: "guest"}, job.Limits{})
			require.NoError(t, err)
			require.Empty(t, info.Reason)
			if !c.warned {
				require.Empty(t, info.Warnings)
				return
			}
			require.Len(t, info.Warnings, 1)
			require.Contains(t, info.Warnings[0], "random bytes while it was initialised")
		})
	}
}
