package worker_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
	"github.com/henge-run/henge/host/worker"
)

// However many files a folder has, what a worker says of them stays small, and
// what serves is among it.
func TestPresenceIsBounded(t *testing.T) {
	ctx := t.Context()
	t.Cleanup(func() { require.NoError(t, wattest.Close()) })
	dir := t.TempDir()
	for i := range 200 {
		manifest := fmt.Sprintf(`{"%s": 1}`, strings.Repeat("long", 200))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("bad%03d.wasm", i)), saying(t, 1), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("bad%03d.json", i)), []byte(manifest), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "good.wasm"), saying(t, 1), 0o600))
	rt, err := sandbox.New(ctx, sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	mods, err := registry.Open(ctx, rt, registry.Options{Folders: []registry.Folder{registry.Dir(dir)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, mods.Close(context.Background())) })
	require.NoError(t, mods.Wait(ctx))
	rdb := redistest.Client(t, redistest.Server(t, localredis.Options{}))
	q, err := queue.New(rdb, queue.Options{Circles: []string{circle}})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Registry: mods, Slots: 1})
	require.NoError(t, err)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(running) }()

	var there []queue.Presence
	require.Eventually(t, func() bool {
		there, err = queue.Workers(ctx, rdb)
		return err == nil && len(there) == 1
	}, time.Minute, 2*time.Millisecond)
	said := there[0].Modules
	require.Len(t, said, 64)
	require.Equal(t, "good", said[0].Name)
	require.Equal(t, "serving", said[0].State)
	require.Equal(t, "reset", said[0].Freshness)
	require.Equal(t, "refused", said[1].State)
	for _, m := range said[1:] {
		require.NotEmpty(t, m.Reason)
		require.LessOrEqual(t, len(m.Reason), 200+len("…"))
	}
	stop()
	require.NoError(t, <-ended)
}
