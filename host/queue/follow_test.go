package queue

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// followed is what somebody sees who follows a job.
type followed struct {
	mu    sync.Mutex
	texts []string
	ended chan error
}

func (f *followed) add(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.texts = append(f.texts, text)
}

func (f *followed) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.texts, " ")
}

// follows starts to follow a job.
func follows(t *testing.T, p *Producer, id string) *followed {
	f := &followed{ended: make(chan error, 1)}
	ctx := soon(t)
	go func() {
		r, err := p.Follow(ctx, Ref{ID: id}, Follower{
			Line:     func(l job.LogLine) { f.add(l.Text) },
			Progress: func(s string) { f.add("at:" + s) },
			Missed:   func() { f.add("missed") },
			Away:     func(err error) { f.add("away:" + strconv.FormatBool(err != nil)) },
		})
		f.add(r.Status())
		f.ended <- err
	}()
	return f
}

func (f *followed) until(t *testing.T, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return f.String() == want }, soonest, tick, "want %q", want)
}

func TestFollow(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Retry: Backoff{First: time.Millisecond}})
		id := b.put(map[string]string{"retries": "1"})
		f := follows(t, b.producer(), id) // while it waits
		c := b.one(q, id)
		say(c, 0, 2)
		c.Job.Live.Report(job.Progress{Done: 1, Total: 2})
		_, err := q.NoteAll(t.Context(), []*Claim{c})
		require.NoError(t, err)
		f.until(t, "0 1 at:1/2")
		require.NoError(t, q.Finish(t.Context(), c, &job.Result{End: job.ScriptError, Error: "x", Log: c.Job.Live.End()}))
		var again *Claim
		require.Eventually(t, func() bool {
			claims := b.claim(q, 1)
			if len(claims) == 1 {
				again = claims[0]
			}
			return again != nil
		}, soonest, tick)
		say(again, 2, 3)
		b.end(q, again)
		require.NoError(t, <-f.ended)
		require.Equal(t, "0 1 at:1/2 2 finished", f.String())
	})
}

func TestFollowALogThatIsCut(t *testing.T) {
	b := setup(t, redistest.Real(t))
	q := b.queue(Options{LogLines: 3})
	id := b.put(nil)
	c := b.one(q, id)
	note := func(from, to int) {
		say(c, from, to)
		_, err := q.NoteAll(t.Context(), []*Claim{c})
		require.NoError(t, err)
	}
	note(0, 3)
	f := follows(t, b.producer(), id)
	f.until(t, "0 1 2")
	note(3, 5)
	f.until(t, "0 1 2 3 4")
	note(5, 9)
	f.until(t, "0 1 2 3 4 missed 6 7 8")
	b.end(q, c)
	require.NoError(t, <-f.ended)
}

func TestFollowGoesOnWhenRedisIsBack(t *testing.T) {
	b := setup(t, redistest.Real(t))
	q := b.queue(Options{})
	id := b.put(nil)
	c := b.one(q, id)
	say(c, 0, 1)
	_, err := q.NoteAll(t.Context(), []*Claim{c})
	require.NoError(t, err)
	var mu sync.Mutex
	var broken bool
	p, err := NewProducer(b.through(-1, func(conn net.Conn) net.Conn { return breaking{conn, &mu, &broken} }), Hero)
	require.NoError(t, err)
	f := follows(t, p, id)
	f.until(t, "0")
	mu.Lock()
	broken = true
	mu.Unlock()
	f.until(t, "0 away:true")
	say(c, 1, 2)
	b.end(q, c)
	mu.Lock()
	broken = false
	mu.Unlock()
	require.NoError(t, <-f.ended)
	require.Equal(t, "0 1 away:false finished", strings.Replace(f.String(), "away:true ", "", 1))
}

// breaking is a connection that does not work for a while.
type breaking struct {
	net.Conn
	mu     *sync.Mutex
	broken *bool
}

func (c breaking) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.broken {
		return 0, errors.New("broken")
	}
	return c.Conn.Write(p)
}

func TestFollowEnds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		_, err := b.producer().Follow(t.Context(), Ref{ID: "nobody"}, Follower{})
		require.ErrorIs(t, err, ErrNotFound)
		id := b.put(nil)
		f := follows(t, b.producer(), id)
		require.NoError(t, rdb.Del(t.Context(), heroJob+id).Err())
		require.ErrorIs(t, <-f.ended, ErrNotFound)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.producer().Follow(ctx, Ref{ID: b.put(nil)}, Follower{})
		require.ErrorIs(t, err, context.Canceled)
	})
}
