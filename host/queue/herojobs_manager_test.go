package queue

import (
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

type managerBundle struct {
	*herojobsBundle
	m *HeroJobsManager
}

func setupManager(t *testing.T, rdb *redis.Client) *managerBundle {
	b := &managerBundle{herojobsBundle: setupHeroJobs(t, rdb, Options{})}
	var err error
	b.m, err = NewHeroJobsManager(rdb)
	require.NoError(t, err)
	return b
}

// add makes a job, saves it and puts it in line.
func (b *managerBundle) add(params string) Ref {
	b.Helper()
	j, err := b.m.NewJob(b.Context(), "My Circle", "Mail")
	require.NoError(b, err)
	j.Params = params
	ref, err := b.m.Save(b.Context(), j)
	require.NoError(b, err)
	require.NoError(b, b.m.Add(b.Context(), ref))
	return ref
}

func (b *managerBundle) size() int {
	b.Helper()
	n, err := b.m.Size(b.Context(), "my_circle", "mail")
	require.NoError(b, err)
	return int(n)
}

func TestManagerLivesAJob(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupManager(t, rdb)
		ctx := t.Context()
		first, second := b.add("1 < 2"), b.add("2")
		require.Equal(t, Ref{ID: "1", Circle: "my_circle", Topic: "mail"}, first)
		require.Equal(t, `{"jobid":1,"sessionkey":"","circleid":"My Circle","topic":"mail","params":"1 < 2","params_type":"rhaiscript","timeout":0,`+
			`"status":"new","time_scheduled":0,"time_start":0,"time_end":0,"error":"","result":"","log":false}`, b.text("herojobs:my_circle:mail:1"))
		require.Equal(t, []string{"1", "2"}, rdb.LRange(ctx, "heroqueue:my_circle:mail", 0, -1).Val())
		require.Equal(t, 2, b.size())

		ref, j, err := b.m.Peek(ctx, "my_circle", "mail")
		require.NoError(t, err)
		require.Equal(t, []string{"1", "1 < 2"}, []string{ref.ID, j.Params})
		require.Equal(t, 2, b.size())
		ref, _, err = b.m.Fetch(ctx, "my_circle", "mail")
		require.NoError(t, err)
		require.Equal(t, first, ref)
		require.Equal(t, 1, b.size())

		require.NoError(t, b.m.SetStatus(ctx, ref, "active"))
		require.NoError(t, b.m.SetResult(ctx, ref, "half"))
		require.NoError(t, b.m.SetError(ctx, ref, `a "warning"`))
		j, err = b.m.Load(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, []string{"active", "half", `a "warning"`}, []string{j.Status, j.Result, j.Error})
		require.ErrorContains(t, b.m.Finish(ctx, ref, "active", "", ""), "ends in done or error")
		require.NoError(t, b.m.Finish(ctx, ref, "done", "42", ""))
		j, err = b.m.Load(ctx, ref)
		require.NoError(t, err)
		require.Equal(t, []string{"done", "42", ""}, []string{j.Status, j.Result, j.Error})
		require.InDelta(t, time.Now().Unix(), j.TimeEnd, 60)
		require.Positive(t, rdb.PTTL(ctx, "herojobs:my_circle:mail:1").Val())

		// The other one is a worker's.
		c := b.takeOne(2)
		_, _, err = b.m.Fetch(ctx, "my_circle", "mail")
		require.ErrorIs(t, err, ErrNotFound)
		b.finish(b.q, c, "4")
		j, err = b.m.Load(ctx, second)
		require.NoError(t, err)
		require.Equal(t, []string{"done", "4"}, []string{j.Status, j.Result})

		_, err = b.m.Load(ctx, Ref{ID: "9", Circle: "my_circle", Topic: "mail"})
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorIs(t, b.m.SetStatus(ctx, Ref{ID: "9", Circle: "my_circle", Topic: "mail"}, "done"), ErrNotFound)
		_, err = b.m.Save(ctx, HeroJob{CircleID: "c", Topic: "t"})
		require.ErrorContains(t, err, "whole number from 1")
		_, err = b.m.NewJob(ctx, "", "t")
		require.ErrorContains(t, err, "circle")
	})
}

