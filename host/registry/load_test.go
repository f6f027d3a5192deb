package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

// gated is a runtime that holds each module of a version back until that is
// let through.
type gated struct {
	*sandbox.Runtime

	mu    sync.Mutex
	gates map[string]chan struct{}
}

func gate(rt *sandbox.Runtime) *gated { return &gated{Runtime: rt, gates: map[string]chan struct{}{}} }

func (g *gated) gate(version string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gates[version] == nil {
		g.gates[version] = make(chan struct{})
	}
	return g.gates[version]
}

func (g *gated) letThrough(version string) { close(g.gate(version)) }

// Load implements registry.Loader.
func (g *gated) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error) {
	if manifest.Version != "" {
		select {
		case <-g.gate(manifest.Version):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return g.Runtime.Load(ctx, binary, manifest, limits)
}

// broken has a manifest that can be read, and cannot be loaded.
func broken(manifest string) []byte { return append(saying(manifest), 0xff) }

func runs(t *testing.T, m *sandbox.Module) {
	t.Helper()
	r := m.Run(t.Context(), &job.Job{ID: "j", Circle: "acme", Caller: "acme", Type: "x", Dialect: "local", Attempt: 1})
	require.Equal(t, job.Success, r.End, r.Error)
}

func TestServesWhileOthersLoad(t *testing.T) {
	loader := gate(newRuntime(t))
	r := begin(t, loader, registry.Options{Folders: named(fstest.MapFS{
		"a.wasm": file(saying(`{"name":"slow","types":["s"],"version":"1"}`)),
		"b.wasm": file(saying(`{"name":"quick","types":["q"]}`)),
	})})
	require.NoError(t, r.Await(t.Context(), "q"))
	require.Equal(t, []string{"q"}, r.Types())
	require.Equal(t, []string{"s"}, r.Pending())
	require.Equal(t, []string{"q", "s"}, r.Claimed())
	require.Equal(t, registry.Pending, r.Entries()[0].State)
	_, ok := r.Lookup("s")
	require.False(t, ok)

	changed := r.Changed()
	loader.letThrough("1")
	<-changed
	require.NoError(t, r.Wait(t.Context()))
	require.Equal(t, []string{"q", "s"}, r.Types())
	require.Empty(t, r.Pending())
	m, ok := r.Lookup("s")
	require.True(t, ok)
	runs(t, m)
}

func TestReplacedModuleIsUsableWhileItWasHandedOut(t *testing.T) {
	loader := gate(newRuntime(t))
	r := begin(t, loader, registry.Options{Folders: named(
		fstest.MapFS{"m.wasm": file(saying(`{"name":"m","types":["x"]}`))},
		fstest.MapFS{"m.wasm": file(saying(`{"name":"m","types":["x"],"version":"2"}`))},
	)})
	var earlier *sandbox.Module
	for ok := false; !ok; {
		changed := r.Changed()
		if earlier, ok = r.Lookup("x"); !ok {
			<-changed
		}
	}

	stopped, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, r.Await(stopped, "x"), context.Canceled, "it is not settled while the replacement loads")
	loader.letThrough("2")
	require.NoError(t, r.Await(t.Context(), "x"))
	later, ok := r.Lookup("x")
	require.True(t, ok)
	require.Equal(t, "2", later.Manifest.Version)
	require.Equal(t, "replaced by b/m.wasm", reason(t, r, "a/m.wasm"))
	runs(t, earlier)
	runs(t, later)
}

func TestCloseEndsLoading(t *testing.T) {
	loader := gate(newRuntime(t))
	var log bytes.Buffer
	r, err := registry.Open(t.Context(), loader, registry.Options{
		Folders: named(fstest.MapFS{"m.wasm": file(saying(`{"name":"m","version":"never"}`))}),
		Log:     slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- r.Wait(context.Background()) }()
	require.NoError(t, r.Close(t.Context()))
	require.ErrorIs(t, <-waited, registry.ErrStopped)
	require.Empty(t, log.String(), "a module that was not loaded to its end is not refused")
	_, ok := r.Lookup("m")
	require.False(t, ok)
}

func TestTypesNarrowWhatIsLoaded(t *testing.T) {
	loader := gate(newRuntime(t))
	r := begin(t, loader, registry.Options{
		Types: []string{" X "},
		Folders: named(fstest.MapFS{
			"other.wasm":  file(saying(`{"name":"other","types":["o"],"version":"never"}`)),
			"text.wasm":   file([]byte("no module")),
			"first.wasm":  file(saying(`{"name":"wanted","types":["x","y"]}`)),
			"second.wasm": file(saying(`{"name":"rival","types":["y"]}`)),
		}),
	})
	require.NoError(t, r.Wait(t.Context()))
	require.Equal(t, []string{"o", "x", "y"}, r.Claimed())
	require.Equal(t, []string{"x", "y"}, r.Types())
	require.Contains(t, reason(t, r, "a/second.wasm"), "already served", "it has a bearing on what serves x")
	require.Contains(t, reason(t, r, "a/text.wasm"), "not WebAssembly")
	require.Len(t, r.Entries(), 3)
}

// TestOrderOfLoading lets real modules through in any order: who serves what,
// and why the others do not, is always the same.
func TestOrderOfLoading(t *testing.T) {
	rt := newRuntime(t)
	files := func() []registry.Folder {
		return named(
			fstest.MapFS{
				"a.wasm": file(saying(`{"name":"m","types":["x","y"],"version":"1"}`)),
				"b.wasm": file(saying(`{"name":"n","types":["z","x"],"version":"2"}`)),
				"c.wasm": file(saying(`{"name":"o","types":["z"],"version":"3"}`)),
			},
			fstest.MapFS{
				"a.wasm": file(saying(`{"name":"m","types":["y"],"version":"4"}`)),
				"b.wasm": file(saying(`{"name":"p","types":["x"],"version":"5"}`)),
				"c.wasm": file(broken(`{"name":"o","types":["z","w"],"version":"6"}`)),
			})
	}
	const want = `a/a.wasm refused replaced by b/a.wasm
a/b.wasm refused type "x" is already served by module "m" (a/a.wasm); two modules cannot serve one type
a/c.wasm serving
b/a.wasm serving
b/b.wasm serving
b/c.wasm refused`
	rapid.Check(t, func(t *rapid.T) {
		loader := gate(rt)
		r, err := registry.Open(context.Background(), loader, registry.Options{Folders: files()})
		require.NoError(t, err)
		for _, v := range rapid.Permutation([]string{"1", "2", "3", "4", "5", "6"}).Draw(t, "order") {
			loader.letThrough(v)
		}
		require.NoError(t, r.Wait(context.Background()))
		var got []string
		for _, e := range r.Entries() {
			line := fmt.Sprintf("%s %s %s", e.File, e.State, e.Reason)
			if strings.HasPrefix(line, "b/c.wasm refused") {
				line = "b/c.wasm refused"
			}
			got = append(got, strings.TrimSpace(line))
		}
		require.Equal(t, want, strings.Join(got, "\n"))
		require.NoError(t, r.Close(context.Background()))
	})
}
