package queue

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/schedule"
)

// as makes a user with a role's line and returns a client of his.
func as(t testing.TB, admin redis.UniversalClient, addr string, line string) *redis.Client {
	t.Helper()
	var args []any
	for _, part := range strings.Fields(strings.Replace(line, ">PASSWORD", ">se/cret", 1)) {
		args = append(args, part)
	}
	require.NoError(t, admin.Do(t.Context(), args...).Err(), line)
	rdb, err := Connect("redis://" + args[2].(string) + ":se%2Fcret@" + addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb.(*redis.Client)
}

// Users made with the very lines that henge doctor --acl prints do all that a
// worker and a producer do, in each dialect.
func TestACLIsEnough(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	admin := redistest.Client(t, server)
	forWorker, forProducer := as(t, admin, server.Addr(), ACL(RoleWorker)), as(t, admin, server.Addr(), ACL(RoleProducer))
	forOperator := as(t, admin, server.Addr(), ACL(RoleOperator))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range Dialects() {
		p, err := NewProducer(forProducer, name)
		require.NoError(t, err)
		q, err := New(forWorker, Options{Circles: []string{alice}, Dialects: []string{name}, History: []string{name}})
		require.NoError(t, err)
		require.NoError(t, q.Open(ctx))
		require.NoError(t, q.Announce(ctx, Presence{}))
		require.NoError(t, q.Serve(Wanted{Types: []string{"rhai", "rhaiscript"}}))
		w := q.NewWaker()
		require.NoError(t, w.Ready(ctx))
		require.True(t, w.listening(), name)
		w.Close()
		submit := func() Ref {
			ref, err := p.Submit(ctx, &Submission{Job: job.Job{Circle: alice, Type: "rhaiscript", Payload: []byte("1"), Retries: 1}})
			require.NoError(t, err)
			return ref
		}
		refs := []Ref{submit(), submit(), submit()}
		_, err = p.Cancel(ctx, refs[2], "enough")
		require.NoError(t, err)
		x, err := q.Exchange(ctx, nil, 5)
		require.NoError(t, err)
		require.Len(t, x.Jobs, 2, name)
		require.NoError(t, q.Note(ctx, x.Jobs[0], Note{Progress: "half", Lines: []job.LogLine{{Text: "hello"}}}))
		_, err = q.Renew(ctx, x.Jobs)
		require.NoError(t, err)
		require.NoError(t, q.Release(ctx, x.Jobs[1:]))
		require.NoError(t, q.Finish(ctx, x.Jobs[0], &job.Result{End: job.Success}))
		_, err = q.Reap(ctx)
		require.NoError(t, err)
		_, err = q.TakeHistory(ctx, func(context.Context, []Ended) error { return nil })
		require.NoError(t, err)
		require.NoError(t, q.RaiseIDs(ctx, []Ref{{Circle: alice, Topic: "t", ID: "1"}}))
		_, err = p.Wait(ctx, refs[0])
		require.NoError(t, err)
		_, err = p.List(ctx, Filter{}, 10)
		require.NoError(t, err)
		_, err = p.Logs(ctx, refs[0])
		require.NoError(t, err)
		require.NoError(t, p.Retry(ctx, refs[0]))
		require.NoError(t, p.Remove(ctx, refs[2]))
		require.NoError(t, q.Leave(ctx))
		events, err := p.Events(ctx, EventsFrom{Circle: alice})
		require.NoError(t, err)
		submit()
		for _, err := range events {
			require.NoError(t, err)
			break
		}
		operate(t, ctx, forOperator, name)
	}
	m, err := NewHeroJobsManager(forOperator)
	require.NoError(t, err)
	j, err := m.NewJob(ctx, alice, "t")
	require.NoError(t, err)
	ref, err := m.Save(ctx, j)
	require.NoError(t, err)
	require.NoError(t, m.Add(ctx, ref))
	_, _, err = m.Peek(ctx, alice, "t")
	require.NoError(t, err)
	_, _, err = m.Fetch(ctx, alice, "t")
	require.NoError(t, err)
	require.NoError(t, m.Finish(ctx, ref, "done", "1", ""))
	_, err = m.Empty(ctx, alice, "t")
	require.NoError(t, err)
	_, err = m.p.Get(ctx, Ref{ID: "1"})
	require.ErrorIs(t, err, ErrNotFound)
	for role, rdb := range map[Role]*redis.Client{RoleWorker: forWorker, RoleProducer: forProducer, RoleOperator: forOperator} {
		denied, err := Denied(ctx, rdb, role)
		require.NoError(t, err)
		require.Empty(t, denied)
		for _, forbidden := range [][]any{{"SET", "other", "1"}, {"FLUSHALL"}, {"KEYS", "*"}, {"CONFIG", "GET", "*"}, {"ACL", "LIST"}, {"PUBLISH", "other", "1"}} {
			require.ErrorContains(t, rdb.Do(ctx, forbidden...).Err(), "NOPERM", forbidden)
		}
	}
	require.Zero(t, admin.Exists(ctx, "henge:acl").Val(), "trying leaves nothing behind")
}

// operate does what an operator does.
func operate(t *testing.T, ctx context.Context, rdb *redis.Client, dialect string) {
	t.Helper()
	o, err := NewOperator(rdb, dialect)
	require.NoError(t, err)
	lists, err := o.Lists(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, lists, dialect)
	for _, l := range lists {
		require.NoError(t, o.Pause(ctx, l.Name))
		_, err := o.Purge(ctx, l.Name, "enough", func(int) {})
		require.NoError(t, err)
		if dialect == Hero {
			_, err = o.Restore(ctx, l.Name, true)
			require.NoError(t, err)
		}
		require.NoError(t, o.Resume(ctx, l.Name))
	}
	_, err = o.Dead(ctx, DeadFilter{})
	require.NoError(t, err)
	schedules, err := NewSchedules(rdb)
	require.NoError(t, err)
	s := Schedule{Name: "s", Spec: schedule.Spec{Every: "1h"}, Job: Submission{Job: job.Job{Circle: alice, Type: "rhaiscript", Dialect: dialect}}}
	_, err = schedules.Put(ctx, s, true)
	require.NoError(t, err)
	_, err = schedules.Trigger(ctx, alice, "s")
	require.NoError(t, err)
	require.NoError(t, schedules.Remove(ctx, alice, "s"))
}

// What is taken away is named, command by command and key by key.
func TestDenied(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	admin := redistest.Client(t, server)
	for removed, want := range map[string][]string{
		"-evalsha -script|load": {"+evalsha", "+script|load"},
		"resetkeys ~henge:* ~hero:job:* ~hero:q:* ~rhai_tasks:* ~herojobs:* ~heroqueue:* ~jobsmanager:*": {"~rhai_task_details:*"},
		"resetchannels": {"&henge:control"},
		"-multi":        {"+multi"},
	} {
		rdb := as(t, admin, server.Addr(), ACL(RoleWorker)+" "+removed)
		denied, err := Denied(t.Context(), rdb, RoleWorker)
		require.NoError(t, err)
		require.Equal(t, want, denied, removed)
	}
	denied, err := Denied(t.Context(), admin, RoleWorker)
	require.NoError(t, err)
	require.Empty(t, denied)
	require.Zero(t, admin.DBSize(t.Context()).Val(), "trying leaves nothing behind")
}

// Every command in the scripts is one that the worker's user has; those that
// producers and operators run are theirs.
func TestACLCoversTheScripts(t *testing.T) {
	command := regexp.MustCompile(`redis\.p?call\('([A-Z]+)'|'([LR](?:POP|PUSH))'`)
	has := func(r Role, script string) {
		var missing []string
		for _, found := range command.FindAllStringSubmatch(script, -1) {
			name := "+" + strings.ToLower(found[1]+found[2])
			if !strings.Contains(ACL(r)+" ", " "+name+" ") {
				missing = append(missing, name)
			}
		}
		require.Empty(t, missing, r)
	}
	byHand := []string{"restore"}
	files, err := sources.ReadDir("lua")
	require.NoError(t, err)
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".lua")
		has(RoleOperator, source(name))
		if !slices.Contains(byHand, name) {
			has(RoleWorker, source(name))
		}
	}
	has(RoleProducer, source("cancel", "submit", "retry", "remove"))
}
