package bench

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Native Rhai gives the results that the scripts should have, and figures.
func TestNative(t *testing.T) {
	var stderr bytes.Buffer
	build := exec.Command("../../modules/build.sh", "native")
	build.Stderr = &stderr
	path, err := build.Output()
	require.NoError(t, err, stderr.String())
	n := &native{program: strings.TrimSpace(string(path))}
	ctx := context.Background()

	scripts := Scripts("rhai")
	require.NotEmpty(t, scripts)
	for _, s := range scripts {
		t.Run(s.Name, func(t *testing.T) {
			require.NoError(t, n.check(ctx, s))
			for _, threads := range DefaultGoroutines() {
				m, err := n.measure(ctx, s, time.Millisecond, threads)
				require.NoError(t, err)
				require.Positive(t, m.fast)
				require.GreaterOrEqual(t, m.p50, m.fast)
				require.GreaterOrEqual(t, m.p99, m.p50)
				require.Positive(t, m.perSecond)
			}
		})
	}

	broken := Script{Source: "throw 'x'"}
	require.ErrorContains(t, n.check(ctx, broken), "the script failed: Runtime error: x")
	_, err = n.measure(ctx, broken, time.Millisecond, 2)
	require.ErrorContains(t, err, "Runtime error: x")
	require.ErrorContains(t, n.check(ctx, Script{Source: "1", Want: "2"}), `the result is "1" and should be "2"`)
}
