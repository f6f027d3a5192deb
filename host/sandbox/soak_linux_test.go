package sandbox_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

var soakTime = flag.Duration("soak", 5*time.Second, "how long TestSoak runs jobs")

// held is what this process holds, as far as the system tells.
type held struct {
	usage
	resident uint64 // bytes
	threads  int
}

func hold(t *testing.T) held {
	t.Helper()
	debug.FreeOSMemory()
	h := held{usage: measure(t)}
	statm, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size uint64
	_, err = fmt.Sscan(string(statm), &size, &h.resident)
	require.NoError(t, err)
	h.resident *= uint64(os.Getpagesize())
	threads, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	h.threads = len(threads)
	return h
}

// within says whether h is what base was, but for what Go's heap and threads
// differ by from one moment to the next.
func (h held) within(base held) bool {
	return h.usage.within(base.usage) && h.resident < base.resident+64*mib && h.threads <= base.threads+8
}

// soakJob is one job, and what may become of it.
type soakJob struct {
	name string
	run  func(ctx context.Context) error
}

// ended demands one of the ends.
func ended(r *job.Result, ends ...job.End) error {
	for _, e := range ends {
		if r.End == e {
			return nil
		}
	}
	return fmt.Errorf("ended as %s: %s", r.End, r.Error)
}

// soakJobs are jobs of engines, of guests that end in each way, that hide
// state, that damage theirs, and a module that is loaded for one job.
//
// The function returned as well empties the pools, whose size is chance.
func soakJobs(t *testing.T, j *journal) (jobs []soakJob, empty func()) {
	b := setup(t, sandbox.Options{Log: j.logger()})
	b.waiting = make(chan struct{}, 1<<20) // nobody looks at who waits here
	rhai := b.loadRhai(t, "")
	modules := []*sandbox.Module{rhai}
	for name, script := range fuelScripts {
		jobs = append(jobs, soakJob{"rhai: " + name, func(ctx context.Context) error {
			return ended(rhai.Run(ctx, newJob([]byte(script))), job.Success, job.ScriptError)
		}})
	}
	jobs = append(jobs, soakJob{"rhai: hungry", func(ctx context.Context) error {
		hungry := newJob([]byte(`let a = []; loop { let s = "x"; s.pad(100000, "y"); a.push(s); }`))
		hungry.Limits.Fuel = 100_000_000
		return ended(rhai.Run(ctx, hungry), job.Memory, job.ScriptError, job.Fuel)
	}})
	for _, c := range mixed {
		m := b.load(t, c.guest, c.limits)
		modules = append(modules, m)
		jobs = append(jobs, soakJob{c.guest, func(ctx context.Context) error {
			return ended(m.Run(ctx, newJob([]byte("x"))), c.end)
		}})
	}
	for _, deep := range []string{"recursion", "recursion_mutual"} {
		m := b.load(t, deep, job.Limits{})
		modules = append(modules, m)
		jobs = append(jobs, soakJob{deep, func(ctx context.Context) error {
			return ended(m.Run(ctx, newJob(nil)), job.Stack)
		}})
	}
	for i, hides := range []string{"", "", "", "table", "data"} {
		g := rapid.Custom(func(t *rapid.T) *freshGuest { return drawGuest(t, hides) }).Example(i)
		damages := rapid.Custom(func(t *rapid.T) damage { return drawDamage(t, g) })
		m, err := b.Load(t.Context(), wattest.Compile(t, g.text()), &abi.Manifest{Name: "guest"}, job.Limits{Memory: 8 * mib})
		require.NoError(t, err)
		modules = append(modules, m)
		for k := range 3 * len(endings) {
			d := damages.Example(k)
			if d.ending = endings[k%len(endings)]; d.last.op == opWait {
				d.timeout, d.end = 5*time.Millisecond, job.Deadline
			}
			want := string(g.state())
			jobs = append(jobs, soakJob{"damage by " + d.name, func(ctx context.Context) error {
				r := m.Run(ctx, d.job())
				if !strings.HasPrefix(want, string(r.Output)) || d.end != job.Deadline && len(r.Output) != len(want) {
					return fmt.Errorf("it found something of another job's")
				}
				return ended(r, d.end)
			}})
		}
	}
	echo := wattest.CompileFile(t, "testdata/echo.wat")
	jobs = append(jobs, soakJob{"load and close", func(ctx context.Context) error {
		m, err := b.Load(ctx, echo, &abi.Manifest{Name: "guest"}, job.Limits{})
		if err != nil {
			return err
		}
		if err := ended(m.Run(ctx, newJob([]byte("x"))), job.Success); err != nil {
			return err
		}
		return m.Close(ctx)
	}})
	return jobs, func() {
		for _, m := range modules {
			m.WaitForPool()
			m.Shrink() // forgets what was in use,
			m.Shrink() // and so gives all back
		}
	}
}

// soak runs the jobs in random order on twice as many goroutines as there are
// processors, and returns how many it has run.
func soak(t *testing.T, jobs []soakJob, d time.Duration) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var done atomic.Int64
	var wg sync.WaitGroup
	for g := range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(d), uint64(g)))
			for ctx.Err() == nil {
				j := jobs[chance.IntN(len(jobs))]
				if err := j.run(context.Background()); err != nil {
					t.Errorf("%s: %v", j.name, err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return done.Load()
}

// Under full load, with all kinds of jobs, every job is right and the process
// does not grow: neither its heap nor its memory, mappings, descriptors,
// goroutines or threads. The first third fills what is kept for good.
func TestSoak(t *testing.T) {
	j := &journal{}
	jobs, empty := soakJobs(t, j)
	soak(t, jobs, *soakTime/3)
	empty()
	base := hold(t)
	n := soak(t, jobs, *soakTime*2/3)
	empty()
	after := hold(t)
	// Code that is no longer used is unmapped by finalizers, in their own time.
	for start := time.Now(); !after.within(base) && time.Since(start) < 5*time.Second; {
		runtime.Gosched()
		after = hold(t)
	}
	t.Logf("%d jobs\nbefore: %+v\nafter:  %+v", n, base, after)
	require.True(t, after.within(base), "before: %+v\nafter:  %+v", base, after)
	require.NotContains(t, j.String(), resetFailed)
	require.Positive(t, n)
}
