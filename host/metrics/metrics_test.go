package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/metrics"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a worker whose metrics are served.
type bundle struct {
	rdb      *redis.Client
	producer *queue.Producer
	worker   *worker.Worker
	base     string // URL

	// held jobs wait for a value here.
	hold chan struct{}
}

func setup(t *testing.T, slots int) *bundle {
	t.Helper()
	b := &bundle{rdb: redistest.Real(t), hold: make(chan struct{})}
	q, err := queue.New(b.rdb, queue.Options{Circles: []string{"acme"}})
	require.NoError(t, err)
	b.producer, err = queue.NewProducer(b.rdb, queue.Hero)
	require.NoError(t, err)
	m := metrics.New()
	b.worker, err = worker.New(worker.Options{Queue: q, Slots: slots, Observer: m, Handlers: map[string]worker.Handler{
		"echo": func(ctx context.Context, j *job.Job) *job.Result {
			r := &job.Result{End: job.Success, Output: j.Payload, Cost: job.Cost{Fuel: 7, HostCalls: 2}}
			switch string(j.Payload) {
			case "fail":
				r.End = job.ScriptError
			case "hold":
				select {
				case <-b.hold:
				case <-ctx.Done():
				}
			}
			return r
		},
	}})
	require.NoError(t, err)
	m.Read(metrics.Source{State: b.worker.State, Waiting: q.Waiting, Pool: func() (int, int64) { return 3, 4096 }})
	l, err := metrics.Listen("0")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(l.Addr().String(), "127.0.0.1:"))
	b.base = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- m.Serve(ctx, l) }()
	go func() { ended <- b.worker.Run(ctx) }()
	t.Cleanup(func() {
		close(b.hold)
		cancel()
		require.NoError(t, errors.Join(<-ended, <-ended))
		http.DefaultClient.CloseIdleConnections()
	})
	return b
}

func (b *bundle) submit(t *testing.T, payload, jobType string) queue.Ref {
	t.Helper()
	ref, err := b.producer.Submit(t.Context(), &queue.Submission{
		Job: job.Job{Circle: "acme", Type: jobType, Queue: "hero:q:work:type:echo", Payload: []byte(payload)},
	})
	require.NoError(t, err)
	return ref
}

func (b *bundle) run(t *testing.T, payload, jobType string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := b.producer.Wait(ctx, b.submit(t, payload, jobType))
	require.NoError(t, err)
}

func (b *bundle) get(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := http.Get(b.base + path)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// values are henge's own metrics by name and labels.
func (b *bundle) values(t *testing.T) map[string]float64 {
	t.Helper()
	code, text := b.get(t, "/metrics")
	require.Equal(t, http.StatusOK, code)
	all := map[string]float64{}
	for line := range strings.Lines(text) {
		at := strings.LastIndex(line, " ")
		if strings.HasPrefix(line, "henge_") {
			v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
			require.NoError(t, err)
			all[line[:at]] = v
		}
	}
	return all
}

// becomes waits until a metric has a value.
func (b *bundle) becomes(t *testing.T, name string, want float64) {
	t.Helper()
	require.Eventually(t, func() bool { return b.values(t)[name] == want }, 30*time.Second, 20*time.Millisecond, "%s %v", name, want)
}

func TestCounts(t *testing.T) {
	b := setup(t, 1)
	for range 3 {
		b.run(t, "x", "echo")
	}
	b.run(t, "fail", "echo")
	for i := range 3 {
		b.run(t, "x", fmt.Sprint("nobody-serves-", i))
	}
	b.becomes(t, `henge_ends_total{dialect="hero",end="refused"}`, 3)
	v := b.values(t)
	for name, want := range map[string]float64{
		`henge_claims_total{dialect="hero",type="echo"}`:      4,
		`henge_claims_total{dialect="hero",type="other"}`:     3,
		`henge_ends_total{dialect="hero",end="success"}`:      3,
		`henge_ends_total{dialect="hero",end="script_error"}`: 1,
		`henge_fuel_total{type="echo"}`:                       28,
		`henge_host_calls_total{type="echo"}`:                 8,
		`henge_run_seconds_count{type="echo"}`:                4,
		`henge_claim_to_start_seconds_count{type="echo"}`:     4,
		`henge_slots`:                                1,
		`henge_running{type="echo"}`:                 0,
		`henge_pool_instances`:                       3,
		`henge_pool_memory_bytes`:                    4096,
		`henge_redis_up`:                             1,
		`henge_redis_outages_total`:                  0,
		`henge_leases_lost_total`:                    0,
		`henge_refused_writes_total{write="result"}`: 0,
		`henge_waiting_partly`:                       0,
	} {
		got, ok := v[name]
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	require.GreaterOrEqual(t, v["henge_exchange_seconds_count"], 4.0)
	for name := range v {
		require.NotContains(t, name, "acme", "a circle is no label")
		require.NotContains(t, name, "nobody", "a producer's text is no label")
	}
	code, _ := b.get(t, "/debug/pprof/")
	require.Equal(t, http.StatusNotFound, code)
}

func TestWaitingAndRunning(t *testing.T) {
	b := setup(t, 1)
	b.submit(t, "hold", "echo")
	b.becomes(t, `henge_running{type="echo"}`, 1)
	for range 5 {
		b.submit(t, "x", "echo")
	}
	// It is counted every few seconds, however often it is asked for.
	b.becomes(t, `henge_waiting{dialect="hero",type="echo"}`, 5)
}

// A worker whose job was taken by another one: its result is refused, and that
// is counted.
func TestRefusedWritesAreCounted(t *testing.T) {
	b := setup(t, 1)
	ref := b.submit(t, "hold", "echo")
	b.becomes(t, `henge_running{type="echo"}`, 1)
	require.NoError(t, b.rdb.HSet(t.Context(), "hero:job:"+ref.ID, "worker", "another", "attempt", 2).Err())
	b.hold <- struct{}{}
	require.Eventually(t, func() bool {
		v := b.values(t)
		return v[`henge_refused_writes_total{write="result"}`]+v["henge_leases_lost_total"] == 1
	}, 30*time.Second, 20*time.Millisecond)
	_, counted := b.values(t)[`henge_ends_total{dialect="hero",end="success"}`]
	require.False(t, counted, "an end that was not written is none")
}

func TestHealthAndReadiness(t *testing.T) {
	b := setup(t, 1)
	require.Eventually(t, func() bool {
		code, _ := b.get(t, "/readyz")
		return code == http.StatusOK
	}, 30*time.Second, 20*time.Millisecond)
	code, text := b.get(t, "/healthz")
	require.Equal(t, "200 ok\n", fmt.Sprint(code, " ", text))

	// Redis pauses: the worker is well, and takes no jobs.
	require.NoError(t, b.rdb.Do(t.Context(), "CONFIG", "SET", "maxclients", "1").Err())
	require.NoError(t, b.rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").Err())
	require.Eventually(t, func() bool {
		code, text := b.get(t, "/readyz")
		return code == http.StatusServiceUnavailable && text == "Redis does not answer\n"
	}, 30*time.Second, 20*time.Millisecond)
	code, _ = b.get(t, "/healthz")
	require.Equal(t, http.StatusOK, code)

	b.worker.Stop()
	require.Eventually(t, func() bool {
		_, text := b.get(t, "/readyz")
		return text == "the worker is stopping\n"
	}, 30*time.Second, 20*time.Millisecond)
}
