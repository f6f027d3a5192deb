package redis

import (
	"bytes"
	"context"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// A user of the line can do all that scripts can, and nothing to other keys.
func TestACL(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	admin := redistest.Client(t, server)
	var line []any
	for _, word := range strings.Fields(strings.Replace(ACL(), "PASSWORD", "secret", 1)) {
		line = append(line, word)
	}
	require.NoError(t, admin.Do(t.Context(), line...).Err())
	opts := *admin.Options()
	opts.Username, opts.Password = "henge-scripts", "secret"
	user := goredis.NewClient(&opts)
	defer user.Close()
	pool, err := Pool(user, 2)
	require.NoError(t, err)
	defer pool.Close()
	with := Options{Client: func(context.Context) (goredis.UniversalClient, error) { return pool, nil }, Quota: 1 << 20}
	s := (&bundle{t: t, cap: New(with), rdb: pool, opts: with}).owner()
	for _, sample := range samples {
		s.do(sample...)
	}
	s.pipeline(samples...)
	s.do("SCAN", 0)
	s.do("RANDOMKEY")
	_, err = s.try("SETRANGE", "large", 2_000_000, "x")
	require.ErrorContains(t, err, "raise the quota", "it may sweep")
	require.ErrorContains(t, pool.Get(t.Context(), "henge:lease").Err(), "NOPERM")
	require.ErrorContains(t, pool.Do(t.Context(), "CONFIG", "GET", "*").Err(), "NOPERM")

	var file bytes.Buffer
	n, err := Export(t.Context(), pool, "acme", &file)
	require.NoError(t, err)
	require.Positive(t, n)
	moved, err := Import(t.Context(), with, "copy", &file)
	require.NoError(t, err)
	require.Equal(t, n, moved)
	require.NoError(t, Remove(t.Context(), pool, "acme"))
}
