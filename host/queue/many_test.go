package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// many is a worker of so many circles, with everything that it needs to hear
// of a push.
func (b *testBundle) many(circles int, listening bool) (*Queue, *Waker) {
	b.Helper()
	q := b.queue(Options{Circles: numbered("circle", circles), Dialects: []string{Henge}})
	require.NoError(b, q.Serve(osisOnly))
	w := q.NewWaker()
	b.Cleanup(func() { require.NoError(b, w.Close()) })
	require.NoError(b, w.Ready(soon(b.T)))
	require.Equal(b, listening, w.listening())
	for {
		x, err := q.Exchange(b.Context(), nil, 1)
		require.NoError(b, err)
		if len(x.Jobs) == 0 {
			return q, w
		}
	}
}

// A claim that has enough leaves lists behind that it did not look at. A job in
// one that is told of meanwhile does not wait for the poll interval behind them.
func TestAPushWhileListsAreLeftBehind(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Circles: numbered("circle", 200), Dialects: []string{Henge}})
		require.NoError(t, q.Serve(osisOnly))
		put := func(circle string) {
			require.NoError(t, rdb.HSet(t.Context(), "henge:{"+circle+"}:job:1", "payload", "1").Err())
			require.NoError(t, rdb.LPush(t.Context(), "henge:{"+circle+"}:q:osis", "1").Err())
		}
		claim := func() Exchanged {
			x, err := q.Exchange(t.Context(), nil, 1)
			require.NoError(t, err)
			return x
		}
		put("circle5")
		require.Len(t, claim().Jobs, 1)
		put("circle150")
		q.board.mark(list{name: "henge:{circle150}:q:osis", dialect: own{}, circle: "circle150", tier: tierAny})
		for claims := 1; ; claims++ {
			x := claim()
			if len(x.Jobs) == 1 {
				require.Greater(t, claims, 1, "no list was left behind")
				break
			}
			require.Zero(t, x.Next)
			require.Less(t, claims, 20)
		}
		require.Eventually(t, func() bool { return claim().Next > 0 }, soonest, time.Millisecond, "an end of looking")
	})
}

// A push into any of many circles' lists is found soon, by being told or by
// looking.
func TestAPushIntoOneOfManyLists(t *testing.T) {
	for name, listening := range map[string]bool{"told": true, "looking": false} {
		t.Run(name, func(t *testing.T) {
			rdb := redistest.InProcess(t)
			if listening {
				rdb = redistest.Real(t)
			}
			b := setup(t, rdb)
			q, w := b.many(2000, listening)
			for _, circle := range []string{"circle0", "circle1999", "circle777"} {
				require.NoError(t, rdb.HSet(t.Context(), "henge:{"+circle+"}:job:1", "payload", "1").Err())
				require.NoError(t, rdb.LPush(t.Context(), "henge:{"+circle+"}:q:osis", "1").Err())
				deadline := time.Now().Add(soonest)
				for found := false; !found; {
					require.True(t, time.Now().Before(deadline), circle)
					require.NoError(t, w.Wait(t.Context(), PollInterval))
					x, err := q.Exchange(t.Context(), nil, 1)
					require.NoError(t, err)
					for _, c := range x.Jobs {
						require.Equal(t, circle, c.Job.Circle)
						require.NoError(t, q.Finish(t.Context(), c, &job.Result{End: job.Success}))
						found = true
					}
				}
			}
		})
	}
}

