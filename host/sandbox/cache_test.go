package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/wattest"
)

// cached returns the files of compiled code and of metered modules below dir,
// with their content.
func cached(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".sum") {
			return err
		}
		b, err := os.ReadFile(name)
		files[name] = string(b)
		return err
	}))
	return files
}

// runCached loads a module in a runtime of its own, runs it, and returns what
// was logged.
func runCached(t *testing.T, binary []byte, opts sandbox.Options, limits job.Limits) string {
	t.Helper()
	var log bytes.Buffer
	opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	ctx := context.Background()
	rt, err := sandbox.New(ctx, opts)
	require.NoError(t, err)
	loadAndRun(t, rt, binary, limits)
	require.NoError(t, rt.Close(ctx))
	return log.String()
}

func loadAndRun(t *testing.T, rt *sandbox.Runtime, binary []byte, limits job.Limits) {
	t.Helper()
	ctx := context.Background()
	m, err := rt.Load(ctx, binary, &abi.Manifest{Name: "guest"}, limits)
	require.NoError(t, err)
	r := m.Run(ctx, newJob(nil))
	require.Equal(t, job.Success, r.End, r.Error)
	require.NoError(t, m.Close(ctx))
}

func TestCacheIsKeyedByContentAndRewriting(t *testing.T) {
	success := wattest.CompileFile(t, "testdata/success.wat")
	dir := t.TempDir()
	with := func(b sandbox.Baseline) sandbox.Options { return sandbox.Options{CacheDir: dir, Baseline: b} }
	runCached(t, success, with(sandbox.Henge), job.Limits{})
	first := cached(t, dir)
	require.Len(t, first, 2, "code, and the metered module")

	runCached(t, success, with(sandbox.Henge), job.Limits{Fuel: 12_345, Memory: 1 << 20})
	require.Equal(t, first, cached(t, dir), "limits are no part of the code")
	for _, c := range []struct {
		name    string
		binary  []byte
		options sandbox.Options
		want    int
	}{
		{"another module", wattest.Compile(t, `(module `+memory+entry+`)`), with(sandbox.Henge), 4},
		{"not metered", success, with(sandbox.Unmetered), 5},
		{"ended by the runtime", success, with(sandbox.CloseOnContext), 6},
	} {
		runCached(t, c.binary, c.options, job.Limits{})
		require.Len(t, cached(t, dir), c.want, c.name)
	}
}

func TestCacheIsUsed(t *testing.T) {
	binary := wattest.CompileFile(t, "testdata/success.wat")
	dir := t.TempDir()
	runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
	before := map[string]os.FileInfo{}
	for name := range cached(t, dir) {
		info, err := os.Stat(name)
		require.NoError(t, err)
		before[name] = info
	}
	require.Empty(t, runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{}))
	for name := range cached(t, dir) {
		require.Contains(t, before, name)
		now, err := os.Stat(name)
		require.NoError(t, err)
		require.True(t, os.SameFile(before[name], now), "%s was made again", name)
	}
}

func TestOtherBuildsLeaveNothingMetered(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "metered", "other")
	require.NoError(t, os.MkdirAll(other, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(other, "module"), []byte("old"), 0o600))
	runCached(t, wattest.CompileFile(t, "testdata/success.wat"), sandbox.Options{CacheDir: dir}, job.Limits{})
	require.NoDirExists(t, other)
	require.Len(t, cached(t, dir), 2)
}

func TestDamagedCacheIsNotRun(t *testing.T) {
	binary := wattest.CompileFile(t, "testdata/success.wat")
	dir := t.TempDir()
	runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
	all := cached(t, dir)
	for name, good := range all {
		damaged := map[string]string{
			"empty":   "",
			"garbage": strings.Repeat("\xa5", len(good)),
			"longer":  good + "x",
		}
		for at := 0; at < len(good); at += max(1, len(good)/64) {
			damaged[fmt.Sprintf("cut at %d", at)] = good[:at]
			flipped := []byte(good)
			flipped[at] ^= 0x10
			damaged[fmt.Sprintf("flipped at %d", at)] = string(flipped)
		}
		for how, content := range damaged {
			require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
			log := runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
			require.Contains(t, log, "damaged file is removed", how)
			require.Equal(t, all, cached(t, dir), how)
		}
		require.NoError(t, os.Remove(name+".sum"))
		runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
		require.FileExists(t, name+".sum", "a file without a checksum is made again")
	}
}

func TestCacheThatFailsIsNoReasonToRefuse(t *testing.T) {
	binary := wattest.CompileFile(t, "testdata/success.wat")
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"the folder is gone": func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(dir))
		},
		"the file is damaged after the start": func(t *testing.T, dir string) {
			for name := range cached(t, dir) {
				require.NoError(t, os.Truncate(name, 3))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
			var log bytes.Buffer
			rt, err := sandbox.New(context.Background(), sandbox.Options{CacheDir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
			require.NoError(t, err)
			defer rt.Close(context.Background())
			// The check of what is there runs beside, and is waited for here.
			loadAndRun(t, rt, wattest.Compile(t, `(module (memory (export "memory") 1) (func (export "henge_run") (result i32) (i32.const 0)))`), job.Limits{})
			spoil(t, dir)
			loadAndRun(t, rt, binary, job.Limits{})
			require.Contains(t, log.String(), "the cache of compiled modules failed")
		})
	}
}

// Nobody uses what old versions of a module left behind, and nobody else
// removes it.
func TestCacheIsPruned(t *testing.T) {
	dir := t.TempDir()
	binary := wattest.CompileFile(t, "testdata/success.wat")
	runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
	for age, kept := range map[time.Duration]bool{29 * 24 * time.Hour: true, 31 * 24 * time.Hour: false} {
		written := time.Now().Add(-age)
		for name := range cached(t, dir) {
			require.NoError(t, os.Chtimes(name, time.Time{}, written))
		}
		rt, err := sandbox.New(context.Background(), sandbox.Options{CacheDir: dir})
		require.NoError(t, err)
		require.NoError(t, rt.Close(context.Background()))
		require.Equal(t, kept, len(cached(t, dir)) > 0, "after %s", age)
		runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
	}
}

// TestRuntimesShareACacheFolder lets runtimes, which share nothing else, fill
// one folder at once.
func TestRuntimesShareACacheFolder(t *testing.T) {
	dir := t.TempDir()
	binary := wattest.CompileFile(t, "testdata/success.wat")
	ended := make(chan error, 8)
	for range cap(ended) {
		go func() { ended <- loadOnce(binary, dir) }()
	}
	for range cap(ended) {
		require.NoError(t, <-ended)
	}
	// Who comes last may have found a file that was not sealed yet.
	runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{})
	files := cached(t, dir)
	require.Len(t, files, 2)
	require.Empty(t, runCached(t, binary, sandbox.Options{CacheDir: dir}, job.Limits{}))
	require.Equal(t, files, cached(t, dir))
}

// loadOnce loads a module in a runtime of its own.
func loadOnce(binary []byte, dir string) error {
	ctx := context.Background()
	rt, err := sandbox.New(ctx, sandbox.Options{CacheDir: dir})
	if err != nil {
		return err
	}
	m, err := rt.Load(ctx, binary, &abi.Manifest{Name: "guest"}, job.Limits{})
	if err == nil {
		err = m.Close(ctx)
	}
	return errors.Join(err, rt.Close(ctx))
}
