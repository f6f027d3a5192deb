package queue

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestOpen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		q := setup(t, rdb).queue(Options{})
		require.NoError(t, q.Open(t.Context()))
		require.NoError(t, q.Open(t.Context()))
		require.Equal(t, protocol, rdb.Get(t.Context(), keyProtocol).Val())
		require.NoError(t, rdb.Set(t.Context(), keyProtocol, "7", 0).Err())
		err := q.Open(t.Context())
		require.ErrorIs(t, err, ErrProtocol)
		require.ErrorContains(t, err, `says "7" and this henge speaks "1"`)
	})
}

func TestOptions(t *testing.T) {
	rdb := redistest.InProcess(t)
	for name, opts := range map[string]Options{
		"no circles":   {},
		"both":         {AllCircles: true, Circles: []string{alice}},
		"odd circle":   {Circles: []string{"a b"}},
		"unknown pop":  {AllCircles: true, Pop: "random"},
		"empty circle": {Circles: []string{""}},
	} {
		_, err := New(rdb, opts)
		require.Error(t, err, name)
	}
	q, err := New(rdb, Options{AllCircles: true})
	require.NoError(t, err)
	require.NotEmpty(t, q.Worker())
	require.Equal(t, 15*time.Second, q.Lease())
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer cluster.Close()
	_, err = New(cluster, Options{AllCircles: true, Dialects: []string{Henge, Hero}})
	require.ErrorContains(t, err, "the dialect hero does not run on a Redis Cluster")
	q, err = New(cluster, Options{AllCircles: true})
	require.NoError(t, err)
	require.Len(t, q.dialects, 1, "only the one that can")
	_, err = New(rdb, Options{AllCircles: true, Dialects: []string{"heron"}})
	require.ErrorContains(t, err, "there are hero, rhailib")
	_, err = Connect("http://x")
	require.Error(t, err)
}

// A server that takes connections and says nothing.
func TestNothingHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var conns []net.Conn
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	}()
	rdb, err := Connect("redis://" + l.Addr().String())
	require.NoError(t, err)
	q, err := New(rdb, Options{AllCircles: true})
	require.NoError(t, err)
	p, err := NewProducer(rdb, Hero)
	require.NoError(t, err)
	claim := &Claim{Job: &job.Job{ID: "x", Queue: osis, Attempt: 1}}
	for name, call := range map[string]func(ctx context.Context) error{
		"claim":   func(ctx context.Context) error { _, err := q.Claim(ctx, osisOnly, 1); return err },
		"renew":   func(ctx context.Context) error { _, err := q.Renew(ctx, []*Claim{claim}); return err },
		"finish":  func(ctx context.Context) error { return q.Finish(ctx, claim, &job.Result{End: job.Success}) },
		"release": func(ctx context.Context) error { return q.Release(ctx, []*Claim{claim}) },
		"reap":    func(ctx context.Context) error { _, err := q.Reap(ctx); return err },
		"open":    q.Open,
		"submit": func(ctx context.Context) error {
			_, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "osis"}})
			return err
		},
		"get":  func(ctx context.Context) error { _, err := p.Get(ctx, Ref{ID: "x"}); return err },
		"list": func(ctx context.Context) error { _, err := p.List(ctx, Filter{}, 1); return err },
		"logs": func(ctx context.Context) error { _, err := p.Logs(ctx, Ref{ID: "x"}); return err },
		"wait": func(ctx context.Context) error { _, err := p.Wait(ctx, Ref{ID: "x"}); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		cancel()
		require.ErrorContains(t, err, name)
		require.Less(t, time.Since(start), 2*time.Second, name)
	}
	require.NoError(t, rdb.Close())
	require.NoError(t, l.Close())
	<-accepted
	for _, conn := range conns {
		conn.Close()
	}
}
