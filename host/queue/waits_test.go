package queue

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// waitAll begins to wait for jobs, and returns what gives the records once all
// have ended.
func (b *testBundle) waitAll(ctx context.Context, p *Producer, refs []Ref) func() []Record {
	records, errs := make([]Record, len(refs)), make(chan error, len(refs))
	for i, ref := range refs {
		go func() {
			var err error
			records[i], err = p.Wait(ctx, ref)
			errs <- err
		}()
	}
	return func() []Record {
		b.Helper()
		for range refs {
			require.NoError(b, <-errs)
		}
		return records
	}
}

// joined waits until so many jobs are waited for, and all were asked for.
func (b *testBundle) joined(p *Producer, n int) {
	b.Helper()
	require.Eventually(b, func() bool {
		p.waits.mu.Lock()
		defer p.waits.mu.Unlock()
		return len(p.waits.byKey) == n && len(p.waits.ask) == 0
	}, soonest, tick)
}

func (b *testBundle) submitMany(p *Producer, n int) []Ref {
	b.Helper()
	jobs := make([]Submission, n)
	for i := range jobs {
		jobs[i].Job = job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}
	}
	answers, err := p.SubmitMany(b.Context(), jobs)
	require.NoError(b, err)
	refs := make([]Ref, n)
	for i, a := range answers {
		require.NoError(b, a.Err)
		refs[i] = a.Ref
	}
	return refs
}

// endAll runs all jobs of a dialect.
func (b *testBundle) endAll(dialect string, n int) {
	b.Helper()
	q, err := New(b.rdb, Options{Circles: []string{alice}, Dialects: []string{dialect}})
	require.NoError(b, err)
	require.NoError(b, q.Serve(Wanted{Types: []string{"rhai", "rhaiscript"}}))
	var done []Done
	for ended := 0; ended < n; {
		x, err := q.Exchange(soon(b.T), done, 100)
		require.NoError(b, err)
		ended += x.Finished
		done = done[x.Finished:]
		for _, c := range x.Jobs {
			done = append(done, Done{c, &job.Result{End: job.Success, Output: []byte(c.Job.ID)}})
		}
	}
}

// A thousand waits need one connection of their own and a few commands each.
func TestManyWaits(t *testing.T) {
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			rdb := redistest.Real(t)
			b := setup(t, rdb)
			p, err := NewProducer(rdb, dialect)
			require.NoError(t, err)
			const n = 1000
			refs := b.submitMany(p, n)
			all := b.waitAll(soon(t), p, refs)
			b.joined(p, n)
			clients := rdb.ClientList(t.Context()).Val()
			require.Equal(t, 1, strings.Count(clients, "name=henge-waits "), clients)
			require.LessOrEqual(t, strings.Count(clients, "\n"), rdb.Options().PoolSize+1)

			require.NoError(t, rdb.ConfigResetStat(t.Context()).Err())
			began := time.Now()
			b.endAll(p.Dialect(), n)
			for i, r := range all() {
				require.True(t, r.Ended())
				require.Equal(t, refs[i].ID, r.Output())
			}
			// Each job changes twice and is looked at when it has ended, and the
			// scripts read those that are one text; on a slow machine all are
			// asked for now and then.
			most := (10*n + 100) * (1 + int(time.Since(began)/waitAgain))
			require.Less(t, commands(t, rdb, "hget", "hgetall", "hstrlen"), most)
		})
	}
}

// commands is how often clients have run commands. Those of scripts count too,
// so it is for commands that these do not use.
func commands(t testing.TB, rdb *redis.Client, names ...string) (n int) {
	t.Helper()
	info := rdb.Info(t.Context(), "commandstats").Val()
	for _, name := range names {
		if _, rest, ok := strings.Cut(info, "cmdstat_"+name+":calls="); ok {
			calls, _, _ := strings.Cut(rest, ",")
			k, err := strconv.Atoi(calls)
			require.NoError(t, err)
			n += k
		}
	}
	return n
}

// Where Redis tells nothing, one goroutine asks for all.
func TestManyWaitsPolled(t *testing.T) {
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			rdb := redistest.InProcess(t)
			b := setup(t, rdb)
			p, err := NewProducer(rdb, dialect)
			require.NoError(t, err)
			refs := b.submitMany(p, 20)
			all := b.waitAll(soon(t), p, refs)
			b.joined(p, len(refs))
			b.endAll(dialect, len(refs))
			for i, r := range all() {
				require.Equal(t, refs[i].ID, r.Output())
			}
		})
	}
}

