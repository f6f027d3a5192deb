package queue

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/schedule"
)

// smallCost is that of a short script.
var smallCost = job.Cost{Wall: 60 * time.Microsecond, Fuel: 48_715, Reset: true, MemoryPeak: 19_333_120, HostCalls: 3}

// BenchmarkClaimAndFinish is what the queue alone can do for one worker: jobs
// that do nothing, from a list that is full. The last line is a queue without
// safety, for comparison.
func BenchmarkClaimAndFinish(b *testing.B) {
	for _, shape := range []struct{ loops, n, circles int }{
		{1, 1, 1}, {8, 1, 1}, {8, 8, 1}, {8, 32, 1}, {8, 8, 50},
	} {
		b.Run(fmt.Sprintf("loops=%d/n=%d/circles=%d", shape.loops, shape.n, shape.circles), func(b *testing.B) {
			rdb := redistest.Real(b)
			fill(b, rdb, b.N, shape.circles)
			q, err := New(rdb, Options{AllCircles: true})
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			together(shape.loops, func() {
				for left.Load() > 0 {
					claims, err := q.Claim(b.Context(), osisOnly, shape.n)
					if err != nil {
						b.Error(err)
						return
					}
					var wait sync.WaitGroup
					for _, c := range claims.Jobs {
						wait.Go(func() {
							if err := q.Finish(b.Context(), c, &job.Result{End: job.Success, Output: []byte("42"), Cost: smallCost}); err != nil {
								b.Error(err)
							}
						})
					}
					wait.Wait()
					left.Add(-int64(len(claims.Jobs)))
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
	b.Run("unsafe pop and HSET/loops=8", func(b *testing.B) {
		rdb := redistest.Real(b)
		fill(b, rdb, b.N, 1)
		ctx := b.Context()
		b.ResetTimer()
		together(8, func() {
			for {
				id, err := rdb.RPop(ctx, osis).Result()
				if err != nil {
					return
				}
				rdb.HGetAll(ctx, heroJob+id)
				rdb.HSet(ctx, heroJob+id, "status", "finished", "output", "42")
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	})
}

func fill(b *testing.B, rdb *redis.Client, jobs, circles int) {
	b.Helper()
	for i := 0; i < jobs; {
		pipe := rdb.Pipeline()
		for range 1000 {
			if i == jobs {
				break
			}
			id := fmt.Sprintf("%036d", i)
			pipe.HSet(b.Context(), heroJob+id, "id", id, "caller_id", "carol", "context_id", fmt.Sprint("circle", i%circles),
				"script", "40 + 2", "status", "dispatched", "timeout", "60", "retries", "0")
			pipe.LPush(b.Context(), osis, id)
			i++
		}
		if _, err := pipe.Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func together(n int, f func()) {
	var wait sync.WaitGroup
	for range n {
		wait.Go(f)
	}
	wait.Wait()
}

// BenchmarkPushToClaim is how long an idle worker needs to hold a job that a
// foreign client pushes.
func BenchmarkPushToClaim(b *testing.B) {
	rdb := redistest.Real(b)
	q, err := New(rdb, Options{AllCircles: true})
	if err != nil {
		b.Fatal(err)
	}
	w := q.NewWaker()
	defer w.Close()
	if err := w.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		id := strconv.Itoa(i)
		rdb.HSet(b.Context(), heroJob+id, "context_id", "alice", "script", "40 + 2", "status", "dispatched")
		idle := make(chan struct{})
		held := make(chan *Claim)
		go func() {
			close(idle)
			for {
				if err := w.Wait(b.Context(), PollInterval); err != nil {
					b.Error(err)
				}
				claims, err := q.Claim(b.Context(), osisOnly, 1)
				if err != nil {
					b.Error(err)
				}
				if len(claims.Jobs) > 0 {
					held <- claims.Jobs[0]
					return
				}
			}
		}()
		<-idle
		start := time.Now()
		rdb.LPush(b.Context(), osis, id)
		c := <-held
		took = append(took, time.Since(start))
		if err := q.Finish(b.Context(), c, &job.Result{End: job.Success}); err != nil {
			b.Fatal(err)
		}
	}
	reportTimes(b, took)
}

// BenchmarkFire is what a tick costs one worker that has many to catch up with:
// a call of the script and, for a hundred of them, a look at the schedule.
func BenchmarkFire(b *testing.B) {
	rdb := redistest.Real(b)
	s, err := NewSchedules(rdb)
	require.NoError(b, err)
	_, err = s.Put(b.Context(), Schedule{Name: "s", Spec: schedule.Spec{Every: "1s"}, Missed: schedule.All, Job: Submission{
		Job: job.Job{Dialect: Hero, Circle: alice, Type: "osis", Payload: []byte("40 + 2")}}}, false)
	require.NoError(b, err)
	first := tickMS(time.Now().Add(-time.Duration(b.N+1000) * time.Second).Truncate(time.Second))
	require.NoError(b, rdb.HSet(b.Context(), scheduleKey(alice, "s"), "next", first, "first", first).Err())
	require.NoError(b, rdb.ZAdd(b.Context(), ownScope(alice)+inSchedules, redis.Z{Member: "s", Score: 1}).Err())
	q, err := New(rdb, Options{AllCircles: true})
	require.NoError(b, err)
	fired := 0
	b.ResetTimer()
	for fired < b.N {
		report, err := q.FireSchedules(b.Context())
		require.NoError(b, err)
		fired += len(report.Fired)
	}
	b.ReportMetric(float64(fired)/b.Elapsed().Seconds(), "ticks/s")
}
