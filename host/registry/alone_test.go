package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// crowd is a runtime that counts the modules that were begun to be loaded, and
// calls first in place of the loading of the module first.
type crowd struct {
	*sandbox.Runtime
	begun atomic.Int32
	other chan struct{} // has a value for each other module that was begun
	first func(*crowd)
}

// Load implements registry.Loader.
func (c *crowd) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error) {
	c.begun.Add(1)
	if manifest.Name == "first" {
		c.first(c)
	} else {
		c.other <- struct{}{}
	}
	return c.Runtime.Load(ctx, binary, manifest, limits)
}

// What is built in is loaded first, and alone, however large it is.
func TestBuiltInIsLoadedAlone(t *testing.T) {
	var before, beside bool
	r := openCrowd(t, &crowd{first: func(c *crowd) {
		before = c.begun.Load() > 1
		select {
		case <-c.other:
			beside = true
		case <-time.After(50 * time.Millisecond):
		}
	}})
	require.NoError(t, r.Wait(t.Context()))
	require.False(t, before, "others came before it")
	require.False(t, beside, "others were loaded beside it")
	require.Equal(t, []string{"a", "b", "c", "first"}, r.Types())
}

// One that takes long holds up the others for a moment only.
func TestBuiltInHoldsUpNobodyForLong(t *testing.T) {
	served := make(chan struct{})
	r := openCrowd(t, &crowd{first: func(*crowd) { <-served }})
	for _, typ := range []string{"a", "b", "c"} {
		require.NoError(t, r.Await(t.Context(), typ))
	}
	require.Equal(t, []string{"a", "b", "c"}, r.Types())
	close(served)
	require.NoError(t, r.Await(t.Context(), "first"))
	require.Equal(t, []string{"a", "b", "c", "first"}, r.Types())
}

// openCrowd opens a registry with one module that is built in and three small ones
// in a folder.
func openCrowd(t *testing.T, c *crowd) *registry.Registry {
	t.Helper()
	c.Runtime, c.other = newRuntime(t), make(chan struct{}, 3)
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".wasm"), tiny, 0o600))
	}
	builtIn := registry.Folder{Name: "built-in", FS: fstest.MapFS{"first.wasm": file(saying(`{"name":"first"}`))}}
	return begin(t, c, registry.Options{Folders: []registry.Folder{builtIn, registry.Dir(dir)}})
}
