// Package conformance is what every dialect of the queue has to pass: a
// producer of the other system, that never heard of henge, sees what it is used
// to, and nothing is lost, run twice or changed by a worker that has no right
// to. Only tests import it.
package conformance

import (
	"context"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// Dialect is a wire format, as its own producers know it.
type Dialect struct {
	// Name is henge's name for it.
	Name string

	// Type is a script type that it can carry.
	Type string

	// Put writes a job of a circle with a script, and Push makes its id wait,
	// both with plain commands.
	Put  func(ctx context.Context, rdb redis.UniversalClient, id, circle, script string) error
	Push func(ctx context.Context, rdb redis.UniversalClient, id, circle string) error

	// Read returns what the producer sees of a job.
	Read func(ctx context.Context, rdb redis.UniversalClient, id, circle string) (status, output, message string, err error)

	// The words for a job that waits, runs, has its result or ended in error.
	Waiting, Started, Done, Failed string

	// Lease is the key of the leases of a circle.
	Lease func(circle string) string
}

// The circles of the tests. Ids are numbers, which every dialect has.
const alice, bob = "alice", "bob"

// Run runs the suite on an empty Redis.
func Run(t *testing.T, rdb redis.UniversalClient, d Dialect) {
	for name, test := range map[string]func(*suite){
		"result":                   (*suite).result,
		"error":                    (*suite).failure,
		"twice in the list":        (*suite).twice,
		"id before its job":        (*suite).early,
		"lost worker":              (*suite).lost,
		"too many lost workers":    (*suite).lostTooOften,
		"stale worker":             (*suite).stale,
		"handed back":              (*suite).handedBack,
		"cancelled while it waits": (*suite).cancelled,
		"cancelled while it runs":  (*suite).stopped,
		"again by hand":            (*suite).again,
		"order":                    (*suite).order,
		"other circles":            (*suite).otherCircles,
		"paused":                   (*suite).paused,
		"results with claims":      (*suite).exchange,
		"producer":                 (*suite).producer,
		"live":                     (*suite).live,
		"purged":                   (*suite).purged,
		"dead letter by hand":      (*suite).deadLetter,
	} {
		t.Run(name, func(t *testing.T) {
			flush(t, rdb)
			test(&suite{t, rdb, d})
		})
	}
}

// flush empties the server, or all those of a cluster.
func flush(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	if c, ok := rdb.(*redis.ClusterClient); ok {
		require.NoError(t, c.ForEachMaster(t.Context(), func(ctx context.Context, one *redis.Client) error {
			return one.FlushAll(ctx).Err()
		}))
		return
	}
	require.NoError(t, rdb.FlushAll(t.Context()).Err())
}

type suite struct {
	*testing.T
	rdb redis.UniversalClient
	d   Dialect
}

func (s *suite) worker(opts queue.Options) *queue.Queue {
	s.Helper()
	if opts.Circles == nil {
		opts.Circles = []string{alice}
	}
	opts.Dialects = []string{s.d.Name}
	q, err := queue.New(s.rdb, opts)
	require.NoError(s, err)
	require.NoError(s, q.Open(s.Context()))
	require.NoError(s, q.Serve(queue.Wanted{Types: []string{s.d.Type}}))
	require.NoError(s, q.Discover(s.Context()))
	return q
}

// put has n jobs wait, numbered from 1.
func (s *suite) put(n int) {
	s.Helper()
	for i := range n {
		s.submit(strconv.Itoa(i+1), alice)
	}
}

func (s *suite) submit(id, circle string) {
	s.Helper()
	require.NoError(s, s.d.Put(s.Context(), s.rdb, id, circle, "40 + 2"))
	require.NoError(s, s.d.Push(s.Context(), s.rdb, id, circle))
}

func (s *suite) claim(q *queue.Queue, n int) []*queue.Claim {
	s.Helper()
	require.NoError(s, q.Discover(s.Context()))
	x, err := q.Exchange(s.Context(), nil, n)
	require.NoError(s, err)
	return x.Jobs
}

func (s *suite) one(q *queue.Queue) *queue.Claim {
	s.Helper()
	jobs := s.claim(q, 1)
	require.Len(s, jobs, 1)
	require.Empty(s, jobs[0].Refusal)
	return jobs[0]
}

func (s *suite) sees(id, status, output, message string) {
	s.Helper()
	a, b, c, err := s.d.Read(s.Context(), s.rdb, id, alice)
	require.NoError(s, err)
	require.Equal(s, []string{status, output, message}, []string{a, b, c})
}

// expire ends the lease of every job as if its time had passed, and reaps.
func (s *suite) expire(q *queue.Queue) queue.ReapReport {
	s.Helper()
	_, err := q.Reap(s.Context()) // the first one gives everybody more time
	require.NoError(s, err)
	key := s.d.Lease(alice)
	for _, m := range s.rdb.ZRange(s.Context(), key, 0, -1).Val() {
		require.NoError(s, s.rdb.ZAddXX(s.Context(), key, redis.Z{Member: m, Score: 1}).Err())
	}
	report, err := q.Reap(s.Context())
	require.NoError(s, err)
	return report
}

func (s *suite) result() {
	q := s.worker(queue.Options{})
	s.put(1)
	s.sees("1", s.d.Waiting, "", "")
	c := s.one(q)
	require.Equal(s, "1", c.Job.ID)
	require.Equal(s, alice, c.Job.Circle)
	require.Equal(s, s.d.Type, c.Job.Type)
	require.Equal(s, "40 + 2", string(c.Job.Payload))
	require.Equal(s, job.DefaultTimeout, c.Job.Timeout)
	s.sees("1", s.d.Started, "", "")
	require.EqualValues(s, 1, s.rdb.ZCard(s.Context(), s.d.Lease(alice)).Val())
	require.Empty(s, s.claim(q, 5))
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Success, Output: []byte(`4"2`)}))
	s.sees("1", s.d.Done, `4"2`, "")
	require.Zero(s, s.rdb.ZCard(s.Context(), s.d.Lease(alice)).Val())
}

