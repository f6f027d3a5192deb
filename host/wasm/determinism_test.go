package wasm_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// digestOf asks a process of this test for the digest of a file, rewritten.
const digestOf = "HENGE_TEST_DIGEST_OF"

// rewritten makes of a module what the sandbox does.
func rewritten(t testing.TB, binary []byte) []byte {
	t.Helper()
	m := decoded(t, binary)
	m.ExportStart()
	m.Freeze()
	m.Meter()
	return m.Encode()
}

// TestRewritingIsDeterministic rewrites the same bytes many times, here and in
// another process: compiled code is kept by its module's digest, and fuel is
// only comparable between workers whose modules are the same.
func TestRewritingIsDeterministic(t *testing.T) {
	paths := []string{engine, "../../bin/wat.wasm"}
	if path := os.Getenv(digestOf); path != "" {
		fmt.Printf("digest %x\n", sha256.Sum256(rewritten(t, read(t, path))))
		return
	}
	for _, path := range paths {
		binary := read(t, path)
		before := sha256.Sum256(binary)
		first := rewritten(t, binary)
		for range 20 {
			require.True(t, string(first) == string(rewritten(t, binary)), path)
		}
		require.Equal(t, before, sha256.Sum256(binary), "what was decoded is left as it was")

		other := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		other.Env = append(os.Environ(), digestOf+"="+path)
		out, err := other.Output()
		require.NoError(t, err)
		require.Contains(t, strings.Split(string(out), "\n"), fmt.Sprintf("digest %x", sha256.Sum256(first)), path)
	}
}
