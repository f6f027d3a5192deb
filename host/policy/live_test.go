package policy_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines hands out what is logged, a line at a time.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// next waits for a line that has the text.
func (l lines) next(t *testing.T, text string) string {
	t.Helper()
	select {
	case line := <-l:
		require.Contains(t, line, text)
		return line
	case <-time.After(20 * time.Second):
		t.Fatalf("nothing was logged; wanted %q", text)
		return ""
	}
}

// watched is a file of a policy that is followed.
type watched struct {
	*policy.Live
	path  string
	log   lines
	again chan os.Signal
}

func watch(t *testing.T, text string) watched {
	t.Helper()
	w := watched{path: filepath.Join(t.TempDir(), "henge.toml"), log: make(lines, 64), again: make(chan os.Signal)}
	require.NoError(t, os.WriteFile(w.path, []byte(text), 0o600))
	var err error
	w.Live, err = policy.Open(w.path, []string{"slots"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Watch(ctx, slog.New(slog.NewTextHandler(w.log, nil)), w.again) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	w.again <- os.Interrupt // it follows the file from here on
	w.log.next(t, "nothing has changed")
	return w
}

// write puts a new file in the place of the old one, as editors do.
func (w watched) write(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(w.path+"~", []byte(text), 0o600))
	require.NoError(t, os.Rename(w.path+"~", w.path))
}

const allowed = "[[http]]\nhosts = [\"a.b\"]\n"

func TestChangesAreSeen(t *testing.T) {
	w := watch(t, "")
	require.Error(t, w.Grants("rhai", "acme", abi.HTTPV1))
	w.write(t, allowed)
	w.log.next(t, "configuration read again")
	require.NoError(t, w.Grants("rhai", "acme", abi.HTTPV1))

	w.write(t, "[[http]]\nhosts = [\n")
	line := w.log.next(t, "configuration not read; the one before it stays")
	require.Contains(t, line, "line 2")
	require.NoError(t, w.Grants("rhai", "acme", abi.HTTPV1), "a bad file changes nothing")
	w.again <- os.Interrupt
	w.log.next(t, "configuration not read")

	w.write(t, "[worker]\nslots = 3\n")
	w.log.next(t, "configuration read again")
	w.log.next(t, "settings=[slots]")
	require.Error(t, w.Grants("rhai", "acme", abi.HTTPV1))
}

func TestFileThatIsGone(t *testing.T) {
	w := watch(t, allowed)
	require.NoError(t, os.Remove(w.path))
	w.log.next(t, "configuration not read")
	require.NoError(t, w.Grants("rhai", "acme", abi.HTTPV1))
	w.write(t, allowed)
	w.log.next(t, "configuration read again")
}

func TestWhatIsNoFile(t *testing.T) {
	_, err := policy.Open(t.TempDir(), nil)
	require.ErrorContains(t, err, "is not a file")
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, []byte(strings.Repeat("#\n", 1<<20)), 0o600))
	_, err = policy.Open(big, nil)
	require.ErrorContains(t, err, "1048576 bytes")
	_, err = policy.Open(big+"?", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}
