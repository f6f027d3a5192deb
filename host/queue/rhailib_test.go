package queue

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

// Lists of circles that a worker does not serve are somebody else's.
func TestRhailibListsOfOthers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := t.Context()
		want := Wanted{Types: []string{"rhai"}}
		q := b.queue(Options{Circles: []string{alice}, Dialects: []string{Rhailib}})
		all := b.queue(Options{Dialects: []string{Rhailib}})
		for _, q := range []*Queue{q, all} {
			require.NoError(t, q.Serve(want))
		}
		for id, fields := range map[string][]any{
			"mine":     {"script", "1", "publicKey", "carol"},
			"bobs":     {"script", "2"},
			"misnamed": {"script", "3", "contextId", bob},
		} {
			require.NoError(t, rdb.HSet(ctx, rhailibTask+id, fields...).Err())
		}
		require.NoError(t, rdb.LPush(ctx, rhailibList+alice, "mine", "misnamed").Err())
		require.NoError(t, rdb.LPush(ctx, rhailibList+bob, "bobs").Err())

		require.NoError(t, q.Discover(ctx))
		x, err := q.Exchange(ctx, nil, 5)
		require.NoError(t, err)
		require.Equal(t, []string{"mine", "misnamed"}, idsOf(x.Jobs))
		require.Equal(t, alice, x.Jobs[0].Job.Circle)
		require.Equal(t, "carol", x.Jobs[0].Job.Caller)
		require.Empty(t, x.Jobs[0].Refusal)
		require.Contains(t, x.Jobs[1].Refusal, "circle bob is not served by the worker")
		require.EqualValues(t, 1, rdb.LLen(ctx, rhailibList+bob).Val())

		require.NoError(t, all.Discover(ctx))
		x, err = all.Exchange(ctx, nil, 5)
		require.NoError(t, err)
		require.Equal(t, []string{"bobs"}, idsOf(x.Jobs))
		require.Empty(t, x.Jobs[0].Refusal)
	})
}
