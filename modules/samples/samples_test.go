package samples_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/modules/samples"
)

// built says where each module is, without its ending.
var built = map[string]string{
	"rhai":       "../built/rhai",
	"javascript": "../../bin/modules/javascript",
	"lua":        "../../bin/modules/lua",
	"starlark":   "../../bin/modules/starlark",
	"sum":        "../../bin/sum",
}

// Besides its result, each script shows that henge_init leaves room enough: an
// instance whose memory has grown is dearer to put back.
func TestScripts(t *testing.T) {
	for _, engine := range []string{"rhai", "javascript", "lua", "starlark"} {
		m := load(t, engine)
		start := run(m, "").Cost.MemoryPeak
		require.Positive(t, start)
		for _, s := range samples.Scripts(engine) {
			t.Run(engine+"/"+s.Name, func(t *testing.T) {
				r := run(m, s.Source)
				require.Equal(t, job.Success, r.End, r.Error)
				require.Equal(t, s.Want, string(r.Output))
				require.Equal(t, start, r.Cost.MemoryPeak, "memory has grown")
			})
		}
	}
}

func TestEveryEngineHasEveryProgram(t *testing.T) {
	engines, err := os.ReadDir("scripts")
	require.NoError(t, err)
	require.NotEmpty(t, engines)
	for _, engine := range engines {
		files, err := os.ReadDir("scripts/" + engine.Name())
		require.NoError(t, err)
		require.NotEmpty(t, files)
		require.Len(t, samples.Scripts(engine.Name()), len(files), "a file of %s is missing, or has no program", engine.Name())
	}
}

func TestNoScriptsForOtherEngines(t *testing.T) {
	for _, engine := range []string{"", "no-such", "..", "rhai/../rhai"} {
		require.Empty(t, samples.Scripts(engine), engine)
	}
}

// load makes a module ready as a worker would.
func load(t testing.TB, name string) *sandbox.Module {
	t.Helper()
	ctx := context.Background()
	binary, err := os.ReadFile(built[name] + ".wasm")
	require.NoError(t, err, "the module is not built: run make setup")
	text, err := os.ReadFile(built[name] + ".json")
	require.NoError(t, err)
	manifest, err := abi.ParseManifest(text)
	require.NoError(t, err)
	rt, err := sandbox.New(ctx, sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rt.Close(ctx) })
	m, err := rt.Load(ctx, binary, manifest, job.Limits{})
	require.NoError(t, err)
	return m
}

func run(m *sandbox.Module, payload string) *job.Result {
	return m.Run(context.Background(), &job.Job{
		ID: "1", Circle: "acme", Caller: "alice", Type: m.Manifest.Name, Dialect: "local",
		Payload: []byte(payload), Timeout: time.Minute, Attempt: 1,
	})
}
