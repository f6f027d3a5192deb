package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/conformance"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, dir string, opts sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(dir, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T, clock *conformance.Clock) circle.Store {
		return open(t, t.TempDir(), sqlite.Options{Now: clock.Now, Keep: conformance.Keep})
	})
}