func (s *suite) failure() {
	q := s.worker(queue.Options{})
	s.put(1)
	require.NoError(s, q.Finish(s.Context(), s.one(q), &job.Result{End: job.ScriptError, Error: "no \"luck\"\n"}))
	s.sees("1", s.d.Failed, "", "no \"luck\"\n")
}

func (s *suite) twice() {
	q := s.worker(queue.Options{})
	s.put(1)
	require.NoError(s, s.d.Push(s.Context(), s.rdb, "1", alice))
	c := s.one(q)
	require.Empty(s, s.claim(q, 5))
	require.NoError(s, q.Finish(s.Context(), c, &job.Result{End: job.Success, Output: []byte("42")}))
	require.NoError(s, s.d.Push(s.Context(), s.rdb, "1", alice))
	require.Empty(s, s.claim(q, 5), "it has ended")
	s.sees("1", s.d.Done, "42", "")
}

func (s *suite) early() {
	q := s.worker(queue.Options{})
	require.NoError(s, s.d.Push(s.Context(), s.rdb, "1", alice))
	require.Empty(s, s.claim(q, 5))
	require.NoError(s, s.d.Put(s.Context(), s.rdb, "1", alice, "40 + 2"))
	s.submit("2", alice) // the list may be gone by now, and with it what says that it is looked at
	require.Len(s, append(s.claim(q, 5), s.claim(q, 5)...), 2)
}

func (s *suite) lost() {
	q := s.worker(queue.Options{})
	s.put(2)
	first := s.one(q)
	report := s.expire(q)
	require.Len(s, report.Requeued, 1)
	s.sees("1", s.d.Waiting, "", "")
	c := s.one(q)
	require.Equal(s, first.Job.ID, c.Job.ID, "it comes before the others")
	require.EqualValues(s, 1, c.Crashes)
	require.EqualValues(s, 0, c.Failures)
	require.EqualValues(s, 2, c.Job.Attempt)
}

