package redis

import (
	"context"
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// On a cluster all keys of a circle, and what is counted of them, are on one
// server.
func TestCluster(t *testing.T) {
	t.Parallel() // a cluster takes seconds to come up
	server := redistest.Server(t, localredis.Options{Args: []string{"--cluster-enabled", "yes"}})
	require.NoError(t, redistest.Client(t, server).ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	base := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: []string{server.Addr()}})
	defer base.Close()
	require.Eventually(t, func() bool {
		return base.Set(t.Context(), "k", "v", 0).Err() == nil
	}, 20*time.Second, 10*time.Millisecond)
	pool, err := Pool(base, 2)
	require.NoError(t, err)
	defer pool.Close()
	opts := Options{Client: func(context.Context) (goredis.UniversalClient, error) { return pool, nil }}
	s := (&bundle{t: t, cap: New(opts), rdb: pool, opts: opts}).owner()
	for _, sample := range samples {
		s.do(sample...)
	}
	for _, reply := range s.pipeline(samples...) {
		require.NotEmpty(t, reply)
	}
	require.NotEmpty(t, s.do("SCAN", 0))
	var keys []string
	require.NoError(t, Keys(t.Context(), pool, "acme", func(key string) error {
		keys = append(keys, key)
		return nil
	}))
	require.NotEmpty(t, keys)
	require.NoError(t, Remove(t.Context(), pool, "acme"))
	require.Nil(t, s.do("RANDOMKEY"))
}

// A pool has so many connections, and a call that finds none waits.
func TestPoolIsBounded(t *testing.T) {
	pool, err := Pool(redistest.Real(t), 2)
	require.NoError(t, err)
	defer pool.Close()
	done := make(chan error)
	for range 20 {
		go func() {
			for range 50 {
				if err := pool.Get(t.Context(), "k").Err(); !errors.Is(err, goredis.Nil) {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 20 {
		require.NoError(t, <-done)
	}
	require.LessOrEqual(t, pool.PoolStats().TotalConns, uint32(2))
}
