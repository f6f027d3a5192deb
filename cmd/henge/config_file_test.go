package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/policy"
)

// said hands out what is logged, a line at a time.
type said chan string

func (s said) Write(b []byte) (int, error) {
	s <- string(b)
	return len(b), nil
}

func TestConfigIsReadAgainOnSIGHUP(t *testing.T) {
	g := globals{Config: filepath.Join(t.TempDir(), "henge.toml")}
	require.NoError(t, os.WriteFile(g.Config, nil, 0o600))
	var err error
	g.policy, err = policy.Open(g.Config, nil)
	require.NoError(t, err)
	log := make(said, 8)
	stop := g.watchConfig(t.Context(), slog.New(slog.NewTextHandler(log, nil)))
	defer stop()
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	select {
	case line := <-log:
		require.Contains(t, line, "nothing has changed")
	case <-time.After(20 * time.Second):
		t.Fatal("the signal was not seen")
	}
}
