package henge_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge"
	"github.com/henge-run/henge/host/queue"
)

// Each operation in each dialect.
func TestOperationsByDialect(t *testing.T) {
	ctx, url, stop := startExample()
	defer stop()
	for _, c := range []struct {
		dialect, jobType, failing string
	}{
		{henge.Hero, "shout", "fail"},
		{henge.Rhailib, "", ""}, // which has one type
		{henge.HeroJobs, "rhaiscript", ""},
		{henge.Henge, "shout", "fail"},
	} {
		t.Run(c.dialect, func(t *testing.T) {
			client, err := henge.Connect(url, c.dialect)
			require.NoError(t, err)
			defer client.Close()
			require.Equal(t, c.dialect, client.Dialect())
			events, err := client.Events(ctx, henge.EventsFrom{Circle: "acme"})
			require.NoError(t, err)

			const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
			hello := henge.Job{Circle: "acme", Type: c.jobType, Payload: []byte("hello"), Traceparent: trace}
			output, err := client.Run(ctx, &hello)
			require.NoError(t, err)
			require.Equal(t, "hello!", output)

			later := hello
			later.At = time.Now().Add(time.Hour)
			later.Traceparent = "00-1-2-01"
			_, err = client.Submit(ctx, &later)
			require.ErrorContains(t, err, "W3C Trace Context")
			later.Traceparent = ""
			answers, err := client.SubmitMany(ctx, []henge.Job{later, {Circle: "a b"}})
			require.NoError(t, err)
			require.NoError(t, answers[0].Err)
			require.Error(t, answers[1].Err)
			ref := answers[0].Ref

			record, err := client.Get(ctx, ref)
			require.NoError(t, err)
			require.False(t, record.Ended())
			require.ErrorIs(t, client.Retry(ctx, ref), henge.ErrNotEnded)
			require.ErrorIs(t, client.Remove(ctx, ref), henge.ErrNotEnded)
			running, err := client.Cancel(ctx, ref, "not needed")
			require.NoError(t, err)
			require.False(t, running)
			_, err = client.Cancel(ctx, ref, "")
			require.ErrorIs(t, err, henge.ErrEnded)
			record, err = client.Wait(ctx, ref)
			require.NoError(t, err)
			require.True(t, record.Failed())
			require.Equal(t, "not needed", record.Message())
			require.Equal(t, "cancelled", record.End().String())

			list, err := client.List(ctx, henge.Filter{Circle: "acme"}, 10)
			require.NoError(t, err)
			require.Len(t, list, 2)
			for _, r := range list {
				if r.ID == ref.ID {
					continue
				}
				lines, err := client.Logs(ctx, r.Ref)
				require.NoError(t, err)
				require.Len(t, lines, 1)
				whole, err := client.Get(ctx, r.Ref)
				require.NoError(t, err)
				require.Equal(t, trace, whole.Fields["traceparent"])
			}
			require.NoError(t, client.Remove(ctx, ref))
			_, err = client.Get(ctx, ref)
			require.ErrorIs(t, err, henge.ErrNotFound)

			var kinds []henge.EventKind
			for e, err := range events {
				require.NoError(t, err)
				require.Equal(t, "acme", e.Circle)
				if kinds = append(kinds, e.Kind); e.Kind == henge.EventRemoved {
					require.Equal(t, ref, e.Job)
					break
				}
			}
			require.Equal(t, []henge.EventKind{
				henge.EventSubmitted, henge.EventStarted, henge.EventEnded,
				henge.EventSubmitted, henge.EventEnded, henge.EventRemoved,
			}, kinds)

			if c.failing != "" {
				_, err = client.Run(ctx, &henge.Job{Circle: "acme", Type: c.failing})
				var failed *henge.FailedError
				require.ErrorAs(t, err, &failed)
				require.ErrorContains(t, err, "script_error: no such animal")
			}
		})
	}
}

func TestConnectRefuses(t *testing.T) {
	_, err := henge.Connect("http://127.0.0.1", henge.Hero)
	require.ErrorContains(t, err, "redis URL")
	_, err = henge.Connect("redis://127.0.0.1", "other")
	require.ErrorContains(t, err, "no dialect")
}

func TestClosedClient(t *testing.T) {
	ctx, url, stop := startExample()
	defer stop()
	client, err := henge.Connect(url, henge.Hero)
	require.NoError(t, err)
	ref, err := client.Submit(ctx, &henge.Job{Circle: "acme", Type: "shout", At: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	events, err := client.Events(ctx, henge.EventsFrom{})
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() {
		_, err := client.Wait(ctx, ref)
		waited <- err
	}()
	rdb, err := queue.Connect(url)
	require.NoError(t, err)
	defer rdb.Close()
	require.Eventually(t, func() bool {
		return strings.Contains(rdb.ClientList(ctx).Val(), "name=henge-waits ")
	}, 20*time.Second, time.Millisecond)
	require.NoError(t, client.Close())
	require.ErrorIs(t, <-waited, redis.ErrClosed)
	_, err = client.Wait(ctx, ref)
	require.Error(t, err)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	for _, err := range events {
		require.Error(t, err)
	}
}
