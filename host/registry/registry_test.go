package registry_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tiny is the smallest runner: it exports a memory and a henge_run that
// returns 0. Sections that follow may say more of it.
var tiny = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x05\x01\x60\x00\x01\x7f" + // type: () -> i32
	"\x03\x02\x01\x00" + // one function
	"\x05\x03\x01\x00\x01" + // one memory, of a page
	"\x07\x16\x02\x06memory\x02\x00\x09henge_run\x00\x00" +
	"\x0a\x06\x01\x04\x00\x41\x00\x0b")

// saying returns tiny with a manifest of its own.
func saying(manifest string) []byte {
	const name = "henge.manifest"
	body := string(rune(len(name))) + name + manifest
	return append(bytes.Clone(tiny), append([]byte{0, byte(len(body))}, body...)...)
}

func file(b []byte) *fstest.MapFile { return &fstest.MapFile{Data: b, Mode: 0o644} }

// newRuntime returns a runtime for the time of the test.
func newRuntime(t *testing.T) *sandbox.Runtime {
	t.Helper()
	rt, err := sandbox.New(context.Background(), sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return rt
}

// named gives folders the names a, b and so on.
func named(folders ...fstest.MapFS) []registry.Folder {
	var all []registry.Folder
	for i, f := range folders {
		all = append(all, registry.Folder{Name: string(rune('a' + i)), FS: f})
	}
	return all
}

// begin opens a registry and does not wait.
func begin(t *testing.T, loader registry.Loader, opts registry.Options) *registry.Registry {
	t.Helper()
	r, err := registry.Open(context.Background(), loader, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close(context.Background())) })
	return r
}

// open returns a registry in which everything is settled.
func open(t *testing.T, log *bytes.Buffer, folders ...fstest.MapFS) *registry.Registry {
	t.Helper()
	opts := registry.Options{Folders: named(folders...)}
	if log != nil {
		opts.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	r := begin(t, newRuntime(t), opts)
	require.NoError(t, r.Wait(t.Context()))
	return r
}

// reason returns why a file is not served.
func reason(t *testing.T, r *registry.Registry, name string) string {
	t.Helper()
	for _, e := range r.Entries() {
		if e.File == name {
			return e.Reason
		}
	}
	t.Fatalf("no entry for %s", name)
	return ""
}

func TestManifest(t *testing.T) {
	r := open(t, nil, fstest.MapFS{
		"plain.wasm":   file(tiny),
		"inside.wasm":  file(saying(`{"name":"said","types":["x","y"]}`)),
		"beside.wasm":  file(saying(`{"name":"loses"}`)),
		"beside.json":  file([]byte(`{"name":"wins","version":"1.2"}`)),
		"notes.txt":    file([]byte("not a module")),
		"sub/far.wasm": file(tiny),
	})
	require.Equal(t, []string{"plain", "wins", "x", "y"}, r.Types())
	for _, e := range r.Entries() {
		require.Empty(t, e.Reason, e.File)
	}
	m, ok := r.Lookup("wins")
	require.True(t, ok)
	require.Equal(t, "1.2", m.Manifest.Version)
	_, ok = r.Lookup("inside")
	require.False(t, ok)
}

func TestLaterFolderReplacesByName(t *testing.T) {
	r := open(t, nil,
		fstest.MapFS{"m.wasm": file(saying(`{"name":"m","types":["x","old"],"version":"1"}`))},
		fstest.MapFS{"m.wasm": file(saying(`{"name":"m","types":["x","new"],"version":"2"}`))})
	require.Equal(t, []string{"new", "x"}, r.Types())
	m, _ := r.Lookup("x")
	require.Equal(t, "2", m.Manifest.Version)
	require.Equal(t, "replaced by b/m.wasm", reason(t, r, "a/m.wasm"))
}

func TestBadFileDoesNotReplaceAGoodOne(t *testing.T) {
	r := open(t, nil,
		fstest.MapFS{"m.wasm": file(tiny)},
		fstest.MapFS{"m.wasm": file(tiny[:20])})
	_, ok := r.Lookup("m")
	require.True(t, ok)
	require.Contains(t, reason(t, r, "b/m.wasm"), "at byte")
}

func TestTwoModulesForOneType(t *testing.T) {
	r := open(t, nil, fstest.MapFS{
		"a.wasm": file(saying(`{"name":"first","types":["x"]}`)),
		"b.wasm": file(saying(`{"name":"second","types":["y","x"]}`)),
	})
	require.Equal(t, []string{"x"}, r.Types())
	m, _ := r.Lookup("x")
	require.Equal(t, "first", m.Manifest.Name)
	require.Equal(t, `type "x" is already served by module "first" (a/a.wasm); two modules cannot serve one type`, reason(t, r, "a/b.wasm"))
}

func TestReasonsAreOneLine(t *testing.T) {
	var log bytes.Buffer
	r := open(t, &log, fstest.MapFS{
		"empty.wasm": file(nil),
		"evil.wasm":  file([]byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x02\x11\x01\x09a\nb\x1b[31m\r\x03foo\x00\x00")),
		"long.wasm":  file(tiny),
		"long.json":  file([]byte(`{"name":"` + strings.Repeat("x", 5000) + `"}`)),
		"UPPER.wasm": file(tiny),
	})
	require.Empty(t, r.Types())
	for _, e := range r.Entries() {
		require.NotEmpty(t, e.Reason, e.File)
		require.LessOrEqual(t, len(e.Reason), 520, e.File)
		for _, c := range e.Reason {
			require.GreaterOrEqual(t, c, ' ', "%s: %q", e.File, e.Reason)
		}
	}
	require.Equal(t, 4, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, reason(t, r, "a/UPPER.wasm"), "rename it")
}

func TestFolderThatIsNotThere(t *testing.T) {
	_, err := registry.Open(t.Context(), newRuntime(t), registry.Options{Folders: []registry.Folder{{Name: "gone", FS: missing{}}}})
	require.ErrorContains(t, err, "read the modules folder gone")
}

// missing is a folder that is not there.
type missing struct{}

func (missing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
