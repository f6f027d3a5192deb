package linear_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox/linear"
)

func TestParseWay(t *testing.T) {
	for _, w := range append(linear.Ways(), linear.Auto) {
		got, err := linear.ParseWay(w.String())
		require.NoError(t, err)
		require.Equal(t, w, got)
	}
	for _, name := range []string{"", "Faults", "Way(7)"} {
		_, err := linear.ParseWay(name)
		require.ErrorContains(t, err, "the ways are auto, faults, pagemap, drop, copy")
	}
}

func TestUnknownWay(t *testing.T) {
	for _, w := range []linear.Way{-1, linear.Copy + 1} {
		_, err := linear.Probe().NewImage(w, nil, 0)
		require.ErrorContains(t, err, "no way")
	}
}

// The portable way is always there.
func TestCopyWorksEverywhere(t *testing.T) {
	require.NoError(t, linear.Probe().Check(linear.Copy))
	require.NoError(t, linear.Probe().Check(linear.Auto))
}
