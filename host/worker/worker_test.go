package worker_test

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
	"github.com/henge-run/henge/modules"
)

const circle, tightCircle = "acme", "tight"

// circleLimits bounds one circle, as an operator might.
func circleLimits(module, circle string) job.Limits {
	if circle == tightCircle {
		return job.Limits{Fuel: 5_000_000}
	}
	return job.Limits{}
}

// bundle is a worker on a Redis of its own, with the built-in modules.
type bundle struct {
	producer *queue.Producer
	server   *localredis.Server
	log      *lockedBuffer
	registry *registry.Registry

	// stop ends the worker and checks that it ended well.
	stop func()
}

func setup(t testing.TB, slots int) *bundle {
	t.Helper()
	return setupOn(t, slots, redistest.Server(t, localredis.Options{}))
}

func setupOn(t testing.TB, slots int, server *localredis.Server) *bundle {
	t.Helper()
	ctx := context.Background()
	b := &bundle{server: server, log: &lockedBuffer{}}
	rt, err := sandbox.New(ctx, sandbox.Options{CacheDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	b.registry, err = registry.Open(ctx, rt, registry.Options{Folders: []registry.Folder{{Name: "built-in", FS: modules.FS()}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.registry.Close(ctx)) })
	require.Contains(t, b.registry.Claimed(), "rhai", "the engines are not built: run make modules")

	rdb := redistest.Client(t, b.server)
	b.producer, err = queue.NewProducer(rdb, queue.Hero)
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	q, err := queue.New(rdb, queue.Options{Circles: []string{circle, tightCircle}, Lease: 2 * time.Second, Log: log})
	require.NoError(t, err)
	w, err := worker.New(worker.Options{Queue: q, Registry: b.registry, Slots: slots, Log: log, Limits: circleLimits})
	require.NoError(t, err)

	working, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(b.stop)
	return b
}

func (b *bundle) submit(t testing.TB, script string, timeout time.Duration) queue.Ref {
	t.Helper()
	id, err := b.producer.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: circle, Caller: circle, Type: "rhai", Payload: []byte(script), Timeout: timeout}})
	require.NoError(t, err)
	return id
}

func (b *bundle) wait(t testing.TB, id queue.Ref) queue.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := b.producer.Wait(ctx, id)
	require.NoError(t, err)
	return r
}

func TestRunsJobsAndLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("jobs", func(t *testing.T) {
		b := setup(t, 4)
		ids := make([]queue.Ref, 200)
		for i := range ids {
			ids[i] = b.submit(t, strconv.Itoa(i)+" + 1", 0)
		}
		for i, id := range ids {
			r := b.wait(t, id)
			require.Equal(t, strconv.Itoa(i+1), r.Fields["output"], r.Fields)
			require.Equal(t, "1", r.Fields["attempt"])
		}
		b.stop()
	})
	goleak.VerifyNone(t, before)
}

func TestLeaseIsRenewedWhileAJobRuns(t *testing.T) {
	b := setup(t, 1)
	// Longer than two leases: without renewal it would be taken back.
	id := b.submit(t, `let t = timestamp(); while t.elapsed < 5.0 {} "done"`, 20*time.Second)
	r := b.wait(t, id)
	require.Equal(t, "done", r.Fields["output"], r.Fields)
	require.Equal(t, "1", r.Fields["attempt"])
}

func TestJobStopsWhenItsLeaseIsLost(t *testing.T) {
	b := setup(t, 1)
	rdb := redistest.Client(t, b.server)
	id := b.submit(t, `loop {}`, time.Hour)
	require.Eventually(t, func() bool {
		return rdb.HGet(t.Context(), "hero:job:"+id.ID, "status").Val() == "started"
	}, 30*time.Second, 10*time.Millisecond)
	// As if another worker had taken it.
	require.NoError(t, rdb.HSet(t.Context(), "hero:job:"+id.ID, "worker", "another", "attempt", 2).Err())
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "its lease was lost") }, 30*time.Second, 10*time.Millisecond)
	// The slot is free again, and nothing was written.
	require.Equal(t, "2", b.wait(t, b.submit(t, "1 + 1", 0)).Fields["output"])
	require.Equal(t, "started", rdb.HGet(t.Context(), "hero:job:"+id.ID, "status").Val())
}