// Jobs that nobody told henge of end too.
func TestWaitSeesWhatOthersWrite(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		ctx := soon(t)
		p := b.producer()
		texts, err := NewProducer(rdb, HeroJobs)
		require.NoError(t, err)
		t.Run("a status", func(t *testing.T) {
			id := b.put(nil)
			all := b.waitAll(ctx, p, []Ref{{ID: id}})
			b.joined(p, 1)
			require.NoError(t, rdb.HSet(ctx, heroJob+id, "status", "finished", "output", "7").Err())
			require.Equal(t, "7", all()[0].Output())
		})
		t.Run("a text", func(t *testing.T) {
			ref := b.submitMany(texts, 1)[0]
			all := b.waitAll(ctx, texts, []Ref{ref})
			b.joined(texts, 1)
			key := fmt.Sprintf("herojobs:%s:%s:%s", ref.Circle, ref.Topic, ref.ID)
			require.NoError(t, rdb.HSet(ctx, key, "job", `{"jobid":1,"status":"done","result":"7"}`).Err())
			require.Equal(t, "7", all()[0].Output())
		})
		t.Run("removed", func(t *testing.T) {
			id := b.put(nil)
			failed := make(chan error, 1)
			go func() {
				_, err := p.Wait(ctx, Ref{ID: id})
				failed <- err
			}()
			b.joined(p, 1)
			require.NoError(t, rdb.Del(ctx, heroJob+id).Err())
			require.ErrorIs(t, <-failed, ErrNotFound)
		})
		t.Run("a flush", func(t *testing.T) {
			id := b.put(nil)
			failed := make(chan error, 1)
			go func() {
				_, err := p.Wait(ctx, Ref{ID: id})
				failed <- err
			}()
			b.joined(p, 1)
			require.NoError(t, rdb.FlushAll(ctx).Err())
			require.ErrorIs(t, <-failed, ErrNotFound)
		})
	})
}

// A wait outlasts a Redis that goes away and comes back.
func TestWaitOutlastsRedis(t *testing.T) {
	kept := localredis.Options{Dir: t.TempDir()}
	server := redistest.Server(t, kept)
	rdb := redistest.Client(t, server)
	b := setup(t, rdb)
	p := b.producer()
	refs := b.submitMany(p, 10)
	all := b.waitAll(soon(t), p, refs)
	b.joined(p, len(refs))

	_, port, err := net.SplitHostPort(server.Addr())
	require.NoError(t, err)
	kept.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	require.NoError(t, server.Close())
	redistest.Server(t, kept)
	require.Eventually(t, func() bool { return rdb.Ping(t.Context()).Err() == nil }, soonest, tick)
	b.endAll(Hero, len(refs))
	for i, r := range all() {
		require.Equal(t, refs[i].ID, r.Output())
	}
}

// A wait in another database than the first one is told too.
func TestWaitInAnotherDatabase(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{Addr: redistest.Real(t).Options().Addr, DB: 3})
	defer rdb.Close()
	b := setup(t, rdb)
	p := b.producer()
	refs := b.submitMany(p, 1)
	all := b.waitAll(soon(t), p, refs)
	b.joined(p, 1)
	b.endAll(Hero, 1)
	require.Equal(t, refs[0].ID, all()[0].Output())
}

func TestWaitWithoutRedis(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	rdb := redistest.Client(t, server)
	p := setup(t, rdb).producer()
	require.NoError(t, server.Close())
	began := time.Now()
	_, err := p.Wait(soon(t), Ref{ID: "J"})
	require.Error(t, err)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), soonest)
}

// BenchmarkWait1000 is a thousand waits at once, from the first to the last
// answer, with the jobs' own work, and what each asks of Redis beside that.
func BenchmarkWait1000(b *testing.B) {
	const n = 1000
	rdb := redistest.Real(b)
	p, err := NewProducer(rdb, Hero)
	require.NoError(b, err)
	q, err := New(rdb, Options{Circles: []string{alice}, Dialects: []string{Hero}})
	require.NoError(b, err)
	jobs := make([]Submission, n)
	for i := range jobs {
		jobs[i].Job = job.Job{Circle: alice, Type: "rhai", Payload: []byte("1")}
	}
	require.NoError(b, q.Serve(Wanted{Types: []string{"rhai"}}))
	asked := 0
	for b.Loop() {
		answers, err := p.SubmitMany(b.Context(), jobs)
		require.NoError(b, err)
		require.NoError(b, rdb.ConfigResetStat(b.Context()).Err())
		errs := make(chan error, n)
		for _, a := range answers {
			go func() {
				_, err := p.Wait(b.Context(), a.Ref)
				errs <- err
			}()
		}
		var done []Done
		for ended := 0; ended < n; {
			x, err := q.Exchange(b.Context(), done, 100)
			require.NoError(b, err)
			ended, done = ended+x.Finished, done[x.Finished:]
			for _, c := range x.Jobs {
				done = append(done, Done{c, &job.Result{End: job.Success}})
			}
		}
		for range n {
			require.NoError(b, <-errs)
		}
		asked += commands(b, rdb, "hget", "hgetall", "blmove")
	}
	b.ReportMetric(float64(asked)/float64(n*b.N), "commands/wait")
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "waits/s")
}
