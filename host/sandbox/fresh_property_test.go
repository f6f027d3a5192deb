package sandbox_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/linear"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// journal keeps what a runtime tells its operator. It is safe for concurrent
// use.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// resetFailed is in the line of an instance that could not be put back, or
// was found not to be.
const resetFailed = "thrown away"

// ways are the ways of reset that this machine has.
func ways() []linear.Way {
	var out []linear.Way
	system := linear.Probe()
	for _, w := range linear.Ways() {
		if system.Check(w) == nil {
			out = append(out, w)
		}
	}
	return out
}

// refuge is a runtime that is watched, and the manifest for its modules.
type refuge struct {
	*bundle
	journal  *journal
	manifest abi.Manifest
}

// refuges are by name: each way of reset, and new instances.
func refuges(t testing.TB) map[string]refuge {
	out := map[string]refuge{}
	for _, w := range ways() {
		j := &journal{}
		out[w.String()] = refuge{setup(t, sandbox.Options{Way: w, Log: j.logger()}), j, abi.Manifest{Name: "guest"}}
	}
	j := &journal{}
	out["new instance"] = refuge{setup(t, sandbox.Options{Log: j.logger()}), j, abi.Manifest{Name: "guest", Fresh: abi.FreshInstance}}
	return out
}

// failer is what testing.T and rapid.T have in common.
type failer interface {
	require.TestingT
	Helper()
}

// suffer has a module do the damage, and demands that it found all as it has
// to be, and that it ended as it should.
func (r refuge) suffer(t failer, m *sandbox.Module, d damage, want []byte) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if d.last.op == opWait {
		go func() {
			select {
			case <-r.waiting:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	res := m.Run(ctx, d.job())
	require.Equal(t, d.end.String(), res.End.String(), "%s: %s", d.name, res.Error)
	require.Equal(t, m.NotReset == "", res.Cost.Reset)
	if d.end == job.Deadline {
		require.LessOrEqual(t, len(res.Output), len(want))
		want = want[:len(res.Output)] // it may have come before the report
	}
	if !bytes.Equal(want, res.Output) {
		require.Len(t, res.Output, len(want), d.name)
		for i := range want {
			require.Equal(t, want[i], res.Output[i], "byte %d of the state", i)
		}
	}
}

// Whatever a job does to its memory, its globals and its tables, and however
// it ends, the next one finds the state that the module's file and its
// initialisation make: worked out here without any WebAssembly.
func TestFreshnessProperty(t *testing.T) {
	all := refuges(t)
	rapid.Check(t, func(rt *rapid.T) {
		g := drawGuest(rt, rapid.SampledFrom([]string{"", "", "", "vector", "reference", "table", "elements", "data"}).Draw(rt, "hides"))
		binary, want := wattest.Compile(t, g.text()), g.state()
		var damages []damage
		for range rapid.IntRange(1, 12).Draw(rt, "jobs") {
			damages = append(damages, drawDamage(rt, g))
		}
		for name, r := range all {
			m, err := r.Load(context.Background(), binary, &r.manifest, job.Limits{Memory: 8 * mib})
			require.NoError(rt, err)
			if r.manifest.Fresh == "" {
				require.Contains(rt, m.NotReset, hidden[g.hides])
				require.Equal(rt, g.hides == "", m.NotReset == "", m.NotReset)
			}
			for _, d := range append(damages, damage{ending: endings[0]}) {
				r.suffer(rt, m, d, want)
			}
			require.NoError(rt, m.Close(context.Background()))
			require.NotContains(rt, r.journal.String(), resetFailed, name)
		}
	})
}

// The same for one guest a thousand times in a row, so that what is rare or
// adds up is met, too.
func TestFreshnessAThousandTimes(t *testing.T) {
	g := rapid.Custom(func(t *rapid.T) *freshGuest { return drawGuest(t, "") }).Example(1)
	damages := rapid.Custom(func(t *rapid.T) damage { return drawDamage(t, g) })
	binary, want := wattest.Compile(t, g.text()), g.state()
	for name, r := range refuges(t) {
		t.Run(name, func(t *testing.T) {
			m, err := r.Load(t.Context(), binary, &r.manifest, job.Limits{Memory: 8 * mib})
			require.NoError(t, err)
			for i := range 1000 {
				d := damages.Example(i)
				// Each ending has its turn, and after any other.
				d.ending = endings[(i+i/len(endings))%len(endings)]
				r.suffer(t, m, d, want)
			}
			require.NotContains(t, r.journal.String(), resetFailed)
		})
	}
}

// A guest that grows its memory until it is refused, and traps then, leaves
// nothing either: its instance is thrown away, and another takes its place.
func TestFreshnessAfterGrowth(t *testing.T) {
	binary := wattest.Compile(t, `(module
		(import "henge_job_v1" "output" (func $output (param i32 i32 i32 i32) (result i64))) `+memory+`
		(func (export "henge_run") (result i32)
			(drop (call $output (i32.const 0) (i32.mul (memory.size) (i32.const 65536)) (i32.const 0) (i32.const 0)))
			(loop $more
				(memory.fill (i32.const 0) (i32.const 0xee) (i32.mul (memory.size) (i32.const 65536)))
				(br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
			(unreachable)))`)
	d := damage{ending: ending{name: "growth", end: job.Memory}}
	for name, r := range refuges(t) {
		t.Run(name, func(t *testing.T) {
			m, err := r.Load(t.Context(), binary, &r.manifest, job.Limits{Memory: mib})
			require.NoError(t, err)
			for range 50 {
				r.suffer(t, m, d, make([]byte, pageSize))
			}
			require.NotContains(t, r.journal.String(), resetFailed)
		})
	}
}
