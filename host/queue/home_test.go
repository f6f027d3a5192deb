package queue

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestHome(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		claim := func(circle, host, want string) {
			t.Helper()
			home, err := ClaimHome(t.Context(), rdb, circle, host)
			require.NoError(t, err)
			require.Equal(t, want, home)
		}
		claim("acme", "a", "a")
		claim("acme", "b", "a")
		claim("acme", "a", "a")
		claim("other", "b", "b")
		require.NoError(t, SetHome(t.Context(), rdb, "acme", "b"))
		claim("acme", "a", "b")
		require.NoError(t, SetHome(t.Context(), rdb, "acme", ""))
		claim("acme", "c", "c")
		require.NoError(t, rdb.Del(t.Context(), "henge:{acme}:home").Err())
		require.NoError(t, rdb.HSet(t.Context(), "henge:{acme}:home", "a", "b").Err())
		_, err := ClaimHome(t.Context(), rdb, "acme", "a")
		require.ErrorContains(t, err, "WRONGTYPE")
	})
}
