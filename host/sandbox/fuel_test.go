package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/modules"
)

// loadRhai makes the Rhai engine ready, fresh as the manifest can ask for it.
func (b *bundle) loadRhai(t testing.TB, fresh string) *sandbox.Module {
	t.Helper()
	read := func(name string) []byte {
		f, err := modules.FS().Open(name)
		require.NoError(t, err, "the engine is not built: run make modules")
		defer func() { _ = f.Close() }()
		var text bytes.Buffer
		_, err = text.ReadFrom(f)
		require.NoError(t, err)
		return text.Bytes()
	}
	manifest, err := abi.ParseManifest(read("rhai.json"))
	require.NoError(t, err)
	manifest.Fresh = fresh
	m, err := b.Load(context.Background(), read("rhai.wasm"), manifest, job.Limits{})
	require.NoError(t, err)
	return m
}

// burnt is the fuel of each script, as its first job used it.
type burnt map[string]int64

// burn runs each script n times in goroutines that take them in different
// orders, so that what runs before and beside a job is never the same, and
// compares what each job used with what is in b, or puts it there.
func (b burnt) burn(t testing.TB, m *sandbox.Module, goroutines, n int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			order := slices.Sorted(maps.Keys(fuelScripts))
			chance := rand.New(rand.NewPCG(1, uint64(g)))
			for i := g; i < n; i += goroutines {
				chance.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
				for _, name := range order {
					r := m.Run(context.Background(), newJob([]byte(fuelScripts[name])))
					mu.Lock()
					if _, known := b[name]; !known {
						b[name] = r.Cost.Fuel
					}
					want := b[name]
					mu.Unlock()
					if r.End != job.Success && r.End != job.ScriptError || r.Cost.Fuel != want {
						t.Errorf("%s: %s %s: used %d units of fuel, and %d before", name, r.End, r.Error, r.Cost.Fuel, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

// What a script burns is the same a hundred times over: alone and beside
// others, in instances that were put back in each way there is and in new
// ones, and in another process.
func TestFuelIsTheSame(t *testing.T) {
	require.Len(t, fuelScripts, 50)
	all := burnt{}
	runs := 0
	// The engine is compiled once and not for each runtime.
	cache := t.TempDir()
	some := func(m *sandbox.Module, goroutines, n int) {
		all.burn(t, m, goroutines, n)
		runs += n
	}
	for _, way := range ways() {
		b := setup(t, sandbox.Options{Way: way, CacheDir: cache})
		m := b.loadRhai(t, "")
		require.Empty(t, m.NotReset)
		some(m, 1, 4)
		some(m, 4, 12)
	}
	some(setup(t, sandbox.Options{CacheDir: cache}).loadRhai(t, abi.FreshInstance), 4, 15)
	some(setup(t, sandbox.Options{Baseline: sandbox.FromSnapshot, CacheDir: cache}).loadRhai(t, ""), 4, max(20, 100-runs-1))
	require.Equal(t, all, inAnotherProcess(t), "a restart changes nothing")
	require.GreaterOrEqual(t, runs+1, 100)
	for name, fuel := range all {
		require.Positive(t, fuel, name)
	}
	require.Greater(t, all["sum"], all["number"])
}

// fuelChild is set in the environment of the process that inAnotherProcess
// starts.
const fuelChild = "HENGE_TEST_FUEL_CHILD"

// inAnotherProcess is what the scripts burn when this program is run anew.
func inAnotherProcess(t *testing.T) burnt {
	cmd := exec.Command(os.Args[0], "-test.run=^TestFuelOfThisProcess$")
	cmd.Env = append(os.Environ(), fuelChild+"=1")
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	text, _, _ := bytes.Cut(out, []byte("\n"))
	var b burnt
	require.NoError(t, json.Unmarshal(text, &b), "%s", out)
	return b
}

// TestFuelOfThisProcess is the other process of inAnotherProcess.
func TestFuelOfThisProcess(t *testing.T) {
	if os.Getenv(fuelChild) == "" {
		t.Skip("it is run by TestFuelIsTheSame")
	}
	b := burnt{}
	b.burn(t, setup(t, sandbox.Options{}).loadRhai(t, ""), 1, 1)
	text, err := json.Marshal(b)
	require.NoError(t, err)
	fmt.Println(string(text))
}

// A job may use all of its fuel, to the unit, and one with much less is ended
// soon after. A limit also cuts the fuel into other slices, which must not
// change what is used.
func TestFuelLimitIsExact(t *testing.T) {
	m := setup(t, sandbox.Options{}).loadRhai(t, "")
	// How far apart a guest looks at its fuel at most.
	const between = 65_536 + 1000
	for _, name := range slices.Sorted(maps.Keys(fuelScripts)) {
		t.Run(name, func(t *testing.T) {
			j := newJob([]byte(fuelScripts[name]))
			run := func(limit int64) *job.Result {
				j.Limits.Fuel = limit
				return m.Run(t.Context(), j)
			}
			// The engine reads its limits, and so burns more where they are
			// written in more bytes. All that are compared have as many.
			most := int64(math.MaxUint16)
			free := run(most)
			if free.End == job.Fuel {
				most = math.MaxUint32
				free = run(most)
			}
			used := free.Cost.Fuel
			for _, limit := range []int64{used, used + 1, (used + most) / 2} {
				r := run(limit)
				require.Equal(t, free.End.String(), r.End.String(), r.Error)
				require.Equal(t, used, r.Cost.Fuel, "with a limit of %d", limit)
				require.Equal(t, free.Output, r.Output)
			}
			for _, limit := range []int64{1, used / 3, used / 2} {
				r := run(limit)
				require.Equal(t, job.Fuel.String(), r.End.String(), r.Error)
				require.Greater(t, r.Cost.Fuel, limit)
				require.LessOrEqual(t, r.Cost.Fuel, limit+between)
				require.Equal(t, r.Cost.Fuel, run(limit).Cost.Fuel, "where it is ended is the same, too")
			}
		})
	}
}