func (s *suite) lostTooOften() {
	q := s.worker(queue.Options{Crashes: 2})
	s.put(1)
	s.one(q)
	s.expire(q)
	s.one(q)
	require.Empty(s, s.expire(q).Requeued)
	status, _, message, err := s.d.Read(s.Context(), s.rdb, "1", alice)
	require.NoError(s, err)
	require.Equal(s, "worker lost 2 times", message)
	require.Contains(s, []string{s.d.Failed, "dead"}, status)
	require.Empty(s, s.claim(q, 5))
}

func (s *suite) stale() {
	q, other := s.worker(queue.Options{}), s.worker(queue.Options{})
	s.put(1)
	stale := s.one(q)
	s.expire(q)
	current := s.one(other)
	ctx := s.Context()
	require.ErrorIs(s, q.Finish(ctx, stale, &job.Result{End: job.Success, Output: []byte("old")}), queue.ErrLost)
	require.ErrorIs(s, q.Note(ctx, stale, queue.Note{Progress: "50"}), queue.ErrLost)
	renewal, err := q.Renew(ctx, []*queue.Claim{stale})
	require.NoError(s, err)
	require.Len(s, renewal.Lost, 1)
	require.NoError(s, q.Release(ctx, []*queue.Claim{stale}))
	s.sees("1", s.d.Started, "", "")
	require.NoError(s, other.Finish(ctx, current, &job.Result{End: job.Success, Output: []byte("new")}))
	s.sees("1", s.d.Done, "new", "")
}

func (s *suite) handedBack() {
	q := s.worker(queue.Options{})
	s.put(2)
	c := s.one(q)
	require.NoError(s, q.Release(s.Context(), []*queue.Claim{c}))
	s.sees("1", s.d.Waiting, "", "")
	c = s.one(q)
	require.Equal(s, "1", c.Job.ID)
	require.EqualValues(s, 0, c.Crashes)
}

func (s *suite) order() {
	for pop, want := range map[queue.Pop][]string{queue.PopOldest: {"1", "2", "3"}, queue.PopNewest: {"3", "2", "1"}} {
		flush(s.T, s.rdb)
		q := s.worker(queue.Options{Pop: pop})
		s.put(3)
		var got []string
		for range want {
			got = append(got, s.one(q).Job.ID)
		}
		require.Equal(s, want, got, pop)
	}
}

func (s *suite) otherCircles() {
	q, all := s.worker(queue.Options{}), s.worker(queue.Options{Circles: []string{alice, bob}})
	s.submit("1", bob)
	s.submit("2", alice)
	require.Equal(s, "2", s.one(q).Job.ID)
	require.Empty(s, s.claim(q, 5))
	require.Equal(s, bob, s.one(all).Job.Circle)
}

func (s *suite) paused() {
	q := s.worker(queue.Options{})
	s.put(2)
	list := s.one(q).Job.Queue
	key := s.d.Lease(alice)
	key = key[:len(key)-len("lease")] + "paused"
	require.NoError(s, s.rdb.SAdd(s.Context(), key, list).Err())
	require.Empty(s, s.claim(q, 5))
	require.NoError(s, s.rdb.SRem(s.Context(), key, list).Err())
	require.Len(s, s.claim(q, 5), 1)
}

func (s *suite) exchange() {
	q := s.worker(queue.Options{})
	s.put(30)
	var done []queue.Done
	ended := 0
	for range 100 {
		x, err := q.Exchange(s.Context(), done, 4)
		require.NoError(s, err)
		require.Empty(s, x.Lost)
		ended += x.Finished
		done = done[:0]
		for _, c := range x.Jobs {
			done = append(done, queue.Done{Claim: c, Result: &job.Result{End: job.Success, Output: []byte(c.Job.ID)}})
		}
		if len(done) == 0 {
			break
		}
	}
	require.Equal(s, 30, ended)
	for i := range 30 {
		id := strconv.Itoa(i + 1)
		s.sees(id, s.d.Done, id, "")
	}
}
