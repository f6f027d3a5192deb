package queue

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// quiet waits until no wake-up comes any more.
func quiet(t *testing.T, w *Waker) {
	t.Helper()
	require.NoError(t, w.Ready(soon(t)))
	for {
		select {
		case <-w.signal:
		case <-time.After(50 * time.Millisecond):
			return
		}
	}
}

// woken reports how long Wait took, or false when only the poll ended it.
func woken(t *testing.T, w *Waker) (time.Duration, bool) {
	t.Helper()
	start := time.Now()
	require.NoError(t, w.Wait(soon(t), PollInterval))
	d := time.Since(start)
	return d, d < PollInterval
}

func TestWakerWakes(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]localredis.Options{
		"plain":    {},
		"password": {Password: "s3cret"},
	} {
		t.Run(name, func(t *testing.T) {
			rdb := redistest.Client(t, redistest.Server(t, opts))
			b := setup(t, rdb)
			q := b.queue(Options{Circles: []string{alice}})
			w := q.NewWaker()
			defer w.Close()
			require.NoError(t, q.Serve(osisOnly))
			quiet(t, w)
			for range 20 {
				b.push(osis, "x")
				d, ok := woken(t, w)
				require.True(t, ok)
				require.Less(t, d, 500*time.Millisecond)
				quiet(t, w)
			}
			for _, other := range []string{heroType + "sal", osis + ":group:g", "henge:wait:hero|" + osis + "|bob"} {
				b.push(other, "x")
			}
			_, ok := woken(t, w)
			require.False(t, ok, "what is not for this worker does not wake it")
			b.push("henge:wait:hero|"+osis+"|alice", "x")
			_, ok = woken(t, w)
			require.True(t, ok)
		})
	}
}

func TestWakerCoalesces(t *testing.T) {
	rdb := redistest.Real(t)
	b := setup(t, rdb)
	w := b.queue(Options{Rand: func() float64 { return 0.999 }}).NewWaker()
	defer w.Close()
	quiet(t, w)
	pipe := rdb.Pipeline()
	for _, id := range numbered("x", 1000) {
		pipe.LPush(t.Context(), osis, id)
	}
	_, err := pipe.Exec(t.Context())
	require.NoError(t, err)
	wakeUps := 0
	for {
		if _, ok := woken(t, w); !ok {
			break
		}
		wakeUps++
	}
	require.Positive(t, wakeUps)
	require.Less(t, wakeUps, 100)
}

func TestWakerSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := redistest.Server(t, localredis.Options{Dir: dir})
	rdb := redistest.Client(t, first)
	var said strings.Builder
	q, err := New(rdb, Options{AllCircles: true, Log: slog.New(slog.NewTextHandler(&said, nil))})
	require.NoError(t, err)
	w := q.NewWaker()
	quiet(t, w)
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return !w.listening() }, 5*time.Second, time.Millisecond)
	start := time.Now()
	require.NoError(t, w.Wait(t.Context(), PollInterval))
	require.NoError(t, w.Wait(t.Context(), PollInterval))
	require.Less(t, time.Since(start), PollInterval, "it polls more often meanwhile")

	_, port, _ := net.SplitHostPort(first.Addr())
	n, _ := strconv.Atoi(port)
	redistest.Server(t, localredis.Options{Dir: dir, Port: n})
	require.Eventually(t, func() bool { return w.listening() }, 10*time.Second, time.Millisecond)
	quiet(t, w)
	setup(t, rdb).push(osis, "x")
	_, ok := woken(t, w)
	require.True(t, ok)
	require.NoError(t, w.Close())
	require.Equal(t, 1, strings.Count(said.String(), "connection lost"), said.String())
	require.Equal(t, 1, strings.Count(said.String(), "connected again"), said.String())
}

// polls has a waker poll a server that tells it nothing, and returns what it said.
func polls(t *testing.T, rdb *redis.Client, level slog.Level) string {
	t.Helper()
	var said strings.Builder
	q, err := New(rdb, Options{AllCircles: true, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level}))})
	require.NoError(t, err)
	w := q.NewWaker()
	require.NoError(t, w.Ready(soon(t)))
	d, _ := woken(t, w)
	require.Less(t, d, PollInterval)
	require.NoError(t, w.Close())
	return said.String()
}

