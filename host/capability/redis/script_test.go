package redis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/localredis/redistest"
)

// Each script says at its top what it takes and returns.
func TestScriptsHaveHeaders(t *testing.T) {
	files, err := sources.ReadDir("lua")
	require.NoError(t, err)
	for _, f := range files {
		text, err := sources.ReadFile("lua/" + f.Name())
		require.NoError(t, err)
		name := strings.TrimSuffix(f.Name(), ".lua")
		require.True(t, strings.HasPrefix(string(text), "-- "+name+":"), name)
		if name == "ledger" {
			continue
		}
		for _, part := range []string{"-- KEYS[1]", "-- ARGV[1]", "-- Returns "} {
			require.Contains(t, string(text), part, name)
		}
	}
}

// Each script alone, with the arguments that its header names.
func TestScriptsAlone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *goredis.Client) {
		s := loadScripts()
		run := func(quota int64, commands ...any) []any {
			t.Helper()
			keys := []string{"ledger", "used", "p:k"}
			args := append([]any{len("p:"), quota, 1000, 1000, 1000, 1}, commands...)
			reply, err := s.run.Run(t.Context(), rdb, keys, args...).Slice()
			require.NoError(t, err)
			return reply
		}
		set := []any{"wgx", 100, 1, 3, "SET", "p:k", "v"}
		require.Equal(t, []any{int64(0), "OK"}, run(10000, set...))
		entry := rdb.HGetAll(t.Context(), "ledger").Val()
		require.Len(t, entry, 1)
		used := rdb.Get(t.Context(), "used").Val()
		require.Equal(t, used+" "+used, entry["k"])
		require.ErrorContains(t, run(100, set...)[1].(error), "HENGESWEEP")
		require.ErrorContains(t, run(10000, append([]any{"wgx", 2000}, set[2:]...)...)[1].(error), "HENGEKEY")

		require.NoError(t, rdb.Del(t.Context(), "p:k").Err())
		given, err := s.sweep.Run(t.Context(), rdb, []string{"ledger", "used"}, "p:", 10).Int64()
		require.NoError(t, err)
		require.Positive(t, given)
		require.Equal(t, "0", rdb.Get(t.Context(), "used").Val())
		require.Zero(t, rdb.Exists(t.Context(), "ledger").Val())
	})
}
