package queue

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// functions are the names of those that the server keeps.
func functions(t *testing.T, rdb *redis.Client) []string {
	t.Helper()
	found, err := rdb.FunctionList(t.Context(), redis.FunctionListQuery{}).Result()
	require.NoError(t, err)
	var names []string
	for _, one := range found {
		names = append(names, one.Name)
	}
	return names
}

// jobThrough takes a job through the scripts that run often.
func jobThrough(t *testing.T, b *testBundle, q *Queue) {
	t.Helper()
	p, err := NewProducer(b.rdb, Hero)
	require.NoError(t, err)
	ref, err := p.Submit(t.Context(), &Submission{Job: job.Job{Circle: alice, Type: "osis", Payload: []byte("40 + 2")}})
	require.NoError(t, err)
	c := b.one(q, ref.ID)
	renewal, err := q.Renew(t.Context(), []*Claim{c})
	require.NoError(t, err)
	require.Empty(t, renewal.Lost)
	b.finish(q, c, "42")
	require.Equal(t, "42", b.get(ref.ID)["output"])
}

// What runs often becomes functions of the server, which are loaded once, stay
// when its scripts are emptied, and come back when the functions are. Those of
// another version go, and come back for a worker that still needs them.
func TestFunctions(t *testing.T) {
	rdb := redistest.Real(t)
	b := setup(t, rdb)
	const other = "henge_claim_0123456789abcdef"
	require.NoError(t, rdb.FunctionLoad(t.Context(), "#!lua name="+other+"\nredis.register_function('"+other+"', function() end)").Err())
	require.NoError(t, rdb.FunctionLoad(t.Context(), "#!lua name=theirs\nredis.register_function('theirs', function() end)").Err())
	q := b.queue(Options{})
	jobThrough(t, b, q)

	s := q.scripts
	want := []string{"theirs", s.claim.function().name, s.finish.function().name, s.renew.function().name, s.submit.function().name}
	require.ElementsMatch(t, want, functions(t, rdb))
	require.NoError(t, rdb.ScriptFlush(t.Context()).Err())
	jobThrough(t, b, q)
	exists, err := rdb.ScriptExists(t.Context(), s.claim.flagged().Hash()).Result()
	require.NoError(t, err)
	require.Equal(t, []bool{false}, exists)

	require.NoError(t, rdb.FunctionFlush(t.Context()).Err())
	require.NoError(t, rdb.FunctionLoad(t.Context(), "#!lua name="+other+"\nredis.register_function('"+other+"', function() end)").Err())
	jobThrough(t, b, q)
	require.Contains(t, functions(t, rdb), s.claim.function().name)
	require.Contains(t, functions(t, rdb), other, "two versions do not take turns in it")
}

// A user without the right to functions, and a server without memory to load
// one, run scripts instead.
func TestFunctionsAreNoMust(t *testing.T) {
	t.Parallel()
	server := redistest.Server(t, localredis.Options{})
	admin := redistest.Client(t, server)
	for name, without := range map[string]string{
		"neither": " -fcall -function|load -function|list -function|delete",
		"call":    " -fcall",
		"load":    " -function|load",
		"list":    " -function|list -function|delete",
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, admin.FlushAll(t.Context()).Err())
			require.NoError(t, admin.FunctionFlush(t.Context()).Err())
			rdb := as(t, admin, server.Addr(), ACL(RoleWorker)+without)
			b := setup(t, rdb)
			q := b.queue(Options{})
			jobThrough(t, b, q)
			require.Equal(t, name == "list", q.scripts.claim.form() == asFunction)
		})
	}
	t.Run("full", func(t *testing.T) {
		require.NoError(t, admin.FunctionFlush(t.Context()).Err())
		b := setup(t, admin)
		q := b.queue(Options{})
		id := b.put(nil)
		c := b.one(q, id)
		require.NoError(t, admin.FunctionFlush(t.Context()).Err())
		require.NoError(t, admin.ConfigSet(t.Context(), "maxmemory", "1").Err())
		_, err := q.scripts.release.run(t.Context(), admin, []string{c.scope + inLease}, q.opts.args(q.opts.Worker, Hero, osis, id, 1)...)
		require.NoError(t, err, "what may run without memory does")
		_, err = q.Claim(t.Context(), osisOnly, 1)
		require.ErrorContains(t, err, "OOM")
		require.NoError(t, admin.ConfigSet(t.Context(), "maxmemory", "0").Err())
		b.finish(q, b.one(q, id), "42")
		require.Contains(t, functions(t, admin), q.scripts.claim.function().name, "want of memory passes")
	})
}

// A script that failed half way leaves nothing behind for the next call.
func TestFunctionsKeepNothingOfACall(t *testing.T) {
	rdb := redistest.Real(t)
	b := setup(t, rdb)
	q := b.queue(Options{})
	jobThrough(t, b, q)
	events := func() int64 { return rdb.XLen(t.Context(), scopeShared+inEvents).Val() }
	before := events()
	args := q.opts.args(q.opts.Worker, 10, 1000, Hero, osis, "J", "1", "end") // and no more
	_, err := q.scripts.finish.do(context.WithoutCancel(t.Context()), rdb, []string{"k"}, args...)
	require.Error(t, err)
	require.True(t, strings.Contains(err.Error(), "nil"), err)
	require.Equal(t, before, events())
	jobThrough(t, b, q)
}
