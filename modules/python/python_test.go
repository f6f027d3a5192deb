// Package python_test has the Python engine do what the suite of all engines
// does not ask for: the language, the forms of values, its own limits, and that
// there is no way out of it.
package python_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// built is where modules/build.sh python puts the engine.
const built = "../../bin/modules"

// load makes the engine ready as a worker would. It is not always built.
func load(t testing.TB) *sandbox.Module {
	t.Helper()
	if _, err := os.Stat(built + "/python.wasm"); err != nil {
		t.Skip("python is not built: run make python")
	}
	ctx := context.Background()
	binary, manifest, err := registry.Folder{Name: built, FS: os.DirFS(built)}.Read("python.wasm")
	require.NoError(t, err)
	rt, err := sandbox.New(ctx, sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	m, err := rt.Load(ctx, binary, manifest, job.Limits{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(ctx)) })
	return m
}

func run(m *sandbox.Module, script string) *job.Result {
	return m.Run(context.Background(), &job.Job{
		ID: "1", Circle: "acme", Caller: "acme", Type: "py", Dialect: "local",
		Payload: []byte(script), Timeout: time.Minute, Attempt: 1,
	})
}
