// Package redistest gives tests a Redis of their own. Only tests import it.
package redistest

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/localredis"
)

// Real returns a client of a redis-server that ends with the test. It fails
// the test where there is none: what matters is checked against the real one,
// and a test that passes by not running would hide that.
func Real(t testing.TB) *redis.Client {
	t.Helper()
	return Client(t, Server(t, localredis.Options{}))
}

// Server starts a redis-server that ends with the test.
func Server(t testing.TB, opts localredis.Options) *localredis.Server {
	t.Helper()
	server, err := localredis.Start(t.Context(), opts)
	if err != nil {
		t.Fatalf("this test needs a redis-server: run make setup (%v)", err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// InProcess returns a client of a Redis inside the test's process.
func InProcess(t testing.TB) *redis.Client {
	t.Helper()
	server, err := localredis.StartInProcess()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return Client(t, server)
}

// Client returns a client of server that is closed with the test.
func Client(t testing.TB, server *localredis.Server) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	opts.ContextTimeoutEnabled = true
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Each runs test as a subtest "real" against a redis-server and as a subtest
// "inprocess" against the one in the process, each empty.
func Each(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Helper()
	t.Run("real", func(t *testing.T) { test(t, Real(t)) })
	t.Run("inprocess", func(t *testing.T) { test(t, InProcess(t)) })
}
