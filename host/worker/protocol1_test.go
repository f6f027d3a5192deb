//go:build unix

package worker_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const protocol1 = "../queue/testdata/protocol-1"

// protocol1Scripts returns the scripts that a worker of protocol 1 sends, to
// the byte: none may be edited, since such workers are out there.
func protocol1Scripts(t *testing.T) map[string]*redis.Script {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(protocol1, "scripts"))
	require.NoError(t, err)
	scripts := map[string]*redis.Script{}
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		text := "#!lua"
		if fields[2] != "-" {
			text += " flags=" + fields[2]
		}
		text += "\n"
		for _, part := range fields[3:] {
			b, err := os.ReadFile(filepath.Join(protocol1, part+".lua"))
			require.NoError(t, err)
			text += string(b) + "\n"
		}
		digest := sha1.Sum([]byte(text))
		require.Equal(t, fields[1], hex.EncodeToString(digest[:]), "the script %s of protocol 1 was changed", fields[0])
		scripts[fields[0]] = redis.NewScript(text)
	}
	return scripts
}

// worker1 is a worker of protocol 1: its scripts with the arguments that it
// gave them, written out, so that no change of today's code can change it.
type worker1 struct {
	rdb     redis.UniversalClient
	scripts map[string]*redis.Script
	name    string
	call    int
}

const (
	worker1List  = "hero:q:work:type:osis"
	worker1Lease = 1000 // ms
)

func newWorker1(t *testing.T, rdb redis.UniversalClient) *worker1 {
	return &worker1{rdb: rdb, scripts: protocol1Scripts(t), name: "protocol-1-" + uuid.NewString()}
}

func (w *worker1) run(ctx context.Context, script, key string, keys []string, args ...any) (any, error) {
	common := []any{3_600_000, 10_000, 604_800_000, 604_800_000, 10_000, "oldest", 0}
	return w.scripts[script].Run(ctx, w.rdb, append([]string{key}, keys...), append(common, args...)...).Result()
}

// job1 is a job that worker1 holds.
type job1 struct {
	dialect, id, list, attempt string
	failures                   int
	payload                    string
}

func (j job1) name() []any { return []any{j.dialect, j.list, j.id, j.attempt} }

// claim takes up to n jobs and ends those given.
func (w *worker1) claim(ctx context.Context, n int, ends ...[]any) ([]job1, error) {
	w.call++
	args := []any{w.name, worker1Lease, n, 256, 0, "slot", w.call, "", 0, 10_000, 86_400_000, -1, "hero", 2}
	for _, end := range ends {
		args = append(args, end...)
	}
	reply, err := w.run(ctx, "claim", "henge:answer:"+w.name, []string{worker1List}, args...)
	if err != nil {
		return nil, err
	}
	var jobs []job1
	for _, one := range reply.([]any)[1].([]any) {
		f := one.([]any)
		j := job1{dialect: f[0].(string), id: f[1].(string), list: f[2].(string), attempt: f[3].(string)}
		j.failures, _ = strconv.Atoi(f[5].(string))
		j.payload, _ = f[7].([]any)[3].(string)
		jobs = append(jobs, j)
	}
	return jobs, nil
}

func (j job1) success() []any {
	return append(j.name(), "end", "success", j.payload, "", "", j.failures, 0, 0)
}

func (j job1) cancelled() []any {
	return append(j.name(), "end", "cancelled", "", "enough", "", j.failures, 0, 0)
}

func (j job1) retry() []any {
	return append(j.name(), "retry", "script_error", "", "once more", "", j.failures+1, 50, 0)
}

// renew returns whether the lease was lost, and whether the job is to stop.
func (w *worker1) renew(ctx context.Context, j job1) (lost, stop bool, err error) {
	reply, err := w.run(ctx, "renew", "henge:lease", nil, append([]any{w.name, worker1Lease}, j.name()...)...)
	if err != nil {
		return false, false, err
	}
	parts := reply.([]any)
	return len(parts[0].([]any)) > 0, len(parts[1].([]any)) > 0, nil
}

func (w *worker1) reap(ctx context.Context) error {
	_, err := w.run(ctx, "reap", "henge:reaped", nil, worker1Lease, 1<<20, 60_000, 100)
	return err
}

// TestWorkerOfProtocol1 is no test: it is the process that TestRollingUpgrade
// runs beside today's workers.
func TestWorkerOfProtocol1(t *testing.T) {
	url := os.Getenv(envRedis)
	if url == "" {
		t.Skip("this is what TestRollingUpgrade runs")
	}
	opts, err := redis.ParseURL(url)
	require.NoError(t, err)
	w := newWorker1(t, redis.NewClient(opts))
	ctx := t.Context()
	require.NoError(t, w.rdb.SetNX(ctx, "henge:protocol", "1", 0).Err())
	require.Equal(t, "1", w.rdb.Get(ctx, "henge:protocol").Val())
	var ends [][]any
	for reaped := time.Now(); ; {
		jobs, err := w.claim(ctx, 4, ends...)
		require.NoError(t, err)
		ends = ends[:0]
		for _, j := range jobs {
			ends = append(ends, w.serve(t, j)...)
		}
		if len(jobs) == 0 {
			workABit(ctx)
		}
		if time.Since(reaped) > worker1Lease*time.Millisecond/4 {
			require.NoError(t, w.reap(ctx))
			reaped = time.Now()
		}
	}
}

// serve runs one job and returns its end, nothing for one that was lost.
func (w *worker1) serve(t *testing.T, j job1) [][]any {
	ctx := t.Context()
	for range slowFor / (20 * time.Millisecond) {
		lost, stop, err := w.renew(ctx, j)
		require.NoError(t, err)
		switch {
		case lost:
			return nil
		case stop:
			return [][]any{j.cancelled()}
		case j.payload != slow:
			workABit(ctx)
			if j.payload == failOnce && j.failures == 0 {
				return [][]any{j.retry()}
			}
			return [][]any{j.success()}
		}
		<-time.After(20 * time.Millisecond)
	}
	return [][]any{j.success()}
}

// The scripts of protocol 1 do to a Redis what they did, whatever today's are.
func TestProtocol1IsAsItWas(t *testing.T) {
	server := newFlow(t)
	w := newWorker1(t, server.rdb)
	ref := server.submit(t, "42")
	jobs, err := w.claim(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []job1{{"hero", ref.ID, worker1List, "1", 0, "42"}}, jobs)
	lost, stop, err := w.renew(t.Context(), jobs[0])
	require.NoError(t, err)
	require.False(t, lost || stop)
	jobs, err = w.claim(t.Context(), 1, jobs[0].success())
	require.NoError(t, err)
	require.Empty(t, jobs)
	r, err := server.producer.Get(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, "finished 42", fmt.Sprint(r.Status(), " ", r.Output()))
}