// What a producer that never heard of henge has written stays, byte by byte.
func TestManagerKeepsTheProducersText(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupManager(t, rdb)
		b.save("heroqueue:myCircle:myTopic", 1, savedJob)
		ref, j, err := b.m.Fetch(t.Context(), "myCircle", "myTopic")
		require.NoError(t, err)
		require.Equal(t, "40 + 2 < 50", j.Params)
		require.NoError(t, b.m.Finish(t.Context(), ref, "error", "", "line 1"))
		b.requireText("herojobs:myCircle:myTopic:1", `"status":"new"`, `"status":"error"`, `"error":""`, `"error":"line 1"`)
		require.NoError(t, rdb.HSet(t.Context(), "herojobs:myCircle:myTopic:1", "job", "{").Err())
		require.ErrorContains(t, b.m.SetError(t.Context(), ref, "x"), "not a JSON object")
	})
}

func TestManagerEmpties(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupManager(t, rdb)
		for i := range emptied + 2 {
			b.save("heroqueue:my_circle:mail", i+1, savedJob)
		}
		c := b.takeOneOfMany()
		require.NoError(t, rdb.RPush(t.Context(), "heroqueue:my_circle:mail", c.Job.ID).Err()) // twice in line
		n, err := b.m.Empty(t.Context(), "my_circle", "mail")
		require.NoError(t, err)
		require.Equal(t, emptied+2, n)
		require.Zero(t, b.size())
		require.Equal(t, []string{"herojobs:my_circle:mail:" + c.Job.ID}, rdb.Keys(t.Context(), "herojobs:*").Val())
		b.finish(b.q, c, "42")
		// An id without a job is not lost, should the job come.
		require.NoError(t, rdb.RPush(t.Context(), "heroqueue:my_circle:mail", 9999).Err())
		_, _, err = b.m.Peek(t.Context(), "my_circle", "mail")
		require.ErrorIs(t, err, ErrNotFound)
		require.Equal(t, 1, b.size())
		_, _, err = b.m.Fetch(t.Context(), "my_circle", "mail")
		require.ErrorIs(t, err, ErrNotFound)
		require.Equal(t, []string{"herojobs|heroqueue:my_circle:mail|9999"}, rdb.ZRange(t.Context(), scopeShared+inLimbo, 0, -1).Val())
	})
}

func (b *herojobsBundle) takeOneOfMany() *Claim {
	b.Helper()
	claims := b.take(1)
	require.Len(b, claims.Jobs, 1)
	return claims.Jobs[0]
}

func TestManagerListsByTopic(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupManager(t, rdb)
		b.add("1")
		b.save("heroqueue:my_circle:post", 1, savedJob)
		p, err := NewProducer(rdb, HeroJobs)
		require.NoError(t, err)
		for topic, n := range map[string]int{"": 2, "Mail": 1, "post": 1, "none": 0} {
			found, err := p.List(t.Context(), Filter{Circle: "My Circle", Topic: topic}, 0)
			require.NoError(t, err)
			require.Len(t, found, n, topic)
		}
	})
}

// Jobs of an earlier version of that system are read and never written.
func TestOlderJobsAreRead(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupManager(t, rdb)
		require.NoError(t, rdb.HSet(t.Context(), older+"1", "job", savedJob).Err())
		require.NoError(t, rdb.HSet(t.Context(), older+"2", "status", "done", "result", "42").Err())
		before := b.snapshot()
		p, err := NewProducer(rdb, HeroJobs)
		require.NoError(t, err)
		for i, want := range []string{"new", "done"} {
			r, err := p.Get(t.Context(), Ref{ID: strconv.Itoa(i + 1)})
			require.NoError(t, err)
			require.Equal(t, want, r.Status())
		}
		_, err = p.Get(t.Context(), Ref{ID: "3"})
		require.ErrorIs(t, err, ErrNotFound)
		require.Error(t, p.Retry(t.Context(), Ref{ID: "2"}))
		require.Equal(t, before, b.snapshot())
	})
}
