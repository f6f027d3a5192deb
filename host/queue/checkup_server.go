package queue

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// clockOff is a difference of clocks that is worth a word.
const clockOff = 2 * time.Second

func (c *checkup) lookAtServer(ctx context.Context, rdb *redis.Client) {
	c.lookAtVersion(ctx, rdb)
	c.lookAtPersistence(ctx, rdb)
	c.lookAtMemory(ctx, rdb)
	c.lookAtClock(ctx, rdb)
	c.lookAtTracking(ctx, rdb)
}

func (c *checkup) lookAtVersion(ctx context.Context, rdb *redis.Client) {
	facts, err := info(ctx, rdb, "server")
	if err != nil {
		c.failed("redis version", err)
		return
	}
	version := facts["redis_version"]
	name := "Redis " + version
	if facts["valkey_version"] != "" {
		name = "Valkey " + facts["valkey_version"]
	}
	if tooOld(version) {
		c.add("redis version", Problem, "%s; henge needs Redis 7.0 or later, or Valkey", name)
		return
	}
	c.add("redis version", Good, "%s at %s", name, rdb.Options().Addr)
}

// tooOld says whether a version of Redis is one before 7.0; one that cannot be
// read is not.
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 7
}

func (c *checkup) lookAtPersistence(ctx context.Context, rdb *redis.Client) {
	const check = "persistence"
	facts, err := info(ctx, rdb, "persistence")
	if err != nil {
		c.failed(check, err)
		return
	}
	save, err := rdb.ConfigGet(ctx, "save").Result()
	snapshots := save["save"] != ""
	switch {
	case facts["aof_enabled"] == "1" && facts["aof_last_write_status"] == "err":
		c.add(check, Problem, "the append-only file cannot be written: see the server's log")
	case facts["aof_enabled"] == "1":
		c.add(check, Good, "append-only file")
	case err != nil:
		c.add(check, Warning, "no append-only file, and whether there are snapshots this user may not ask (%v): without them all jobs are lost when Redis restarts", err)
	case snapshots && facts["rdb_last_bgsave_status"] == "err":
		c.add(check, Problem, "the last snapshot failed: see the server's log")
	case snapshots:
		c.add(check, Warning, "snapshots only: when Redis dies, jobs and results since the last one (%s changes) are lost; set appendonly yes", facts["rdb_changes_since_last_save"])
	default:
		c.add(check, Warning, "none: when Redis restarts, all jobs that wait and all results are lost; set appendonly yes")
	}
}

func (c *checkup) lookAtMemory(ctx context.Context, rdb *redis.Client) {
	const check = "memory"
	facts, err := info(ctx, rdb, "memory")
	if err != nil {
		c.failed(check, err)
		return
	}
	used, _ := strconv.ParseFloat(facts["used_memory"], 64)
	most, _ := strconv.ParseFloat(facts["maxmemory"], 64)
	policy := facts["maxmemory_policy"]
	switch {
	case policy != "noeviction" && policy != "":
		c.add(check, Problem, "the policy is %s: when memory is full, Redis removes jobs without a word; set maxmemory-policy noeviction", policy)
	case most == 0:
		c.add(check, Good, "%s used, without a limit; policy %s", facts["used_memory_human"], policy)
	case used > 0.95*most:
		c.add(check, Problem, "full: %s of %s used; no new jobs are taken", facts["used_memory_human"], facts["maxmemory_human"])
	case used > 0.8*most:
		c.add(check, Warning, "nearly full: %s of %s used", facts["used_memory_human"], facts["maxmemory_human"])
	default:
		c.add(check, Good, "%s of %s used; policy %s", facts["used_memory_human"], facts["maxmemory_human"], policy)
	}
}

func (c *checkup) lookAtClock(ctx context.Context, rdb *redis.Client) {
	before := time.Now()
	server, err := rdb.Time(ctx).Result()
	if err != nil {
		c.failed("clock", err)
		return
	}
	c.reportClock(before, server, time.Now())
}

// reportClock compares the server's time with when it was asked for here, and
// when it was told.
func (c *checkup) reportClock(asked, server, told time.Time) {
	const check = "clock"
	off := server.Sub(asked.Add(told.Sub(asked) / 2)).Round(time.Millisecond)
	if off.Abs() > clockOff+told.Sub(asked) {
		c.add(check, Warning, "the server's differs from this machine's by %s; henge goes by the server's, but producers may write times of their own", off)
		return
	}
	c.add(check, Good, "the server's differs from this machine's by %s", off)
}

func (c *checkup) lookAtTracking(ctx context.Context, rdb *redis.Client) {
	const check = "wake-ups"
	trying, stop := context.WithTimeout(ctx, watchSetup)
	defer stop()
	offered := false
	err := watchKeys(trying, rdb.Options(), []string{keyWait}, func() { offered = true; stop() }, func([]any) {})
	switch {
	case offered:
		c.add(check, Good, "the server tells of pushes (CLIENT TRACKING)")
	case errors.Is(err, errNotOffered):
		c.add(check, Warning, "this server does not tell of pushes (%v): idle workers ask every %s", err, pollUnwatched)
	default:
		c.add(check, Warning, "whether the server tells of pushes could not be tried (%v): where it does not, idle workers ask every %s", err, pollUnwatched)
	}
}

func (c *checkup) lookAtRights(ctx context.Context) {
	denied, err := Denied(ctx, c.rdb, RoleWorker)
	switch {
	case err != nil:
		c.failed("rights", err)
	case len(denied) > 0:
		c.add("rights", Problem, "this user lacks what a worker needs: %s; henge doctor --acl prints the whole line", strings.Join(denied, " "))
	default:
		c.add("rights", Good, "this user may do what a worker needs")
	}
	found, err := c.rdb.Get(ctx, keyProtocol).Result()
	switch {
	case errors.Is(err, redis.Nil):
		c.add("protocol", Good, "no worker has been here yet; this henge speaks %s", protocol)
	case err != nil:
		c.failed("protocol", err)
	case found != protocol:
		c.add("protocol", Problem, "the keys are of version %.40q and this henge speaks %s: use the version of henge that wrote it, or another Redis database", found, protocol)
	default:
		c.add("protocol", Good, "version %s", protocol)
	}
}
