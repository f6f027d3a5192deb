package sandbox_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// TestFuelOfScripts compares the fuel of the engine's scripts with the number
// of instructions that they execute: no less, and no more than eight times as
// much, so that a limit means about the same for every script.
func TestFuelOfScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the engine twice")
	}
	const most = 8
	folder := "../../modules/"
	binary, err := os.ReadFile(folder + "built/rhai.wasm")
	if os.IsNotExist(err) {
		t.Skip("the engine is not built; run: make modules")
	}
	require.NoError(t, err)
	text, err := os.ReadFile(folder + "built/rhai.json")
	require.NoError(t, err)
	manifest, err := abi.ParseManifest(text)
	require.NoError(t, err)
	ctx := context.Background()
	load := func(binary []byte, baseline sandbox.Baseline) *sandbox.Module {
		m, err := setup(t, sandbox.Options{Baseline: baseline}).Load(ctx, binary, manifest, job.Limits{})
		require.NoError(t, err)
		return m
	}
	exact, metered := load(counted(t, binary), sandbox.Unmetered), load(binary, sandbox.Henge)

	var ratios []float64
	for name, script := range engineScripts(t, folder+"rhai/testdata") {
		j := newJob([]byte(script))
		want, instructions, err := exact.RunReading(ctx, j, countExport)
		require.NoError(t, err)
		got := metered.Run(ctx, j)
		require.Equal(t, want.End, got.End, "%s: %s", name, script)
		require.Equal(t, want.Output, got.Output, name)
		require.GreaterOrEqual(t, got.Cost.Fuel, int64(instructions), name)
		require.Less(t, got.Cost.Fuel, most*int64(instructions), name)
		require.Equal(t, got.Cost.Fuel, metered.Run(ctx, j).Cost.Fuel, "%s: it costs the same each time", name)
		ratios = append(ratios, float64(got.Cost.Fuel)/float64(instructions))
	}
	slices.Sort(ratios)
	n := len(ratios) - 1
	t.Logf("fuel for an instruction in %d scripts: least %.2f, median %.2f, 90%% %.2f, most %.2f", n+1, ratios[0], ratios[n/2], ratios[n*9/10], ratios[n])
}

// engineScripts are the scripts that the engine is compared with native Rhai
// by, and some that work longer.
func engineScripts(t *testing.T, folder string) map[string]string {
	t.Helper()
	scripts := map[string]string{
		"fibonacci": `fn fib(n) { if n < 2 { n } else { fib(n-1) + fib(n-2) } } fib(15)`,
		"rounds":    `let x = 0; for i in 0..20000 { x += i % 7; } x`,
		"texts":     `let s = ""; for i in 0..2000 { s += "ab" + i; } s.len`,
		"blobs":     `let b = blob(1000000, 7); let c = b; c.append(b); c.len`,
	}
	files, err := filepath.Glob(folder + "/*.rhai")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	title := regexp.MustCompile(`(?m)^-- .* --\n`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		names := title.FindAllString(string(text), -1)
		for i, script := range title.Split(string(text), -1)[1:] {
			scripts[filepath.Base(file)+" "+names[i]] = script
		}
	}
	return scripts
}