func TestBoard(t *testing.T) {
	var b board
	lists := func(Wanted) ([]list, error) {
		var all []list
		for _, name := range numbered("l", 300) {
			all = append(all, list{name: name})
		}
		return all, nil
	}
	require.NoError(t, b.serve(osisOnly, lists))
	seen := map[string]bool{}
	for range 5 {
		l := b.pick(1)
		require.Len(t, l.lists, mostLists, "with nothing believed, all have their turn")
		for _, one := range l.lists {
			seen[one.name] = true
		}
		b.looked(l, nil)
	}
	require.Len(t, seen, 300)

	b.mark(list{name: "l7"})
	b.mark(list{name: "new"})
	l := b.pick(4)
	names := func(l look) (all []string) {
		for _, one := range l.lists {
			all = append(all, one.name)
		}
		return all
	}
	require.Len(t, l.lists, 2+coldLists)
	require.Subset(t, names(l), []string{"l7", "new"})
	b.mark(list{name: "new"}) // while the claim is on its way
	b.looked(l, nil)
	l = b.pick(4)
	require.Contains(t, names(l), "new", "what was marked since stays")
	require.Less(t, slices.Index(names(l), "new"), 1)
	b.looked(l, []int{0})
	l = b.pick(4)
	require.Equal(t, "new", names(l)[0], "and what had more in it")
	b.looked(l, nil)
	require.Len(t, b.pick(4).lists, mostLists)

	// What was found by looking outlives what is named.
	require.NoError(t, b.serve(Wanted{Types: []string{"sal"}}, func(Wanted) ([]list, error) { return nil, nil }))
	require.Equal(t, []string{"new"}, names(b.pick(4)))
}

// BenchmarkClaimOfMany is a claim that finds one job in one of ten lists,
// where there are more that are empty.
func BenchmarkClaimOfMany(b *testing.B) {
	for _, lists := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("lists=%d", lists), func(b *testing.B) {
			rdb := redistest.Real(b)
			q, err := New(rdb, Options{Circles: numbered("circle", lists), Dialects: []string{Henge}})
			require.NoError(b, err)
			require.NoError(b, q.Serve(osisOnly))
			pipe := rdb.Pipeline()
			for i := range b.N {
				circle := "henge:{circle" + fmt.Sprint(i%10) + "}:"
				pipe.HSet(b.Context(), circle+"job:"+fmt.Sprint(i), "payload", "1")
				pipe.LPush(b.Context(), circle+"q:osis", i)
				if i%1000 == 999 || i == b.N-1 {
					_, err := pipe.Exec(b.Context())
					require.NoError(b, err)
				}
			}
			_, err = q.Sweep(b.Context())
			require.NoError(b, err)
			var done []Done
			b.ResetTimer()
			for left := b.N; left > 0; {
				x, err := q.Exchange(b.Context(), done, 1)
				require.NoError(b, err)
				left -= len(x.Jobs)
				done = done[:0]
				for _, c := range x.Jobs {
					done = append(done, Done{c, &job.Result{End: job.Success}})
				}
			}
		})
	}
}

// BenchmarkPushToOneOfMany is how long an idle worker of many circles needs to
// hold a job that a foreign client pushes into one of them, where the server
// tells of changes and where it does not.
func BenchmarkPushToOneOfMany(b *testing.B) {
	for name, without := range map[string]string{"told": "", "not told": " -client|tracking"} {
		b.Run(name, func(b *testing.B) {
			server := redistest.Server(b, localredis.Options{})
			admin := redistest.Client(b, server)
			benchmarkPush(b, admin, as(b, admin, server.Addr(), ACL(RoleWorker)+without))
		})
	}
}

func benchmarkPush(b *testing.B, rdb, worker *redis.Client) {
	const circles = 10_000
	q, err := New(worker, Options{Circles: numbered("circle", circles), Dialects: []string{Henge}})
	require.NoError(b, err)
	require.NoError(b, q.Serve(osisOnly))
	w := q.NewWaker()
	defer w.Close()
	require.NoError(b, w.Ready(b.Context()))
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		circle := fmt.Sprintf("henge:{circle%d}:", i*7919%circles)
		require.NoError(b, rdb.HSet(b.Context(), circle+"job:1", "payload", "1", "status", "queued").Err())
		idle, held := make(chan struct{}), make(chan *Claim)
		go func() {
			close(idle)
			for {
				_ = w.Wait(b.Context(), PollInterval)
				if x, err := q.Exchange(b.Context(), nil, 1); err == nil && len(x.Jobs) > 0 {
					held <- x.Jobs[0]
					return
				}
			}
		}()
		<-idle
		start := time.Now()
		require.NoError(b, rdb.LPush(b.Context(), circle+"q:osis", "1").Err())
		c := <-held
		took = append(took, time.Since(start))
		require.NoError(b, q.Finish(b.Context(), c, &job.Result{End: job.Success}))
	}
	reportTimes(b, took)
}

// reportTimes reports the middle and the worst of a hundred.
func reportTimes(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
