package queue

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// ended ends claims well, so that their channels have room again.
func (b *testBundle) ended(q *Queue, claims []*Claim) {
	b.Helper()
	for _, c := range claims {
		require.NoError(b, q.Finish(b.Context(), c, &job.Result{End: job.Success}))
	}
}

func countBy(claims []*Claim, key func(*Claim) string) map[string]int {
	n := map[string]int{}
	for _, c := range claims {
		n[key(c)]++
	}
	return n
}

func TestCaps(t *testing.T) {
	byCircle := func(c *Claim) string { return c.Job.Circle }
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for name, c := range map[string]struct {
			caps Caps
			put  []map[string]string // each five times
			by   func(*Claim) string
			most map[string]int // of ten at once
		}{
			"each circle": {Caps{Circle: 2}, []map[string]string{{}, {"context_id": bob}}, byCircle, map[string]int{alice: 2, bob: 2}},
			"one circle":  {Caps{Circles: map[string]int{bob: 1}}, []map[string]string{{}, {"context_id": bob}}, byCircle, map[string]int{alice: 5, bob: 1}},
			"a type": {Caps{Types: map[string]int{"sal": 3}}, []map[string]string{{}, {"script_type": "SAL"}},
				func(c *Claim) string { return c.Job.Type }, map[string]int{"osis": 5, "sal": 3}},
			"a channel": {Caps{Channels: map[string]int{"mail": 2}}, []map[string]string{{}, {"henge:channel": "mail", "context_id": bob}},
				byCircle, map[string]int{alice: 5, bob: 2}},
			"a circle's channel": {Caps{Channels: map[string]int{"bob/mail": 2}},
				[]map[string]string{{"henge:channel": "mail"}, {"henge:channel": "mail", "context_id": bob}}, byCircle, map[string]int{alice: 5, bob: 2}},
		} {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				b := setup(t, rdb)
				q, other := b.queue(Options{Caps: c.caps}), b.queue(Options{Caps: c.caps})
				for _, fields := range c.put {
					for range 5 {
						b.put(fields)
					}
				}
				first := b.claim(q, 10)
				require.Equal(t, c.most, countBy(first, c.by))
				more := b.claim(other, 10)
				require.Empty(t, more, "counted over all workers")
				all := len(first)
				for all < 5*len(c.put) {
					b.ended(q, first)
					first = b.claim(q, 10)
					require.NotEmpty(t, first)
					for what, n := range countBy(first, c.by) {
						require.LessOrEqual(t, n, c.most[what])
					}
					all += len(first)
				}
				b.ended(q, first)
				require.Empty(t, rdb.Keys(t.Context(), "henge:run:*").Val())
				require.Empty(t, rdb.Keys(t.Context(), "henge:hold*").Val())
			})
		}
	})
}

// Caps that change count from the next claim on.
func TestCapsThatChange(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		caps := Caps{Circles: map[string]int{alice: 1}}
		q := b.queue(Options{CapsNow: func() Caps { return caps }})
		for range 5 {
			b.put(nil)
		}
		require.Len(t, b.claim(q, 10), 1)
		caps = Caps{Circles: map[string]int{alice: 3}}
		require.Len(t, b.claim(q, 10), 2)
		caps = Caps{}
		require.Len(t, b.claim(q, 10), 2)
	})
}

// A crash must not leave a channel full.
func TestCapsSurviveACrash(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Caps: Caps{Circle: 1}})
		b.put(nil)
		b.put(nil)
		c := b.claim(q, 10)
		require.Len(t, c, 1)
		require.Empty(t, b.claim(q, 10))
		b.expire(c[0])
		b.reap(q)
		require.Len(t, b.claim(q, 10), 1)
	})
}

func TestWeights(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, n := range []int{1, 2, 8} {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			b := setup(t, rdb)
			q := b.queue(Options{Caps: Caps{Weights: map[string]int{bob: 3}}})
			for range 60 {
				b.put(nil)
				b.put(map[string]string{"context_id": bob})
			}
			had := map[string]int{}
			for had[alice]+had[bob] < 40 {
				for _, c := range b.claim(q, n) {
					had[c.Job.Circle]++
				}
			}
			require.InDelta(t, 30, had[bob], 4, "%d at a time", n)
		}
	})
}

func TestLeave(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Circles: []string{alice}, Leave: true})
		for _, c := range []struct{ id, circle string }{{"1", bob}, {"2", alice}, {"3", bob}, {"4", alice}} {
			b.put(map[string]string{"id": c.id, "context_id": c.circle})
		}
		b.push(osis, "5") // its job is not there yet
		require.Equal(t, []string{"2"}, idsOf(b.claim(q, 1)))
		require.Equal(t, []string{"4"}, idsOf(b.claim(q, 5)))
		require.Equal(t, []string{"5", "3", "1"}, rdb.LRange(t.Context(), osis, 0, -1).Val(), "the others stay in their order")
	})
}

func TestCapsThatMakeNoSense(t *testing.T) {
	rdb := redistest.InProcess(t)
	for _, caps := range []Caps{{Circle: -1}, {Circles: map[string]int{alice: 0}}, {Types: map[string]int{"x": -1}}, {Weights: map[string]int{bob: 0}}} {
		_, err := New(rdb, Options{AllCircles: true, Caps: caps})
		require.ErrorContains(t, err, "1 or more")
	}
}
