package traffic_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/bench/traffic"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

func options(t *testing.T) traffic.Options {
	return traffic.Options{
		Redis: redistest.Real(t), Works: map[traffic.Work]worker.Handler{traffic.Native: traffic.NativeHandler},
		Dialect: queue.Hero, Jobs: 50, Samples: 3, Rounds: 2, Limit: 30 * time.Second,
	}
}

func TestOptionsThatCannotBeMeasured(t *testing.T) {
	for name, change := range map[string]func(*traffic.Options){
		"dialect":    func(o *traffic.Options) { o.Dialect = queue.Rhailib },
		"no jobs":    func(o *traffic.Options) { o.Jobs = 0 },
		"many jobs":  func(o *traffic.Options) { o.Jobs = traffic.MaxJobs + 1 },
		"no samples": func(o *traffic.Options) { o.Samples = 0 },
		"no rounds":  func(o *traffic.Options) { o.Rounds = 0 },
		"no time":    func(o *traffic.Options) { o.Limit = 0 },
		"no work":    func(o *traffic.Options) { o.Works = nil },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			change(&o)
			_, err := traffic.Throughput(t.Context(), o, []traffic.Setting{{Work: traffic.Native, Slots: 1, Circles: 1}})
			require.Error(t, err)
		})
	}
}

// peerThat is a command in place of henge-peers.
func peerThat(t *testing.T, says string) traffic.PeerOptions {
	path := filepath.Join(t.TempDir(), "peers")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+says+"\n"), 0o700))
	return traffic.PeerOptions{Command: path, Systems: []string{"other"}}
}

func TestCompare(t *testing.T) {
	setting := traffic.Setting{Slots: 4}
	t.Run("in turns", func(t *testing.T) {
		o := options(t)
		rows, left, err := traffic.Compare(t.Context(), o, setting, peerThat(t, `
echo '{"ready":true}'
while read -r turn; do
  case $turn in *'"jobs":50,"samples":3,"slots":4,"limit_ms":30000'*) ;; *) echo "{\"error\":\"odd turn\"}"; exit 1 ;; esac
  echo '{"done":25}'
  echo '{"per_second":100,"waits_ns":[3000,1000]}'
done`))
		require.NoError(t, err)
		require.Empty(t, left)
		require.Len(t, rows, 2)
		require.Equal(t, "henge", rows[0].System)
		require.Positive(t, rows[0].JobsPerSecond)
		require.Len(t, rows[0].Waits, 6)
		require.Equal(t, "other", rows[1].System)
		require.EqualValues(t, 100, rows[1].JobsPerSecond)
		require.Equal(t, []time.Duration{1000, 1000, 3000, 3000}, rows[1].Waits)
		require.Equal(t, time.Duration(3000), rows[1].Percentile(0.99))
		keys, err := o.Redis.Keys(t.Context(), "*bench-*").Result()
		require.NoError(t, err)
		require.Empty(t, keys)
	})
	t.Run("a peer that cannot work is left out", func(t *testing.T) {
		rows, left, err := traffic.Compare(t.Context(), options(t), setting, peerThat(t, `echo '{"error":"no database"}'; exit 1`))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.ErrorContains(t, errors.Join(left...), "other is left out: no database")
	})
	t.Run("one that ends in its turn", func(t *testing.T) {
		_, _, err := traffic.Compare(t.Context(), options(t), setting, peerThat(t, `echo '{"ready":true}'; read -r turn; echo oh dear >&2`))
		require.ErrorContains(t, err, "oh dear")
	})
	t.Run("one that says what is no answer", func(t *testing.T) {
		_, left, err := traffic.Compare(t.Context(), options(t), setting, peerThat(t, `echo hello`))
		require.NoError(t, err)
		require.ErrorContains(t, errors.Join(left...), `read the answer "hello"`)
	})
}

// The end of the context ends a bench, and nothing of it stays.
func TestBenchIsStopped(t *testing.T) {
	o := options(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.Jobs = 20_000
	o.Works[traffic.Native] = func(ctx context.Context, j *job.Job) *job.Result {
		cancel() // with nearly all jobs waiting
		return traffic.NativeHandler(ctx, j)
	}
	_, err := traffic.Throughput(ctx, o, []traffic.Setting{{Work: traffic.Native, Slots: 4, Circles: 2}})
	require.ErrorIs(t, err, context.Canceled)
	keys, err := o.Redis.Keys(t.Context(), "*bench-*").Result()
	require.NoError(t, err)
	require.Empty(t, keys)
}
