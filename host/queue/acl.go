package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Role is what somebody does with the queue, and so what they need of Redis.
type Role string

// The roles.
const (
	RoleWorker   Role = "worker"
	RoleProducer Role = "producer" // submits jobs, reads, cancels and removes them
	RoleOperator Role = "operator" // looks at lists, dead letters and schedules, and changes them
)

// ACL returns the line that makes a Redis user with what a role needs, on one
// server, behind Sentinel or on a cluster, and with nothing more. PASSWORD is
// to be replaced.
func ACL(r Role) string {
	parts := []string{"ACL SETUSER henge-" + string(r), "reset", "on", ">PASSWORD"}
	for _, pattern := range keyPatterns() {
		parts = append(parts, "~"+pattern)
	}
	parts = append(parts, "&"+keyControl)
	for _, line := range r.needs() {
		name, _, _ := strings.Cut(line, " ")
		parts = append(parts, "+"+name)
	}
	return strings.Join(parts, " ")
}

// Denied returns what the client's user lacks for a role: commands, and
// patterns of keys. Nothing is done to the server: it says what it would refuse
// when commands are put into a transaction, which is then given up.
func Denied(ctx context.Context, rdb redis.UniversalClient, r Role) ([]string, error) {
	denied, err := within(ctx, func() (denied []string, err error) {
		err = eachServer(ctx, rdb, func(ctx context.Context, rdb redis.Cmdable) error {
			some, err := r.denied(ctx, rdb)
			denied = append(denied, some...)
			return err
		})
		return denied, err
	})
	if err != nil {
		return nil, fmt.Errorf("try what a %s may do: %w", r, err)
	}
	slices.Sort(denied)
	return slices.Compact(denied), nil
}

func (r Role) denied(ctx context.Context, rdb redis.Cmdable) ([]string, error) {
	// Without these the others would be done and not only looked at.
	denied, err := try(ctx, rdb, []string{"multi", "discard"})
	if err != nil || len(denied) > 0 {
		return denied, err
	}
	lines := []string{"multi"}
	for _, line := range r.needs() {
		if name, _, _ := strings.Cut(line, " "); name != "multi" && name != "exec" && name != "discard" {
			lines = append(lines, line)
		}
	}
	for _, pattern := range keyPatterns() {
		lines = append(lines, "exists "+strings.Replace(pattern, "*", "acl", 1))
	}
	return try(ctx, rdb, append(lines, "discard"))
}

// try sends commands over one connection and returns what the user may not do
// of them: the command, or the pattern of its key.
func try(ctx context.Context, rdb redis.Cmdable, lines []string) (denied []string, err error) {
	answers := make([]*redis.Cmd, len(lines))
	_, err = rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, line := range lines {
			name, rest, _ := strings.Cut(line, " ")
			var args []any
			for _, part := range append(strings.Split(name, "|"), strings.Fields(rest)...) {
				args = append(args, part)
			}
			answers[i] = pipe.Do(ctx, args...)
		}
		return nil
	})
	if err != nil && !isRefused(err) {
		return nil, err
	}
	for i, answer := range answers {
		if !redis.HasErrorPrefix(answer.Err(), "NOPERM") {
			continue
		}
		name, rest, _ := strings.Cut(lines[i], " ")
		key := strings.Contains(answer.Err().Error(), "key")
		switch {
		case !key && strings.Contains(answer.Err().Error(), "channel"):
			denied = append(denied, "&"+keyControl)
		case !key:
			denied = append(denied, "+"+name)
		case name == "exists":
			denied = append(denied, "~"+strings.TrimSuffix(rest, "acl")+"*")
		}
	}
	return denied, nil
}

// keyPatterns are the keys that henge reads and writes.
func keyPatterns() []string {
	return []string{
		"henge:*", heroJob + "*", "hero:q:*", rhailibList + "*", rhailibTask + "*", herojobsJob + "*", herojobsList + "*", older + "*",
	}
}

// needs returns the commands of a role, as ACL names them, each with arguments
// that would do no harm.
func (r Role) needs() []string {
	const key = "henge:acl"
	commands := []string{
		"eval x 0", "evalsha x 0", "script|load x", "fcall x 0", "function|load x", "function|list", "function|delete x", // the scripts, and in them:
		"del " + key, "exists " + key, "get " + key, "hdel " + key + " f", "hexists " + key + " f", "hget " + key + " f",
		"hincrby " + key + " f 0", "hmget " + key + " f", "hstrlen " + key + " f", "hset " + key + " f v", "incrby " + key + " 0", "lindex " + key + " 0",
		"lpush " + key + " v", "persist " + key, "pexpire " + key + " 1", "publish " + keyControl + " acl", "rpush " + key + " v",
		"set " + key + " v", "smembers " + key, "time", "type " + key, "xadd " + key + " * f v",
		"zadd " + key + " 1 m", "zcard " + key, "zcount " + key + " 0 0", "zrem " + key + " m",
		"zremrangebyrank " + key + " 1 0", "zscore " + key + " m",
		"multi", "exec", "discard", "ping", "info", "select 0", "scan 0", "hgetall " + key, "lrange " + key + " 0 0", "zrange " + key + " 0 0",
		"command", "cluster|slots", "cluster|shards", "cluster|nodes", // a cluster's client
	}
	if r != RoleProducer {
		commands = append(commands,
			"llen "+key, "lpop "+key, "lrem "+key+" 0 v", "ltrim "+key+" 0 -1", "rpop "+key, "sadd "+key+" m", "sismember "+key+" m", "srem "+key+" m",
			"zrangebyscore "+key+" 0 0", "zremrangebyscore "+key+" 0 0", "zrevrange "+key+" 0 0", "setnx "+key+" v")
	}
	if r != RoleOperator {
		commands = append(commands, "client|tracking off", "client|setname x") // changes are waited for
	}
	switch r {
	case RoleWorker:
		commands = append(commands, "subscribe "+keyControl, "unsubscribe "+keyControl,
			// the history:
			"xack "+key+" g 0-0", "xautoclaim "+key+" g c 0 0-0", "xdel "+key+" 0-0", "xgroup|create "+key+" g 0", "xreadgroup GROUP g c STREAMS "+key+" >")
	case RoleProducer:
		commands = append(commands, "xrange "+key+" - +", "xread STREAMS "+key+" 0", "xrevrange "+key+" + -")
	case RoleOperator:
		commands = append(commands, "lmove "+key+" "+key+" RIGHT RIGHT", "zscan "+key+" 0")
	}
	slices.Sort(commands)
	return commands
}
