package queue

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// Whatever producers and workers do, in any order: each job that was submitted
// is waiting, running or ended, runs at one place at a time, and gets one
// reply for each run.
func TestNothingIsLost(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		rapid.Check(t, func(r *rapid.T) {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			newStory(b, r).tell()
		})
	})
}

type story struct {
	*testBundle
	r       *rapid.T
	workers []*Queue
	held    map[string]holding // by id
	stale   []holding
	jobs    []string
	replies map[string]int
	lists   []string
}

type holding struct {
	q *Queue
	c *Claim
}

func newStory(b *testBundle, r *rapid.T) *story {
	s := &story{testBundle: b, r: r, held: map[string]holding{}, replies: map[string]int{},
		lists: []string{osis, osis + ":group:g"}}
	pop := rapid.SampledFrom([]Pop{PopOldest, PopNewest}).Draw(r, "pop")
	for _, circles := range [][]string{{alice}, {bob}, nil} {
		s.workers = append(s.workers, b.queue(Options{Circles: circles, Pop: pop, Crashes: 3}))
	}
	return s
}

func (s *story) tell() {
	s.r.Repeat(map[string]func(*rapid.T){
		"submit": func(r *rapid.T) {
			for range rapid.IntRange(1, 5).Draw(r, "n") {
				id := fmt.Sprint("job", len(s.jobs))
				s.jobs = append(s.jobs, id)
				s.hash(id, map[string]string{
					"context_id": rapid.SampledFrom([]string{alice, bob, "", "a b"}).Draw(r, "circle"),
					"retries":    "2",
				})
				s.push(rapid.SampledFrom(s.lists).Draw(r, "list"), id)
			}
		},
		"push again": func(r *rapid.T) {
			if len(s.jobs) > 0 {
				s.push(rapid.SampledFrom(s.lists).Draw(r, "list"), rapid.SampledFrom(s.jobs).Draw(r, "id"))
			}
		},
		"dispatch again": func(r *rapid.T) {
			if len(s.jobs) == 0 {
				return
			}
			id := rapid.SampledFrom(s.jobs).Draw(r, "id")
			if (Record{Fields: s.get(id)}).Ended() {
				require.NoError(s, s.rdb.HSet(s.Context(), heroJob+id, "status", "dispatched").Err())
				s.push(osis, id)
			}
		},
		"claim": func(r *rapid.T) {
			s.take(rapid.SampledFrom(s.workers).Draw(r, "worker"), rapid.IntRange(1, 6).Draw(r, "n"))
		},
		"succeed": func(r *rapid.T) { s.end(&job.Result{End: job.Success}) },
		"fail":    func(r *rapid.T) { s.end(&job.Result{End: job.ScriptError, Error: "x"}) },
		"time passes for what is due": func(*rapid.T) {
			for _, m := range s.rdb.ZRange(s.Context(), scopeShared+inDue, 0, -1).Val() {
				require.NoError(s, s.rdb.ZAdd(s.Context(), scopeShared+inDue, redis.Z{Member: m, Score: 1}).Err())
			}
		},
		"release": func(*rapid.T) {
			if h, ok := s.any(); ok {
				require.NoError(s, h.q.Release(s.Context(), []*Claim{h.c}))
				s.drop(h)
			}
		},
		"crash": func(*rapid.T) {
			if h, ok := s.any(); ok {
				s.expire(h.c)
				if report := s.reap(h.q); len(report.Requeued) == 0 {
					s.replies[h.c.Job.ID]++
				}
				s.drop(h)
			}
		},
		"a worker that comes back": func(r *rapid.T) {
			if len(s.stale) == 0 {
				return
			}
			h := rapid.SampledFrom(s.stale).Draw(r, "stale")
			before := s.snapshot()
			require.ErrorIs(s, h.q.Finish(s.Context(), h.c, &job.Result{End: job.Success}), ErrLost)
			renewal, err := h.q.Renew(s.Context(), []*Claim{h.c})
			require.NoError(s, err)
			lost := renewal.Lost
			require.Len(s, lost, 1)
			require.NoError(s, h.q.Release(s.Context(), []*Claim{h.c}))
			require.Equal(s, before, s.snapshot())
		},
		"": func(*rapid.T) { s.check() },
	})
	s.drain()
}

