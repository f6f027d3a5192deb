package worker_test

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

var retained = flag.Int("retained", 20_000, "how many jobs TestMemoryInRedisIsFlat runs")

const (
	// leastWave is how many jobs are there at once, or a fiftieth of all, and
	// warmUp how many waves it takes until all that has a cap has reached it.
	leastWave = 2000
	warmUp    = 3

	// slack is what the memory of scripts, of connections, and of what is on
	// its way to the history goes up and down by.
	slack = 768 << 10

	// fewKeys is more than what stays when all jobs are gone.
	fewKeys = 60
)

// TestMemoryInRedisIsFlat runs jobs that succeed, fail, are given up and log,
// in three dialects, with everything that is kept for a time kept for a tenth
// of a second. What is there when all jobs are gone must not grow.
func TestMemoryInRedisIsFlat(t *testing.T) {
	rdb := redistest.Real(t)
	require.NoError(t, rdb.ConfigSet(t.Context(), "active-expire-effort", "10").Err())
	const short = 100 * time.Millisecond
	dialects := []string{queue.Hero, queue.HeroJobs, queue.Henge}
	q, err := queue.New(rdb, queue.Options{
		Circles: []string{circle}, Dialects: dialects, History: dialects,
		JobTTL: short, ReplyTTL: short, LogTTL: short, Events: 100, DeadLetters: 100,
		Retry: queue.Backoff{First: time.Millisecond, Most: time.Millisecond},
	})
	require.NoError(t, err)
	kept := &countedHistory{}
	w, err := worker.New(worker.Options{Queue: q, Slots: 64, History: kept, Handlers: map[string]worker.Handler{"rhai": oneOfSeveral, "rhaiscript": oneOfSeveral}})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-stopped) })

	var producers []*queue.Producer
	for _, dialect := range dialects {
		p, err := queue.NewProducer(rdb, dialect)
		require.NoError(t, err)
		producers = append(producers, p)
	}
	var warm, last, keys int64
	wave := max(leastWave, *retained/50)
	waves := max(*retained/wave, warmUp+1)
	for n := range waves {
		jobs := make([]queue.Submission, wave/len(producers))
		for i := range jobs {
			jobs[i].Job = job.Job{Circle: circle, Type: "rhai", Payload: []byte(strconv.Itoa(i)), Retries: i % 2}
		}
		for _, p := range producers {
			_, err := p.SubmitMany(t.Context(), jobs)
			require.NoError(t, err)
		}
		require.Eventually(t, func() bool {
			keys = rdb.DBSize(t.Context()).Val()
			return keys > 0 && keys < fewKeys
		}, 5*time.Minute, 10*time.Millisecond, "%d keys are left", keys)
		last = usedMemory(t, rdb)
		if n == warmUp-1 {
			warm = last
		}
	}
	t.Logf("%d jobs: %d bytes after %d, %d at the end, %d keys; %d kept on disk", waves*wave, warm, warmUp*wave, last, keys, kept.jobs.Load())
	// What is on its way takes room for a moment; what is kept does not go.
	require.Eventually(t, func() bool { return usedMemory(t, rdb) < warm+slack }, 10*time.Second, 10*time.Millisecond,
		"Redis keeps more with each job: %d bytes where it kept %d", last, warm)
}

// oneOfSeveral ends in a way that the payload says.
func oneOfSeveral(_ context.Context, j *job.Job) *job.Result {
	n, _ := strconv.Atoi(string(j.Payload))
	r := &job.Result{End: job.Success, Output: j.Payload}
	if n%5 == 0 {
		r = &job.Result{End: job.ScriptError, Error: "no"}
	}
	if n%3 == 0 {
		r.Log = []job.LogLine{{Text: fmt.Sprintf("line of %d", n)}}
	}
	return r
}

func usedMemory(t *testing.T, rdb *redis.Client) int64 {
	info, err := rdb.Info(t.Context(), "memory").Result()
	require.NoError(t, err)
	for line := range strings.Lines(info) {
		if s, ok := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			require.NoError(t, err)
			return n
		}
	}
	require.Fail(t, "Redis does not say how much memory it uses")
	return 0
}

// countedHistory forgets what it is given: what matters here is what is left
// in Redis.
type countedHistory struct{ jobs atomic.Int64 }

func (h *countedHistory) Keep(_ context.Context, jobs []queue.Ended) error {
	h.jobs.Add(int64(len(jobs)))
	return nil
}

func (*countedHistory) LastIDs(context.Context) ([]queue.Ref, error) { return nil, nil }
func (*countedHistory) Prune(context.Context) error                  { return nil }
