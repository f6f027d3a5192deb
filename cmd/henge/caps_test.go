package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/queue"
)

// What the file says of circles comes before the flags, and the rest of them
// stays.
func TestCapsOfFlagsAndFile(t *testing.T) {
	c := &workerStart{PerCircle: 5, PerType: map[string]int{"rhai": 9}, Weight: map[string]int{"acme": 2, "other": 4}}
	require.Equal(t, queue.Caps{Circle: 5, Circles: map[string]int{}, Types: c.PerType, Weights: c.Weight}, c.capsWith(nil)())
	file := filepath.Join(t.TempDir(), "henge.toml")
	require.NoError(t, os.WriteFile(file, []byte("[[share]]\nrunning = 3\n[[share]]\ncircles = [\"acme\"]\nrunning = 1\nweight = 7\n"), 0o600))
	live, err := policy.Open(file, nil)
	require.NoError(t, err)
	require.Equal(t, queue.Caps{
		Circle: 3, Circles: map[string]int{"acme": 1}, Types: c.PerType, Weights: map[string]int{"acme": 7, "other": 4},
	}, c.capsWith(live)())
}
