package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// A byte of memory, a global and a place of a table, changed by every job, are
// found as they were by every job. What is random differs.
func TestFreshness(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "fresh", job.Limits{})
	seen := map[string]bool{}
	for range 50 {
		r := m.Run(context.Background(), newJob(nil))
		require.Equal(t, job.Success, r.End, r.Error)
		require.Len(t, r.Output, 35)
		require.Equal(t, []byte{0, 0, 0}, r.Output[:3], "memory, global, table")
		for _, random := range []string{string(r.Output[3:19]), string(r.Output[19:])} {
			require.False(t, seen[random], "each job has random numbers of its own")
			seen[random] = true
		}
	}
}

// A job that ends badly leaves nothing for the next, either.
func TestFreshnessAfterEveryEnd(t *testing.T) {
	b := setup(t, sandbox.Options{})
	m := b.load(t, "calls", job.Limits{Memory: 4 * mib})
	dirty := []byte{1, 0, 0, 0, 10, 0, 0, 0, 0x18, 0x80, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	clean := []byte{0, 0, 0, 0}
	for range 10 {
		r := m.Run(context.Background(), newJob(dirty))
		require.Equal(t, job.Trap, r.End, r.Error)
		r = m.Run(context.Background(), newJob(clean))
		require.Equal(t, job.Success, r.End, r.Error)
		require.Equal(t, make([]byte, memorySize), r.Output)
	}
}

// mixed are guests that end in all ways, with a payload's part in none.
var mixed = []struct {
	guest  string
	limits job.Limits
	end    job.End
}{
	{"echo", job.Limits{}, job.Success},
	{"fail", job.Limits{}, job.ScriptError},
	{"exit_3", job.Limits{}, job.ExitCode},
	{"memory", job.Limits{Memory: 4 * mib}, job.Memory},
	{"trap_unreachable", job.Limits{}, job.Trap},
	{"loop", job.Limits{Wall: 5 * time.Millisecond}, job.Deadline},
	{"wait", job.Limits{Wall: 5 * time.Millisecond}, job.Deadline},
	{"flood_output", job.Limits{Output: 2500}, job.HostLimit},
	{"command_cat", job.Limits{}, job.Success},
	{"command_exit_0", job.Limits{}, job.Success},
}

// runMixed runs n jobs in each of four goroutines and returns what was wrong.
func runMixed(modules []*sandbox.Module, n int) error {
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for g := range 4 {
		wg.Go(func() {
			for i := range n {
				c := mixed[(g+i)%len(mixed)]
				payload := fmt.Appendf(nil, "%d/%d", g, i)
				r := modules[(g+i)%len(mixed)].Run(context.Background(), newJob(payload))
				if r.End != c.end {
					errs <- fmt.Errorf("%s: %s: %s", c.guest, r.End, r.Error)
					return
				}
				if (c.guest == "echo" || c.guest == "command_cat") && !bytes.Equal(r.Output, payload) {
					errs <- fmt.Errorf("%s: %q came back for %q", c.guest, r.Output, payload)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func loadMixed(t testing.TB) []*sandbox.Module {
	b := setup(t, sandbox.Options{})
	// Nobody looks at who waits here.
	b.waiting = make(chan struct{}, 10_000)
	var modules []*sandbox.Module
	for _, c := range mixed {
		modules = append(modules, b.load(t, c.guest, c.limits))
	}
	return modules
}

// Two hundred jobs at once, with the race detector where that is on; goleak
// looks after their goroutines.
func TestConcurrentJobs(t *testing.T) {
	require.NoError(t, runMixed(loadMixed(t), 50))
}

// One module runs any number of jobs at a time.
func TestOneModuleManyJobs(t *testing.T) {
	m := setup(t, sandbox.Options{}).load(t, "echo", job.Limits{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				payload := fmt.Appendf(nil, "%d/%d", g, i)
				r := m.Run(context.Background(), newJob(payload))
				if r.End != job.Success || !bytes.Equal(r.Output, payload) {
					t.Errorf("%s: %q came back for %q", r.End, r.Output, payload)
				}
			}
		})
	}
	wg.Wait()
}
