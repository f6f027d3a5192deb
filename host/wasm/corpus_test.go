package wasm_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// engine is the largest module that comes with henge.
const engine = "../../modules/built/rhai.wasm"

// read returns a file's bytes, and skips what needs it where it was not built.
func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("there is no %s; run: make modules", path)
	}
	require.NoError(t, err)
	return b
}

// corpus are the modules that henge is built with, and those of the runtime's
// own tests, the specification's among them, where the module cache has them.
// Some of the latter are not valid.
func corpus(t testing.TB) []string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"../../modules/built/*.wasm", "../../bin/*.wasm", "../../bin/modules/*.wasm"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		paths = append(paths, found...)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	require.NoError(t, err)
	runtime := strings.TrimSpace(string(out))
	if runtime == "" {
		t.Log("the runtime's source is not in the module cache; only modules of henge's own are read")
		return paths
	}
	require.NoError(t, filepath.WalkDir(runtime, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".wasm" {
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}
