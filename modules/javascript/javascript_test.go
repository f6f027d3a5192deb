// Package javascript_test has the JavaScript engine do what the suite of all
// engines does not ask for: promises, the forms of values, its own limits, and
// the standard's tests of the language.
package javascript_test

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

// built is where modules/build.sh engines puts the engine.
const built = "../../bin/modules"

// load makes the engine ready as a worker would.
func load(t testing.TB, opts sandbox.Options) *sandbox.Module {
	t.Helper()
	ctx := context.Background()
	binary, manifest, err := registry.Folder{Name: built, FS: os.DirFS(built)}.Read("javascript.wasm")
	require.NoError(t, err, "the engine is not built: run make setup")
	rt, err := sandbox.New(ctx, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	m, err := rt.Load(ctx, binary, manifest, job.Limits{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(ctx)) })
	return m
}

func run(m *sandbox.Module, script string) *job.Result {
	return m.Run(context.Background(), &job.Job{
		ID: "1", Circle: "acme", Caller: "acme", Type: "js", Dialect: "local",
		Payload: []byte(script), Timeout: time.Minute, Attempt: 1,
	})
}
