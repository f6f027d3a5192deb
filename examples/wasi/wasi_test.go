// Package wasi_test runs plain WASI programs, which know nothing of henge, as
// the runners that they are.
package wasi_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// load makes a program ready. needs is a command or a file that it takes to get
// it: without that it may be missing.
func load(t *testing.T, name, needs string) (*hosttest.Test, *sandbox.Module) {
	t.Helper()
	// What takes long to compile is kept beside what was built.
	h := hosttest.New(t, hosttest.Options{CacheDir: "../../bin/cache"})
	file := "../../bin/examples/wasi/" + name + ".wasm"
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		_, command := exec.LookPath(needs)
		if _, file := os.Stat(needs); command != nil && file != nil {
			t.Skipf("there is no %s, so %s was not built: see modules/build.sh examples", needs, name)
		}
		t.Fatalf("%s is not built: run modules/build.sh examples", name)
	}
	return h, h.LoadFile(file)
}

// TestPrograms shows the same program in three languages: the payload on
// standard input, the result on standard output, who asks in the environment,
// and as the failure its exit code with what it says on standard error.
func TestPrograms(t *testing.T) {
	for name, needs := range map[string]string{"count-c": "/usr/lib/wasm32-wasi/libc.a", "count-rust": "cargo", "count-go": "go"} {
		t.Run(name, func(t *testing.T) {
			h, m := load(t, name, needs)
			require.Empty(t, m.NotReset)
			for range 2 {
				r := h.Run(m, &job.Job{Caller: "alice", Payload: []byte("one two\nthree\n"), Env: map[string]string{"CALLER_ID": "mallory"}})
				require.Equal(t, job.Success, r.End, r.Error)
				require.Equal(t, "2 3 14 for alice in acme\n", string(r.Output), "the job cannot choose its own identity")

				r = h.Run(m, &job.Job{Caller: "alice"})
				require.Equal(t, job.ExitCode, r.End)
				require.Contains(t, r.Error, "there is nothing to count")
				require.Len(t, r.Log, 1)
				require.Equal(t, "there is nothing to count", r.Log[0].Text)
			}
		})
	}
}

// TestReadymade runs esbuild as its authors publish it: it reads a script and
// writes it anew.
func TestReadymade(t *testing.T) {
	if testing.Short() {
		t.Skip("it is 20 MB, and takes a while to compile for the first time")
	}
	h, m := load(t, "esbuild", "npm")
	r := h.Run(m, &job.Job{Caller: "alice", Payload: []byte("const  add = (a,b)=>{return a+b}")})
	require.Equal(t, job.Success, r.End, r.Error)
	require.Equal(t, "const add = (a, b) => {\n  return a + b;\n};\n", string(r.Output))

	r = h.Run(m, &job.Job{Caller: "alice", Payload: []byte("const const")})
	require.Equal(t, job.ExitCode, r.End)
	require.Contains(t, r.Error, `Expected identifier but found "const"`)
}