func TestRedisAway(t *testing.T) {
	b := setup(t, 2)
	rdb := redistest.Client(t, b.server)
	require.Equal(t, "2", b.wait(t, b.submit(t, "1 + 1", 0)).Fields["output"])
	// Every call fails for a while, longer than a lease.
	require.NoError(t, rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err())
	require.NoError(t, rdb.Do(t.Context(), "CLIENT", "PAUSE", "3000", "ALL").Err())
	require.Equal(t, "4", b.wait(t, b.submit(t, "2 + 2", 0)).Fields["output"])
}

func TestResultIsDeliveredWhenRedisIsBack(t *testing.T) {
	kept := localredis.Options{Dir: t.TempDir()}
	server := redistest.Server(t, kept)
	b := setupOn(t, 1, server)
	id := b.submit(t, `let t = timestamp(); while t.elapsed < 1.0 {} "kept"`, 20*time.Second)
	require.Eventually(t, func() bool {
		r, err := b.producer.Get(t.Context(), id)
		return err == nil && r.Status() == "started"
	}, 30*time.Second, 10*time.Millisecond)

	_, port, err := net.SplitHostPort(server.Addr())
	require.NoError(t, err)
	kept.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	require.NoError(t, server.Close())
	// The job ends while Redis is away, and the lease would have too.
	timer := time.NewTimer(3 * time.Second)
	<-timer.C
	redistest.Server(t, kept)

	// The client needs a moment to see that the server is back.
	require.Eventually(t, func() bool {
		_, err := b.producer.Get(t.Context(), id)
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	r := b.wait(t, id)
	require.Equal(t, "kept", r.Fields["output"], r.Fields)
	require.Equal(t, "1", r.Fields["attempt"], "it ran once")
	require.Equal(t, 1, strings.Count(b.log.String(), "Redis does not answer"), b.log.String())
	require.Equal(t, 1, strings.Count(b.log.String(), "Redis answers again"), b.log.String())
}

// The smallest of what the circle and the job say counts, and neither touches
// another circle's jobs.
func TestLimitsOfCircleAndJob(t *testing.T) {
	b := setup(t, 2)
	const count = `let n = 0; for i in 0..20000 { n += i } n`
	for name, c := range map[string]struct {
		circle string
		own    int64
		fuel   string // the limit in the message; "" where the job gets through
		more   string // how the message says to get more
	}{
		"no limit":                 {circle, 0, "", ""},
		"the circle's":             {tightCircle, 0, "5000000", "ask the operator to raise the fuel limit"},
		"the job's":                {circle, 3_000_000, "3000000", "raise fuel among the job's own limits"},
		"the job's is smaller":     {tightCircle, 3_000_000, "3000000", "raise fuel among the job's own limits"},
		"the job's cannot be more": {tightCircle, 1 << 50, "5000000", "ask the operator to raise the fuel limit"},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := b.producer.Submit(t.Context(), &queue.Submission{Job: job.Job{Circle: c.circle, Caller: circle, Type: "rhai", Payload: []byte(count), Limits: job.Limits{Fuel: c.own}}})
			require.NoError(t, err)
			r := b.wait(t, id)
			cost, ok := r.Cost()
			require.True(t, ok, r.Fields)
			if c.fuel == "" {
				require.Equal(t, "199990000", r.Fields["output"], r.Fields)
				require.Greater(t, cost.Fuel, int64(5_000_000), "or the others show nothing")
				require.Positive(t, cost.Wall)
				require.Positive(t, cost.MemoryPeak)
				return
			}
			require.Equal(t, "fuel", r.Fields["end"], r.Fields)
			require.Contains(t, r.Fields["error"], c.fuel)
			require.Contains(t, r.Fields["error"], c.more)
		})
	}
}

// lockedBuffer takes a log from several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// BenchmarkJob is the way of a job from its list to the finished hash, with as
// many slots as there are processors. Submitting and
// waiting are part of the time.
func BenchmarkJob(b *testing.B) {
	bundle := setup(b, runtime.GOMAXPROCS(0))
	ids := make([]queue.Ref, 0, 1024)
	for b.Loop() {
		ids = append(ids, bundle.submit(b, "40 + 2", 0))
		if len(ids) == cap(ids) {
			ids = bundle.drain(b, ids)
		}
	}
	bundle.drain(b, ids)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}

// drain waits for all jobs and returns the slice emptied.
func (b *bundle) drain(t testing.TB, ids []queue.Ref) []queue.Ref {
	for _, id := range ids {
		require.Equal(t, "42", b.wait(t, id).Fields["output"])
	}
	return ids[:0]
}
