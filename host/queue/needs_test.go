package queue

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// needing submits a job of an id that needs others.
func (b *testBundle) needing(id string, ids string) {
	b.Helper()
	b.put(map[string]string{"id": id, "prerequisites": ids})
}

func TestPrerequisites(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for name, test := range map[string]func(*testing.T, *testBundle, *Queue){
			"after all have finished": func(t *testing.T, b *testBundle, q *Queue) {
				b.needing("c", `["a","b"]`)
				b.put(map[string]string{"id": "a"})
				b.put(map[string]string{"id": "b"})
				jobs := b.claim(q, 10)
				require.ElementsMatch(t, []string{"a", "b"}, idsOf(jobs))
				require.Equal(t, "waiting_for_prerequisites", b.get("c")["status"])
				b.finish(q, jobs[0], "1")
				b.none(q)
				b.finish(q, jobs[1], "2")
				b.finish(q, b.one(q, "c"), "3")
				require.Zero(t, rdb.Exists(t.Context(), "henge:waiting", "henge:after:hero|a", "henge:after:hero|b").Val())
			},
			"both fields count": func(t *testing.T, b *testBundle, q *Queue) {
				b.put(map[string]string{"id": "c", "prerequisites": `["a"]`, "dependencies": `["b"]`})
				b.put(map[string]string{"id": "a"})
				b.finish(q, b.one(q, "a"), "")
				b.none(q)
				b.put(map[string]string{"id": "b"})
				b.finish(q, b.one(q, "b"), "")
				b.reap(q) // b came after c, and does not know of it
				b.one(q, "c")
			},
			"an error ends those that need it": func(t *testing.T, b *testBundle, q *Queue) {
				b.needing("c", `["b"]`)
				b.needing("b", `["a"]`)
				b.put(map[string]string{"id": "a"})
				require.NoError(t, q.Finish(t.Context(), b.one(q, "a"), &job.Result{End: job.Trap, Error: "x"}))
				b.reap(q)
				b.none(q)
				require.Equal(t, "it needs job a, which ended in trap", b.get("b")["error"])
				b.reap(q)
				b.none(q)
				require.Equal(t, "error", b.get("c")["status"])
				require.Equal(t, "it needs job b, which ended in prerequisite_failed", b.get("c")["error"])
				require.Equal(t, []string{"it needs job b, which ended in prerequisite_failed"}, b.replies("c"))
			},
			"a cycle is an error at once": func(t *testing.T, b *testBundle, q *Queue) {
				b.hash("b", map[string]string{"prerequisites": `["c"]`})
				b.hash("c", map[string]string{"prerequisites": `["x","a"]`})
				b.needing("a", `["b"]`)
				b.none(q)
				require.Equal(t, "these jobs wait for each other: a needs b needs c needs a", b.get("a")["error"])
			},
			"itself": func(t *testing.T, b *testBundle, q *Queue) {
				b.needing("a", `["a"]`)
				b.none(q)
				require.Equal(t, "these jobs wait for each other: a needs a", b.get("a")["error"])
			},
			"pushed twice": func(t *testing.T, b *testBundle, q *Queue) {
				b.put(map[string]string{"id": "a"})
				a := b.one(q, "a")
				b.needing("c", `["a"]`)
				b.push(osis, "c")
				b.none(q)
				b.finish(q, a, "")
				b.one(q, "c")
				b.none(q)
			},
			"one that never comes": func(t *testing.T, b *testBundle, q *Queue) {
				b.needing("c", `["a"]`)
				b.none(q)
				b.reap(q)
				require.Equal(t, "waiting_for_prerequisites", b.get("c")["status"])
				m := rdb.ZRange(t.Context(), "henge:waiting", 0, -1).Val()
				require.NoError(t, rdb.ZAdd(t.Context(), "henge:waiting", redis.Z{Member: m[0], Score: 1}).Err())
				b.reap(q)
				require.Equal(t, "it needs job a, which is not there", b.get("c")["error"])
			},
			"ended by somebody else": func(t *testing.T, b *testBundle, q *Queue) {
				b.hash("a", nil)
				b.needing("c", `["a"]`)
				b.none(q)
				require.NoError(t, rdb.HSet(t.Context(), heroJob+"a", "status", "finished").Err())
				b.reap(q)
				b.one(q, "c")
			},
			"cancelled while it waits": func(t *testing.T, b *testBundle, q *Queue) {
				b.put(map[string]string{"id": "a"})
				a := b.one(q, "a")
				b.needing("c", `["a"]`)
				b.none(q)
				_, err := b.producer().Cancel(t.Context(), Ref{ID: "c"}, "")
				require.NoError(t, err)
				b.finish(q, a, "")
				b.none(q)
				require.Equal(t, "cancelled", b.get("c")["end"])
			},
		} {
			t.Run(name, func(t *testing.T) {
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				b := setup(t, rdb)
				test(t, b, b.queue(Options{}))
			})
		}
	})
}

func TestRunAtAndPriority(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Circles: []string{alice}, Dialects: []string{Henge}})
		p, err := NewProducer(rdb, Henge)
		require.NoError(t, err)
		submit := func(s Submission) Ref {
			s.Job = job.Job{Circle: alice, Type: "osis", Payload: []byte("1")}
			ref, err := p.Submit(t.Context(), &s)
			require.NoError(t, err)
			return ref
		}
		low, normal, high := submit(Submission{Priority: -1}), submit(Submission{}), submit(Submission{Priority: 5})
		var got []string
		for range 3 {
			got = append(got, idsOf(b.claim(q, 1))...)
		}
		require.Equal(t, []string{high.ID, normal.ID, low.ID}, got)

		// What is handed back keeps its priority.
		again := []Ref{submit(Submission{Priority: -1}), submit(Submission{}), submit(Submission{Priority: 5})}
		require.NoError(t, q.Release(t.Context(), b.claim(q, 3)))
		got = nil
		for range 3 {
			got = append(got, idsOf(b.claim(q, 1))...)
		}
		require.Equal(t, []string{again[2].ID, again[1].ID, again[0].ID}, got)

		later := submit(Submission{At: time.Now().Add(time.Hour)})
		r, err := p.Get(t.Context(), later)
		require.NoError(t, err)
		require.Equal(t, "scheduled", r.Status())
		b.none(q)
		// A producer with redis-cli pushes the id at once.
		require.NoError(t, rdb.LPush(t.Context(), "henge:{alice}:q:osis", later.ID).Err())
		b.none(q)
		r, err = p.Get(t.Context(), later)
		require.NoError(t, err)
		require.Equal(t, "scheduled", r.Status())
		require.NoError(t, rdb.HSet(t.Context(), "henge:{alice}:job:"+later.ID, "run_at_ms", 1).Err())
		for _, m := range rdb.ZRange(t.Context(), "henge:{alice}:due", 0, -1).Val() {
			require.NoError(t, rdb.ZAdd(t.Context(), "henge:{alice}:due", redis.Z{Member: m, Score: 1}).Err())
		}
		require.Equal(t, []string{later.ID}, idsOf(append(b.claim(q, 1), b.claim(q, 1)...)))
	})
}
