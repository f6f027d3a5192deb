package registry

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/registry/trust"
)

// TestFilesAsAttacks puts what is no module into a watched folder. None holds up
// the watcher, and what is good beside them is served.
func TestFilesAsAttacks(t *testing.T) {
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.wasm"), runner(""), 0o600))
	s := newShelf(t, t.TempDir(), newRecording(t))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	at := func(name string) string { return filepath.Join(s.dir, name) }

	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.wasm"), at("absolute.wasm")))
	require.NoError(t, os.Symlink("../"+filepath.Base(outside)+"/secret.wasm", at("relative.wasm")))
	require.NoError(t, os.Symlink("nothing.wasm", at("dangling.wasm")))
	require.NoError(t, os.Symlink("loop.wasm", at("loop.wasm")))
	require.NoError(t, os.Symlink("/dev/zero", at("device.wasm")))
	require.NoError(t, syscall.Mkfifo(at("fifo.wasm"), 0o600))
	require.NoError(t, os.Mkdir(at("folder.wasm"), 0o700))
	s.put("sidecar.wasm", runner(""))
	require.NoError(t, syscall.Mkfifo(at("sidecar.json"), 0o600))
	s.put("signed.wasm", runner(""))
	require.NoError(t, os.Mkdir(at("signed.sig"), 0o700))
	s.put("huge.wasm", nil)
	require.NoError(t, os.Truncate(at("huge.wasm"), 1<<40))
	s.put("manifest.wasm", runner(""))
	s.put("manifest.json", nil)
	require.NoError(t, os.Truncate(at("manifest.json"), 1<<40))
	s.put("evil\n\x1b[31m.wasm", runner(`{"name":"evil"}`))
	s.put("bytes\xff.wasm", runner(`{"name":"bytes"}`))
	s.put(strings.Repeat("x", 200)+".wasm", runner(""))
	s.put(".wasm", runner(""))
	s.put(".hidden.wasm", runner(""))
	s.put("good.wasm", runner(`{"name":"good","version":"1"}`))
	require.NoError(t, os.Symlink("good.wasm", at("link.wasm")))
	s.settle()

	require.Equal(t, map[string]string{"good": "1"}, s.serving())
	reasons := s.reasons()
	for file, reason := range map[string]string{
		"absolute": "escapes", "relative": "escapes", "device": "escapes",
		"dangling": "no such file", "loop": "too many levels",
		"fifo": "not a regular file", "folder": "not a regular file",
		"sidecar": "sidecar.json: it is not a regular file", "signed": "signed.sig: it is not a regular file",
		"huge": "1099511627776 bytes", "manifest": "manifest.json: it has 1099511627776 bytes",
		"evil\uFFFD\uFFFD[31m": "cannot be shown", "bytes\uFFFD": "cannot be shown",
		strings.Repeat("x", 200): "rename it",
	} {
		require.Regexp(t, `(?m)^`+regexpQuote(file)+`\.wasm refused: .*`+regexpQuote(reason), reasons)
	}
	require.NotContains(t, reasons, "hidden")
	for _, c := range reasons {
		require.True(t, c == '\n' || c >= ' ', "%q", reasons)
	}
	s.settle()
	require.Equal(t, reasons, s.reasons(), "a second look finds the same")
	for _, name := range []string{"fifo.wasm", "folder.wasm", "huge.wasm"} {
		s.rm(name)
	}
	s.settle()
	require.NotContains(t, s.reasons(), "fifo.wasm")
}

func regexpQuote(s string) string { return strings.NewReplacer("[", `\[`, ".", `\.`).Replace(s) }

func TestUntrustedFilesAreQuarantined(t *testing.T) {
	private, public, err := trust.NewKey()
	require.NoError(t, err)
	key, err := trust.ParsePrivate(private)
	require.NoError(t, err)
	pub, err := trust.ParsePublic(public)
	require.NoError(t, err)
	folder := Dir(t.TempDir())
	folder.Trust = &trust.Policy{Keys: []ed25519.PublicKey{pub}, Pins: filepath.Join(t.TempDir(), "pins")}
	loader := newRecording(t)
	s := newShelf(t, folder.path, loader, folder)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	sign := func(name string) {
		parts, _, err := folder.Parts(name + ".wasm")
		require.NoError(t, err)
		s.put(name+".sig", trust.Sign(parts, key))
	}
	pin := func(name string) {
		parts, _, err := folder.Parts(name + ".wasm")
		require.NoError(t, err)
		pins, err := trust.ReadPinsIfAny(folder.Trust.Pins)
		require.NoError(t, err)
		pins.Pin(parts)
		require.NoError(t, os.WriteFile(folder.Trust.Pins, pins.Bytes(), 0o600))
	}

	s.put("m.wasm", runner(`{"name":"m","version":"1"}`))
	s.settle()
	require.Contains(t, s.reasons(), "m.wasm quarantined: it is not signed")
	require.Empty(t, loader.given, "what is quarantined is not even compiled")
	sign("m")
	s.settle()
	require.Contains(t, s.reasons(), "m.wasm refused: read the pins")
	pin("m")
	s.settle()
	require.Equal(t, map[string]string{"m": "1"}, s.serving())

	s.put("m.wasm", runner(`{"name":"m","version":"2"}`))
	s.settle()
	require.Equal(t, map[string]string{"m": "1"}, s.serving())
	require.Contains(t, s.reasons(), "m.wasm quarantined: its signature is for other content")
	sign("m")
	s.settle()
	require.Contains(t, s.reasons(), "m.wasm quarantined: m.wasm has the hash")
	pin("m")
	s.settle()
	require.Equal(t, map[string]string{"m": "2"}, s.serving())
	require.Len(t, s.Entries(), 1)

	// A sidecar that nobody signed gives a module other types.
	s.put("m.json", []byte(`{"name":"m","types":["rhai"],"version":"3"}`))
	s.settle()
	require.Equal(t, map[string]string{"m": "2"}, s.serving())
	require.Contains(t, s.reasons(), "other content")
	_, _, err = folder.Read("m.wasm")
	require.ErrorIs(t, err, trust.ErrUntrusted)
	s.rm("m.json")

	// And so does another file name, where nothing else says the type.
	s.put("plain.wasm", runner(""))
	sign("plain")
	pin("plain")
	s.settle()
	require.Contains(t, s.serving(), "plain")
	require.NoError(t, os.Rename(filepath.Join(s.dir, "plain.wasm"), filepath.Join(s.dir, "rhai.wasm")))
	require.NoError(t, os.Rename(filepath.Join(s.dir, "plain.sig"), filepath.Join(s.dir, "rhai.sig")))
	s.settle()
	require.NotContains(t, s.serving(), "rhai")
	require.Contains(t, s.reasons(), "rhai.wasm quarantined: its signature is for other content")
}
