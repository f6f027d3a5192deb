package queue

import (
	"context"
	flags "flag"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/job"
)

// How many cases a property test tries, unless -rapid.checks says otherwise.
const fewChecks = "30"

func TestMain(m *testing.M) {
	flags.Parse()
	given := false
	flags.Visit(func(f *flags.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flags.Set("rapid.checks", fewChecks); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const (
	alice = "alice"
	bob   = "bob"
	osis  = heroType + "osis"

	heroReply = "hero:q:reply:"
)

var osisOnly = Wanted{Types: []string{"osis"}}

// testBundle is a Redis and a way to do to it what producers and workers do.
type testBundle struct {
	*testing.T
	rdb *redis.Client
}

func setup(t *testing.T, rdb *redis.Client) *testBundle { return &testBundle{t, rdb} }

// queue returns a worker's queue; no circles means all of them.
func (b *testBundle) queue(opts Options) *Queue {
	b.Helper()
	opts.AllCircles = len(opts.Circles) == 0
	q, err := New(b.rdb, opts)
	require.NoError(b, err)
	return q
}

func (b *testBundle) producer() *Producer {
	b.Helper()
	p, err := NewProducer(b.rdb, Hero)
	require.NoError(b, err)
	return p
}

// put submits as a foreign client does, and returns the id.
func (b *testBundle) put(fields map[string]string) string {
	b.Helper()
	id := fields["id"]
	if id == "" {
		id = uuid.NewString()
	}
	b.hash(id, fields)
	b.push(osis, id)
	return id
}

func (b *testBundle) hash(id string, fields map[string]string) {
	b.Helper()
	all := map[string]string{
		"id": id, "caller_id": "carol", "context_id": alice, "script": "40 + 2", "status": "dispatched",
	}
	maps.Copy(all, fields)
	require.NoError(b, b.rdb.HSet(b.Context(), heroJob+id, all).Err())
}

func (b *testBundle) push(list string, ids ...string) {
	b.Helper()
	for _, id := range ids {
		require.NoError(b, b.rdb.LPush(b.Context(), list, id).Err())
	}
}

func (b *testBundle) claim(q *Queue, n int) []*Claim {
	b.Helper()
	return b.claims(q, n).Jobs
}

func (b *testBundle) claims(q *Queue, n int) Claims {
	b.Helper()
	claims, err := q.Claim(b.Context(), osisOnly, n)
	require.NoError(b, err)
	return claims
}

// one claims and expects exactly this job.
func (b *testBundle) one(q *Queue, id string) *Claim {
	b.Helper()
	claims := b.claim(q, 10)
	require.Equal(b, []string{id}, idsOf(claims))
	return claims[0]
}

func (b *testBundle) none(q *Queue) {
	b.Helper()
	require.Empty(b, idsOf(b.claim(q, 10)))
}

func (b *testBundle) finish(q *Queue, c *Claim, output string) {
	b.Helper()
	require.NoError(b, q.Finish(b.Context(), c, &job.Result{End: job.Success, Output: []byte(output)}))
}

func (b *testBundle) get(id string) map[string]string {
	b.Helper()
	fields, err := b.rdb.HGetAll(b.Context(), heroJob+id).Result()
	require.NoError(b, err)
	return fields
}

func (b *testBundle) replies(id string) []string {
	b.Helper()
	return b.rdb.LRange(b.Context(), heroReply+id, 0, -1).Val()
}

func (b *testBundle) dead() []string {
	b.Helper()
	return b.rdb.ZRange(b.Context(), scopeShared+inDead, 0, -1).Val()
}

// expire ends a lease as if its time had passed.
func (b *testBundle) expire(c *Claim) {
	b.Helper()
	m := memberOf(c.Job.Queue, c.Job.ID)
	require.NoError(b, b.rdb.ZAddXX(b.Context(), scopeShared+inLease, redis.Z{Member: m, Score: 1}).Err())
}

// reap reaps as a reaper does that runs all the time.
func (b *testBundle) reap(q *Queue) ReapReport {
	b.Helper()
	b.lastReaped(0)
	report, err := q.Reap(b.Context())
	require.NoError(b, err)
	return report
}

// lastReaped sets the time of the last reaper's run to some time ago.
func (b *testBundle) lastReaped(ago time.Duration) {
	b.Helper()
	now, err := b.rdb.Time(b.Context()).Result()
	require.NoError(b, err)
	require.NoError(b, b.rdb.Set(b.Context(), scopeShared+inReaped, now.Add(-ago).UnixMilli(), 0).Err())
}

// snapshot is everything in the database, to show that nothing has changed.
func (b *testBundle) snapshot() map[string]any {
	b.Helper()
	all := map[string]any{}
	for _, key := range b.rdb.Keys(b.Context(), "*").Val() {
		switch b.rdb.Type(b.Context(), key).Val() {
		case "hash":
			all[key] = b.rdb.HGetAll(b.Context(), key).Val()
		case "list":
			all[key] = b.rdb.LRange(b.Context(), key, 0, -1).Val()
		case "zset":
			all[key] = b.rdb.ZRangeWithScores(b.Context(), key, 0, -1).Val()
		default:
			all[key] = b.rdb.Get(b.Context(), key).Val()
		}
	}
	return all
}

func memberOf(queue, id string) string { return Hero + "|" + queue + "|" + id }

func idsOf(claims []*Claim) []string {
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.Job.ID)
	}
	return ids
}

func numbered(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = prefix + strconv.Itoa(i)
	}
	return ids
}

// How long and how often a test looks for what must come.
const (
	soonest = 20 * time.Second
	tick    = time.Millisecond
)

// soon is how long a test waits for what must come, at the most.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), soonest)
	t.Cleanup(cancel)
	return ctx
}
