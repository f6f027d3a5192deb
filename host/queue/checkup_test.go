package queue

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// finds returns what a checkup says of one thing.
func finds(t *testing.T, rdb redis.UniversalClient, check string) Finding {
	t.Helper()
	found := Checkup(t.Context(), rdb)
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Check == check })
	require.GreaterOrEqual(t, i, 0, "%s in %v", check, found)
	return found[i]
}

func TestCheckup(t *testing.T) {
	b := setup(t, redistest.Real(t))
	ctx := t.Context()
	b.queue(Options{}) // knows no worker
	for _, f := range Checkup(ctx, b.rdb) {
		want := Good
		if f.Check == "persistence" || f.Check == "workers" {
			want = Warning
		}
		require.Equal(t, want, f.Condition, "%v", f)
	}
	require.Zero(t, b.rdb.DBSize(ctx).Val(), "it changes nothing")

	q := b.queue(Options{Circles: []string{alice}, Dialects: []string{Hero, Henge}})
	announce := func() {
		require.NoError(t, q.Announce(ctx, Presence{Types: []string{"osis"}, Group: "g", Circles: q.Circles(), Dialects: q.Dialects()}))
	}
	announce()
	set := func(name, value string) func() {
		return func() { require.NoError(t, b.rdb.ConfigSet(ctx, name, value).Err()) }
	}
	push := func(list string) func() { return func() { b.push(list, "1", "2") } }
	zadd := func(key, member string, age time.Duration) func() {
		return func() {
			require.NoError(t, b.rdb.ZAdd(ctx, key, redis.Z{Member: member, Score: float64(time.Now().Add(-age).UnixMilli())}).Err())
		}
	}
	for _, c := range []struct {
		name    string
		change  func()
		check   string
		is      Condition
		details string
	}{
		{"no persistence", func() {}, "persistence", Warning, "all jobs that wait and all results are lost"},
		{"snapshots", set("save", "3600 1"), "persistence", Warning, "since the last one"},
		{"append-only", set("appendonly", "yes"), "persistence", Good, "append-only"},
		{"evicting", set("maxmemory-policy", "allkeys-lru"), "memory", Problem, "allkeys-lru"},
		{"full", set("maxmemory", "1mb"), "memory", Problem, "full"},
		{"roomy", set("maxmemory", "1gb"), "memory", Good, "noeviction"},
		{"worker", func() {}, "workers", Good, "1"},
		{"served", push(osis), "lists", Good, ""},
		{"group served", push(osis + ":group:g"), "lists", Good, ""},
		{"another type", push(heroType + "nobody"), "lists", Warning, "hero:q:work:type:nobody (2)"},
		{"another group", push(osis + ":group:h"), "lists", Warning, ":group:h (2)"},
		{"another circle", push("henge:{bob}:q:osis"), "lists", Warning, "henge:{bob}:q:osis (2)"},
		{"own circle", push("henge:{alice}:q:osis"), "lists", Good, ""},
		{"taken apart", push("henge:wait:hero|" + osis + "|bob"), "lists", Warning, "|bob (2)"},
		{"another dialect", push("rhai_tasks:alice"), "lists", Warning, "rhai_tasks:alice (2)"},
		{"a reply is no list of jobs", push("hero:q:reply:x"), "lists", Good, ""},
		{"lease that stands", zadd("henge:lease", "hero|x|1", -time.Minute), "leases", Good, "1 jobs"},
		{"lease that ended", zadd("henge:lease", "hero|x|1", time.Minute), "leases", Problem, "1 of 1"},
		{"of a circle", zadd("henge:{bob}:lease", "henge|x|1", time.Minute), "leases", Problem, "1 of 1"},
		{"limbo", zadd("henge:limbo", "hero|x|1", 0), "limbo", Warning, "1 ids"},
		{"dead", zadd("henge:{bob}:dead", "henge|x|why|1", 0), "dead letters", Warning, "1:"},
		{"paused", func() { b.rdb.SAdd(ctx, "henge:paused", osis) }, "paused", Warning, osis},
		{"protocol", func() { b.rdb.Set(ctx, keyProtocol, "7", 0) }, "protocol", Problem, "version \"7\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, b.rdb.FlushAll(ctx).Err())
			for name, value := range map[string]string{"save": "", "appendonly": "no", "maxmemory": "0", "maxmemory-policy": "noeviction"} {
				set(name, value)()
			}
			announce()
			c.change()
			f := finds(t, b.rdb, c.check)
			require.Equal(t, c.is, f.Condition, "%v", f)
			require.Contains(t, f.Detail, c.details)
		})
	}
}

// A worker of more circles than it can say keeps them elsewhere.
func TestCheckupOfAWorkerOfManyCircles(t *testing.T) {
	b := setup(t, redistest.Real(t))
	circles := []string{}
	for i := range 100 {
		circles = append(circles, "c"+strings.Repeat("x", i%50)+string(rune('a'+i/50)))
	}
	q := b.queue(Options{Circles: circles})
	require.NoError(t, q.Announce(t.Context(), Presence{Types: []string{"osis"}, Circles: q.Circles()}))
	require.NoError(t, q.sendCircles(t.Context()))
	b.push("henge:{"+circles[99]+"}:q:osis", "1")
	require.Equal(t, Good, finds(t, b.rdb, "lists").Condition)
	b.push("henge:{bob}:q:osis", "1")
	require.Equal(t, Warning, finds(t, b.rdb, "lists").Condition)
}

func TestCheckupSeesWhatAUserLacks(t *testing.T) {
	server := redistest.Server(t, localredis.Options{})
	admin := redistest.Client(t, server)
	worker := as(t, admin, server.Addr(), ACL(RoleWorker))
	require.Equal(t, Good, finds(t, worker, "rights").Condition)
	require.Contains(t, finds(t, worker, "persistence").Detail, "this user may not ask")
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "henge-worker", "-zadd", "-client|tracking").Err())
	f := finds(t, worker, "rights")
	require.Equal(t, Problem, f.Condition)
	require.Contains(t, f.Detail, "+client|tracking +zadd;")
	require.Equal(t, Warning, finds(t, worker, "wake-ups").Condition)
}

func TestCheckupOfACluster(t *testing.T) {
	found := Checkup(t.Context(), redistest.Cluster(t))
	versions := 0
	for _, f := range found {
		require.NotEqual(t, Problem, f.Condition, "%v", f)
		if strings.HasPrefix(f.Check, "redis version 127.0.0.1:") {
			versions++
		}
	}
	require.Equal(t, 3, versions)
}

func TestCheckupOfNoRedis(t *testing.T) {
	rdb, err := Connect("redis://127.0.0.1:1")
	require.NoError(t, err)
	defer rdb.Close()
	found := Checkup(t.Context(), rdb)
	require.Len(t, found, 1)
	require.Equal(t, Problem, found[0].Condition)
	require.Contains(t, found[0].Detail, "does not answer: dial tcp 127.0.0.1:1")
}

func TestCheckupOfClocksAndVersions(t *testing.T) {
	now := time.Now()
	for off, want := range map[time.Duration]Condition{0: Good, time.Second: Good, -5 * time.Minute: Warning, time.Hour: Warning} {
		c := &checkup{}
		c.reportClock(now, now.Add(off), now.Add(10*time.Millisecond))
		require.Equal(t, want, c.found[0].Condition, off)
	}
	for version, old := range map[string]bool{"6.2.14": true, "7.0.0": false, "8.1": false, "255.255.255": false, "": false} {
		require.Equal(t, old, tooOld(version), version)
	}
}
