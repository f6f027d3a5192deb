package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

const heroHistory = scopeShared + inHistory + Hero

// takeHistory returns what q takes now.
func (b *testBundle) takeHistory(q *Queue) ([]Ended, Taken) {
	b.Helper()
	var all []Ended
	taken, err := q.TakeHistory(b.Context(), func(_ context.Context, jobs []Ended) error {
		all = append(all, jobs...)
		return nil
	})
	require.NoError(b, err)
	return all, taken
}

func idsOfEnded(jobs []Ended) []string {
	var ids []string
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

func TestHistoryLosesNothingThatWasNotKept(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		opts := Options{Dialects: []string{Hero}, History: []string{Hero}}
		first, second := b.queue(opts), b.queue(opts)
		for _, id := range []string{"a", "b"} {
			b.put(map[string]string{"id": id})
			b.finish(first, b.one(first, id), "42")
		}
		full := errors.New("the disk is full")
		_, err := first.TakeHistory(t.Context(), func(context.Context, []Ended) error { return full })
		require.ErrorIs(t, err, full)
		jobs, _ := b.takeHistory(second)
		require.Empty(t, jobs, "the first one may be about to write them")

		// A minute later; the first one may have been killed.
		pending := rdb.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: heroHistory, Group: historyGroup, Start: "-", End: "+", Count: 10}).Val()
		require.Len(t, pending, 2)
		for _, p := range pending {
			require.NoError(t, rdb.Do(t.Context(), "XCLAIM", heroHistory, historyGroup, historyGroup, 0, p.ID, "IDLE", (2*historyAgain).Milliseconds()).Err())
		}
		jobs, taken := b.takeHistory(second)
		require.Equal(t, []string{"a", "b"}, idsOfEnded(jobs))
		require.Equal(t, Taken{Kept: 2}, taken)
		require.Zero(t, rdb.XLen(t.Context(), heroHistory).Val())
		require.Zero(t, rdb.XPending(t.Context(), heroHistory, historyGroup).Val().Count)
		jobs, _ = b.takeHistory(first)
		require.Empty(t, jobs)
	})
}

// Who keeps no history sees that somebody else does.
func TestHistoryHasWhatOthersEnd(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		plain, keeping := b.queue(Options{Dialects: []string{Hero}}), b.queue(Options{Dialects: []string{Hero}, History: []string{Hero}})
		b.put(map[string]string{"id": "a"})
		b.finish(plain, b.one(plain, "a"), "42")
		require.Zero(t, rdb.Exists(t.Context(), heroHistory).Val(), "nobody wants to know")
		b.takeHistory(keeping)
		require.Positive(t, rdb.PTTL(t.Context(), heroHistory).Val(), "goes with the jobs when nobody asks any more")
		b.put(map[string]string{"id": "b"})
		b.finish(plain, b.one(plain, "b"), "42")
		b.put(map[string]string{"id": "c"})
		_, err := b.producer().Cancel(t.Context(), Ref{ID: "c"}, "no")
		require.NoError(t, err)
		jobs, _ := b.takeHistory(keeping)
		require.Equal(t, []string{"b", "c"}, idsOfEnded(jobs))
		require.Equal(t, "cancelled", jobs[1].Fields["end"])
	})
}

func TestHistoryLeavesOutWhatIsNotThere(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Dialects: []string{Hero}, History: []string{Hero}})
		for _, id := range []string{"deleted", "again", "odd", "there"} {
			b.put(map[string]string{"id": id})
			b.finish(q, b.one(q, id), "42")
		}
		require.NoError(t, rdb.Del(t.Context(), heroJob+"deleted", heroJob+"odd").Err())
		require.NoError(t, rdb.Set(t.Context(), heroJob+"odd", "a string", 0).Err())
		require.NoError(t, rdb.HSet(t.Context(), heroJob+"again", "status", "dispatched").Err())
		require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: heroHistory, Values: []any{"job", "nonsense"}}).Err())
		jobs, taken := b.takeHistory(q)
		require.Equal(t, []string{"there"}, idsOfEnded(jobs))
		require.Equal(t, Taken{Kept: 1, Gone: 4}, taken)
	})
}

func TestHistoryOfAllDialects(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for dialect, jobType := range map[string]string{Hero: "osis", Rhailib: "rhai", Henge: "rhai", HeroJobs: "rhaiscript"} {
			b := setup(t, rdb)
			want := Wanted{Types: []string{"osis", "rhai"}}
			q := b.queue(Options{Circles: []string{alice}, Dialects: []string{dialect}, History: []string{dialect}})
			p, err := NewProducer(rdb, dialect)
			require.NoError(t, err)
			for range historyRead + 1 {
				ref, err := p.Submit(t.Context(), &Submission{Job: job.Job{Circle: alice, Type: "osis", Payload: []byte("40 + 2")}})
				if dialect == Henge {
					require.NoError(t, err)
					ref, err = p.Submit(t.Context(), &Submission{Job: job.Job{Circle: alice, Type: "rhai", Payload: []byte("40 + 2")}})
				}
				require.NoError(t, err, ref)
			}
			require.NoError(t, q.Serve(want))
			claims, err := q.Claim(t.Context(), Wanted{Types: []string{"osis", "rhai"}}, 100)
			require.NoError(t, err)
			before := time.Now().Add(-time.Minute)
			for _, c := range claims.Jobs {
				b.finish(q, c, "42")
			}
			jobs, taken := b.takeHistory(q)
			require.Equal(t, Taken{Kept: len(claims.Jobs), New: dialect == HeroJobs}, taken)
			require.Greater(t, len(jobs), historyRead)
			for i, e := range jobs {
				require.Equal(t, claims.Jobs[i].Job.ID, e.ID)
				require.Equal(t, []string{dialect, alice, "42", "success", claims.Jobs[i].Job.Queue},
					[]string{e.Dialect, e.InCircle(), e.Output(), e.Fields["end"], e.List})
				if dialect != Henge {
					require.Equal(t, jobType, e.Type())
				}
				require.WithinRange(t, e.At, before, before.Add(2*time.Minute))
				_, err := p.Get(t.Context(), e.Ref)
				require.NoError(t, err, e.Ref)
			}
		}
	})
}

func TestRaiseIDs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupHeroJobs(t, rdb, Options{})
		p, err := NewProducer(rdb, HeroJobs)
		require.NoError(t, err)
		submit := func() string {
			ref, err := p.Submit(t.Context(), &Submission{Job: job.Job{Circle: "c", Type: "osis"}, Topic: "My Topic"})
			require.NoError(t, err)
			return ref.ID
		}
		require.Equal(t, "1", submit())
		require.NoError(t, b.q.RaiseIDs(t.Context(), []Ref{{Circle: "c", Topic: "myTopic", ID: "9"}, {Circle: "c", Topic: "My Topic", ID: "7"}}))
		require.Equal(t, "8", submit())
		require.NoError(t, b.q.RaiseIDs(t.Context(), []Ref{{Circle: "c", Topic: "my_topic", ID: "3"}}))
		require.Equal(t, "9", submit())
	})
}
