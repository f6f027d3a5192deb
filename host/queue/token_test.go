package queue

import (
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// What a token says of an attempt is believed while nobody has touched its lease,
// and of the job that was claimed.
func TestToken(t *testing.T) {
	success := &job.Result{End: job.Success, Output: []byte("42"), Cost: job.Cost{Fuel: 1}}
	for name, c := range map[string]struct {
		change func(b *testBundle, q *Queue, c *Claim)
		err    error
		status string
		token  bool // is as it was
	}{
		"as claimed": {func(*testBundle, *Queue, *Claim) {}, nil, "finished", true},
		"cancelled": {func(b *testBundle, _ *Queue, c *Claim) {
			_, err := b.producer().Cancel(b.Context(), Ref{ID: c.Job.ID}, "enough")
			require.NoError(b, err)
		}, nil, "finished", false},
		"renewed": {func(b *testBundle, q *Queue, c *Claim) {
			require.Eventually(b, func() bool { // in the same millisecond it ends when it did
				_, err := q.Renew(b.Context(), []*Claim{c})
				require.NoError(b, err)
				return leaseEnds(b, c) != c.token
			}, 10*time.Second, time.Millisecond)
		}, nil, "finished", false},
		"written anew": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.Del(b.Context(), heroJob+c.Job.ID).Err())
			require.NoError(b, b.rdb.HSet(b.Context(), heroJob+c.Job.ID, "status", "dispatched", "context_id", alice).Err())
		}, ErrLost, "dispatched", true},
		"gone": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.Del(b.Context(), heroJob+c.Job.ID).Err())
		}, ErrLost, "", true},
		"not a job": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.Set(b.Context(), heroJob+c.Job.ID, "x", 0).Err())
		}, ErrLost, "", true},
		"another worker's": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.HSet(b.Context(), heroJob+c.Job.ID, "worker", "other").Err())
		}, ErrLost, "started", true},
		"another attempt": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.HSet(b.Context(), heroJob+c.Job.ID, "attempt", 2).Err())
		}, ErrLost, "started", true},
		"without a lease": {func(b *testBundle, _ *Queue, c *Claim) {
			require.NoError(b, b.rdb.ZRem(b.Context(), scopeShared+inLease, memberOf(osis, c.Job.ID)).Err())
		}, ErrLost, "started", false},
	} {
		t.Run(name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				b := setup(t, rdb)
				q := b.queue(Options{})
				claim, beside := b.one(q, b.put(nil)), b.one(q, b.put(nil))
				require.NotEmpty(t, claim.token)
				c.change(b, q, claim)
				require.Equal(t, c.token, leaseEnds(b, claim) == claim.token)

				x, err := q.Exchange(t.Context(), []Done{{claim, success}, {beside, success}}, 0)
				require.NoError(t, err)
				var lost []*Claim
				if c.err != nil {
					lost = []*Claim{claim}
				}
				require.Equal(t, lost, x.Lost)
				status, _ := rdb.HGet(t.Context(), heroJob+claim.Job.ID, "status").Result()
				require.Equal(t, c.status, status)
				require.Equal(t, "finished", rdb.HGet(t.Context(), heroJob+beside.Job.ID, "status").Val())
			})
		})
	}
}

func leaseEnds(b *testBundle, c *Claim) string {
	return strconv.FormatFloat(b.rdb.ZScore(b.Context(), scopeShared+inLease, memberOf(c.Job.Queue, c.Job.ID)).Val(), 'f', -1, 64)
}
