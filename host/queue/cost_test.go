package queue

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// The record has the cost of the last attempt that ended, and no older one.
func TestCostInTheRecord(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q, p := b.queue(Options{}), b.producer()
		cost := func(id string) string {
			r, err := p.Get(t.Context(), Ref{ID: id})
			require.NoError(t, err)
			return r.Fields["henge:cost"]
		}
		id := b.put(map[string]string{"retries": "1"})

		first := job.Cost{Wall: 1500 * time.Microsecond, CPU: time.Millisecond, Fuel: 7, Reset: true, MemoryPeak: 65536, HostCalls: 2}
		require.NoError(t, q.Finish(t.Context(), b.one(q, id), &job.Result{End: job.ScriptError, Error: "x", Cost: first}))
		require.JSONEq(t, `{"fuel":7,"wall_us":1500,"cpu_us":1000,"memory_peak":65536,"host_calls":2,"instance":"reset"}`, cost(id), "also of an attempt that is retried")

		require.NoError(t, rdb.ZAddXX(t.Context(), scopeShared+inDue, redis.Z{Member: memberOf(osis, id), Score: 1}).Err())
		second := job.Cost{Wall: time.Millisecond, Fuel: 8, MemoryPeak: 65536}
		require.NoError(t, q.Finish(t.Context(), b.one(q, id), &job.Result{End: job.Success, Cost: second}))
		require.JSONEq(t, `{"fuel":8,"wall_us":1000,"memory_peak":65536,"instance":"new"}`, cost(id))

		// A new run begins without it, and one that nothing ran has none.
		require.NoError(t, rdb.HSet(t.Context(), heroJob+id, "status", "dispatched").Err())
		b.push(osis, id)
		again := b.one(q, id)
		require.Empty(t, cost(id))
		require.NoError(t, q.Finish(t.Context(), again, &job.Result{End: job.Refused, Error: "x"}))
		require.NotContains(t, b.get(id), "henge:cost")
	})
}

// A job whose worker is lost for good does not keep an older attempt's cost.
func TestCostOfALostWorker(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{})
		id := b.put(map[string]string{"crashes": "2", "henge:cost": `{"fuel":1}`})
		b.expire(b.one(q, id))
		b.reap(q)
		require.Equal(t, "worker_lost", b.get(id)["end"])
		require.NotContains(t, b.get(id), "henge:cost")
	})
}

func TestCostThereAndBack(t *testing.T) {
	n := rapid.Int64Range(0, 1<<50)
	rapid.Check(t, func(t *rapid.T) {
		sent := job.Cost{
			Wall: time.Duration(n.Draw(t, "wall")).Truncate(time.Microsecond), CPU: time.Duration(n.Draw(t, "cpu")).Truncate(time.Microsecond),
			Fuel: n.Draw(t, "fuel"), Reset: rapid.Bool().Draw(t, "reset"), MemoryPeak: n.Draw(t, "memory"), HostCalls: n.Draw(t, "calls"),
		}
		got, ok := decodeCost(encodeCost(sent))
		require.Equal(t, sent, got)
		require.Equal(t, sent != job.Cost{}, ok)
	})
}

func TestCostThatCannotBeRead(t *testing.T) {
	for _, s := range []string{"", "x", "[]", `{"fuel":"1"}`} {
		_, ok := Record{Fields: map[string]string{"henge:cost": s}}.Cost()
		require.False(t, ok, s)
	}
}