func (s *story) take(q *Queue, n int) int {
	claims, err := q.Claim(s.Context(), Wanted{Types: []string{"osis"}, Group: "g"}, n)
	require.NoError(s, err)
	for _, c := range claims.Jobs {
		require.NotContains(s, s.held, c.Job.ID, "it runs already")
		s.held[c.Job.ID] = holding{q, c}
	}
	return len(claims.Jobs)
}

func (s *story) any() (holding, bool) {
	if len(s.held) == 0 {
		return holding{}, false
	}
	for _, id := range s.jobs { // in an order that can be told again
		if h, ok := s.held[id]; ok && rapid.Bool().Draw(s.r, "this one") {
			return h, true
		}
	}
	return holding{}, false
}

func (s *story) drop(h holding) {
	delete(s.held, h.c.Job.ID)
	s.stale = append(s.stale, h)
}

func (s *story) end(result *job.Result) {
	h, ok := s.any()
	if !ok {
		return
	}
	s.finishHeld(h, result)
	s.stale = append(s.stale, h)
}

func (s *story) finishHeld(h holding, result *job.Result) {
	require.NoError(s, h.q.Finish(s.Context(), h.c, result))
	delete(s.held, h.c.Job.ID)
	if (Record{Fields: s.get(h.c.Job.ID)}).Ended() {
		s.replies[h.c.Job.ID]++
	}
}

func (s *story) check() {
	ctx := s.Context()
	keys := s.rdb.Keys(ctx, "*").Val()
	pipe := s.rdb.Pipeline()
	lists := make([]*redis.StringSliceCmd, len(keys))
	for i, key := range keys {
		lists[i] = pipe.LRange(ctx, key, 0, -1) // an error for what is no list
	}
	due := pipe.ZRange(ctx, scopeShared+inDue, 0, -1)
	running := pipe.ZCard(ctx, scopeShared+inLease)
	status := map[string]*redis.StringCmd{}
	replies := map[string]*redis.IntCmd{}
	for _, id := range s.jobs {
		status[id] = pipe.HGet(ctx, heroJob+id, "status")
		replies[id] = pipe.LLen(ctx, heroReply+id)
	}
	_, _ = pipe.Exec(ctx)

	places := map[string]bool{}
	for _, list := range lists {
		for _, id := range list.Val() {
			places[id] = true
		}
	}
	for _, m := range due.Val() {
		places[m[strings.LastIndex(m, "|")+1:]] = true
	}
	for _, id := range s.jobs {
		state := Record{Fields: map[string]string{"status": status[id].Val()}}
		_, held := s.held[id]
		require.Equal(s, held, state.Status() == "started", id)
		require.True(s, held || state.Ended() || places[id], "%s is nowhere", id)
		require.EqualValues(s, s.replies[id], replies[id].Val(), id)
	}
	require.EqualValues(s, len(s.held), running.Val())
}

// drain ends everything that is left.
func (s *story) drain() {
	all := s.workers[2]
	for range 1000 {
		for _, h := range s.held {
			s.finishHeld(h, &job.Result{End: job.Success})
		}
		for _, m := range s.rdb.ZRange(s.Context(), scopeShared+inDue, 0, -1).Val() {
			require.NoError(s, s.rdb.ZAdd(s.Context(), scopeShared+inDue, redis.Z{Member: m, Score: 1}).Err())
		}
		if s.take(all, 1+rand.IntN(9)) == 0 && s.rdb.ZCard(s.Context(), scopeShared+inDue).Val() == 0 {
			break
		}
	}
	for _, id := range s.jobs {
		require.True(s, Record{Fields: s.get(id)}.Ended(), id)
		require.Len(s, s.testBundle.replies(id), s.replies[id], id)
	}
}