func TestWakerWhereTrackingIsNotOffered(t *testing.T) {
	require.Contains(t, polls(t, redistest.InProcess(t), slog.LevelDebug), "does not offer CLIENT TRACKING")
}

// A user without the right to it polls as well, and somebody is told.
func TestWakerWithoutTheRightToTracking(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	said := polls(t, as(t, redistest.Client(t, server), server.Addr(), ACL(RoleWorker)+" -client|tracking"), slog.LevelInfo)
	require.Contains(t, said, "does not offer CLIENT TRACKING")
	require.Contains(t, said, "NOPERM")
}

func TestWakerWait(t *testing.T) {
	q := setup(t, redistest.Real(t)).queue(Options{})
	w := q.NewWaker()
	quiet(t, w)
	start := time.Now()
	require.NoError(t, w.Wait(t.Context(), 0))
	require.NoError(t, w.Wait(t.Context(), 20*time.Millisecond))
	require.Less(t, time.Since(start), PollInterval)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Wait(ctx, PollInterval), context.Canceled)
	require.ErrorIs(t, w.Wait(ctx, 0), context.Canceled)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.Error(t, q.Serve(Wanted{Types: []string{""}}))
}

// What happens to a job between a push and its result, with a worker that
// sleeps on the waker.
func TestAnIdleWorkerStartsSoon(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := soon(t)
		q := b.queue(Options{})
		ctxWorker, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w := q.NewWaker()
			defer w.Close()
			for ctxWorker.Err() == nil {
				claims, err := q.Claim(ctxWorker, osisOnly, 4)
				if err != nil {
					continue
				}
				for _, c := range claims.Jobs {
					_ = q.Finish(ctxWorker, c, &job.Result{End: job.Success, Output: []byte("42")})
				}
				if len(claims.Jobs) == 0 {
					_ = w.Wait(ctxWorker, claims.Next)
				}
			}
		}()
		p := b.producer()
		for range 5 {
			id, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "osis"}})
			require.NoError(t, err)
			r, err := p.Wait(ctx, id)
			require.NoError(t, err)
			require.Equal(t, "42", r.Fields["output"])
		}
		stop()
		<-done
	})
}

func TestReadRESP(t *testing.T) {
	for _, c := range []struct {
		text string
		want any
		bad  bool
	}{
		{"+OK\r\n", "OK", false},
		{"-ERR no\r\n", respError("ERR no"), false},
		{":-12\r\n", int64(-12), false},
		{"_\r\n", nil, false},
		{"#t\r\n", true, false},
		{",1.5\r\n", "1.5", false},
		{"$3\r\na\r\n\r\n", "a\r\n", false},
		{"$-1\r\n", nil, false},
		{"*-1\r\n", nil, false},
		{"!3\r\nERR\r\n", respError("ERR"), false},
		{"*2\r\n:1\r\n$1\r\nx\r\n", []any{int64(1), "x"}, false},
		{"%1\r\n+a\r\n:1\r\n", []any{"a", int64(1)}, false},
		{">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", push{"invalidate", []any{"k"}}, false},
		{">2\r\n$10\r\ninvalidate\r\n_\r\n", push{"invalidate", nil}, false},
		{"$5\r\nab", nil, true},
		{"$99999999999\r\n", nil, true},
		{"*99999999999\r\n", nil, true},
		{"*-2\r\n", nil, true},
		{":x\r\n", nil, true},
		{"?\r\n", nil, true},
		{"\r\n", nil, true},
		{"", nil, true},
		{strings.Repeat("*1\r\n", 100), nil, true},
		{"+" + strings.Repeat("x", 100_000), nil, true},
	} {
		got, err := readRESP(bufio.NewReader(strings.NewReader(c.text)))
		require.Equal(t, c.bad, err != nil, "%.40q: %v", c.text, err)
		require.Equal(t, c.want, got, "%.40q", c.text)
	}
}

func FuzzReadRESP(f *testing.F) {
	f.Add(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
	f.Add("%1\r\n+a\r\n_\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = readRESP(bufio.NewReader(strings.NewReader(s)))
	})
}
