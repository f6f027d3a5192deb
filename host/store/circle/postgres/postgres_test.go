package postgres_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/conformance"
	"github.com/henge-run/henge/host/store/circle/postgres"
)

// servers is the one server of this package's tests, each of which has a
// database of its own.
var servers postgrestest.Servers

var circles = flag.Int("circles", 15, "how many circles have a database")

func TestMain(m *testing.M) {
	code := m.Run()
	if err := servers.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func open(t testing.TB, url string, opts postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConformance(t *testing.T) {
	url, _ := servers.Database(t)
	conformance.Run(t, func(t *testing.T, clock *conformance.Clock) circle.Store {
		s := open(t, url, postgres.Options{Now: clock.Now, Keep: conformance.Keep})
		// Cheaper than a database for each test.
		left, err := s.List(t.Context())
		require.NoError(t, err)
		for _, k := range left {
			require.NoError(t, s.Remove(t.Context(), k.Circle))
		}
		return s
	})
}
