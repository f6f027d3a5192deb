package queue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/localredis/redistest"
)

// parts are the files that are no script by themselves.
var parts = []string{"prelude", "hash", "hero", "rhailib", "henge", "json", "names", "herojobs", "newjob",
	"circle", "event", "common", "ending", "needs", "channels", "take", "plain", "rotate", "answer", "write", "schedule", "stopping", "call"}

// Each script says at its top what it takes and returns.
func TestScriptsHaveHeaders(t *testing.T) {
	files, err := sources.ReadDir("lua")
	require.NoError(t, err)
	for _, f := range files {
		text, err := sources.ReadFile("lua/" + f.Name())
		require.NoError(t, err)
		name := strings.TrimSuffix(f.Name(), ".lua")
		require.True(t, strings.HasPrefix(string(text), "-- "+name), name)
		if slices.Contains(parts, name) {
			continue
		}
		require.Contains(t, string(text), "-- ARGV[8", name)
		require.Contains(t, string(text), "-- Returns ", name)
	}
}

// Each script alone, with the arguments that its header names.
func TestScriptsAlone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := loadScripts()
		run := func(s *script, key string, args ...any) any {
			t.Helper()
			reply, err := s.run(t.Context(), rdb, strings.Fields(key), append([]any{1000, 10, 1000, 5000, 100, "oldest", 0}, args...)...)
			require.NoError(t, err)
			return reply
		}
		calls := 0
		claim := func() any {
			calls++
			return run(s.claim, "answers "+osis, "w", 10000, 1, 256, 0, "slot", calls, "", 0, 10, 1000, -1, "hero", 2)
		}
		empty := []any{}
		require.Equal(t, []any{int64(-1), empty, empty, empty, empty}, claim())
		require.Equal(t, int64(1), run(s.submit, osis, "hero", "J", 0, "", "context_id", alice, "script", "40 + 2"))
		require.Equal(t, int64(0), run(s.submit, osis, "hero", "J", 0, "", "context_id", alice, "script", "40 + 2"))
		require.Equal(t, []any{int64(1)}, run(s.sweep, osis+" "+osis+"x", "hero", "hero"))
		fields := []any{"context_id", alice, "script", "40 + 2"}
		claimed := claim()
		handedOut := func(token string) []any {
			return []any{[]any{"hero", osis, "1", "1", rdb.HGet(t.Context(), heroJob+"J", "begun").Val(), "0", "0", token, []any{"J", fields}}}
		}
		token := strconv.FormatFloat(rdb.ZScore(t.Context(), scopeShared+inLease, memberOf(osis, "J")).Val(), 'f', -1, 64)
		require.Equal(t, []any{int64(-1), handedOut(token), empty, empty, empty}, claimed)
		calls--
		require.Equal(t, []any{int64(0), handedOut(""), empty, empty, empty}, claim(), "again")
		require.Equal(t, []any{empty, empty}, run(s.renew, "k", "w", 10000, "hero", osis, "J", 1))
		require.Equal(t, []any{[]any{int64(1), int64(3)}, empty},
			run(s.renew, "k", "w", 10000, "hero", osis, "I", 1, "hero", osis, "J", 1, "hero", osis, "J", 2))
		require.Equal(t, int64(1), run(s.note, "k", "w", 10, 1000, "hero", osis, "J", 1, "50", 0, "line", "line"))
		require.Equal(t, int64(1), run(s.note, "k", "w", 10, 1000, "hero", osis, "J", 1, "", 1, "line", "next"))
		require.Equal(t, []string{"line", "line", "next"}, rdb.LRange(t.Context(), keyLog+"hero|J", 0, -1).Val())
		require.Equal(t, int64(0), run(s.note, "k", "w", 10, 1000, "hero", osis, "J", 2, "50", "", "line"))
		require.Equal(t, []any{int64(2)}, run(s.release, "k", "w", "hero", osis, "J", 1, "hero", osis, "J", 1))
		require.Equal(t, "running", run(s.retry, "k", "hero", osis, "J", ""))
		claim()
		require.Equal(t, "stopping", run(s.cancel, "k", "hero", osis, "J", "enough", "channel"))
		require.Equal(t, []any{empty, []any{[]any{int64(1), "enough"}}}, run(s.renew, "k", "w", 10000, "hero", osis, "J", 2))
		require.NoError(t, rdb.HDel(t.Context(), heroJob+"J", "cancel").Err())
		reap := func() []any { return run(s.reap, scopeShared+inReaped, 15000, 3, 60000, 100).([]any) }
		require.Equal(t, int64(1), reap()[1])
		require.Equal(t, int64(0), reap()[1])
		require.NoError(t, rdb.ZAdd(t.Context(), scopeShared+inLease, redis.Z{Member: memberOf(osis, "J"), Score: 1}).Err())
		require.Equal(t, []any{[]any{osis, "J", int64(1)}}, toInts(reap()[2]))
		claim()
		finish := func(worker, mode, ending string) any {
			return run(s.finish, "k", worker, 10, 1000,
				"hero", osis, alice, "", 0, "J", 3, mode, ending, "42", "", "{}", 1, 1000, 1, "", "line",
				"hero", osis, alice, "", 0, "I", 3, mode, ending, "42", "", "", 1, 1000, 0, "").([]any)[0]
		}
		require.Equal(t, int64(0), finish("other", "end", "success"))
		require.Equal(t, int64(1), finish("w", "end", "success"))
		require.Equal(t, int64(2), finish("w", "end", "success"))
		require.Equal(t, int64(0), finish("w", "end", "trap"))
		require.Equal(t, int64(0), finish("w", "retry", "trap"))
		require.Equal(t, "ended", run(s.cancel, "k", "hero", osis, "J", "enough", "channel"))
		require.Equal(t, "missing", run(s.cancel, "k", "hero", osis, "I", "enough", "channel"))
		require.Equal(t, "queued", run(s.retry, "k", "hero", osis, "J", ""))
		require.Equal(t, "missing", run(s.retry, "k", "hero", osis, "I", ""))
		require.Equal(t, "cancelled", run(s.cancel, "k", "hero", osis, "J", "enough", "channel"))
		push := func(text string) { require.NoError(t, rdb.LPush(t.Context(), "ctl", text).Err()) }
		push("J")
		push(`{"op":"start","job":"J"}`)
		require.Equal(t, []any{int64(1), empty}, run(s.control, "ctl", "channel", "stopped", 1))
		require.Equal(t, []any{int64(0), []any{[]any{"ctl", `{"op":"start","job":"J"}`, "its op is not stop"}}},
			run(s.control, "ctl", "channel", "stopped", 2))
		require.Equal(t, "gone", run(s.retry, "k", "hero", osis, "J", "letter"))
		require.NoError(t, rdb.ZAdd(t.Context(), scopeShared+inDead, redis.Z{Member: "letter"}).Err())
		require.Equal(t, "queued", run(s.retry, "k", "hero", osis, "J", "letter"))
		require.Zero(t, rdb.ZCard(t.Context(), scopeShared+inDead).Val())
		require.Equal(t, int64(2), run(s.restore, osis, "hero", 10), "the id was pushed twice")
		require.Equal(t, int64(0), run(s.restore, osis, "hero", 10))
		require.Equal(t, []any{int64(2), int64(1)}, run(s.purge, osis, "hero", 10, "no more"))
		require.Equal(t, []any{int64(0), int64(0)}, run(s.purge, osis, "hero", 10, "no more", "J"))
	})
}

// The same of those for schedules.
func TestScheduleScriptsAlone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		s := loadScripts()
		run := func(s *script, args ...any) any {
			t.Helper()
			reply, err := s.run(t.Context(), rdb, []string{"henge:{C}:schedules", "circles"}, append([]any{1000, 10, 1000, 5000, 100, "oldest", 0}, args...)...)
			require.NoError(t, err)
			return reply
		}
		put := func(name, replace string, next any) any {
			return run(s.schedulePut, name, "C", replace, 2, next, "every 1s", "channel", "revision", "r", "dialect", "hero")
		}
		fire := func(revision string, from, next, tick any) any {
			return run(s.scheduleFire, "a", revision, from, next, tick, "hero", osis, fmt.Sprint("J", tick), "", "context_id", "C")
		}
		require.Equal(t, "1000", put("a", "", 1000))
		require.Equal(t, "exists", put("a", "", 2000))
		require.Equal(t, "1000", put("a", "1", 2000))
		require.Equal(t, "99999999999000", put("b", "", int64(99999999999000)))
		require.Equal(t, "full", put("c", "", 1000))
		require.Equal(t, []string{"C"}, rdb.SMembers(t.Context(), "circles").Val())
		due := run(s.scheduleDue, 10, 64, 10).([]any)
		require.Equal(t, []any{int64(2), "-1", []any{[]any{int64(1), "a", "hero"}}}, []any{due[0], due[2], due[3]})
		due = run(s.scheduleDue, 10, 64, 1).([]any)
		require.EqualValues(t, 1, due[0], "the rest is for another call")

		require.Equal(t, []any{"changed", ""}, fire("q", 1000, 2000, 1000))
		require.Equal(t, []any{"moved", ""}, fire("r", 2000, 3000, 2000))
		require.Equal(t, []any{"fired", "J1000"}, fire("r", 1000, 2000, 1000))
		require.Equal(t, []any{"moved", ""}, fire("r", 1000, 2000, 1000))
		require.Equal(t, []any{"skipped", ""}, fire("r", 2000, 3000, ""))
		require.Equal(t, []any{"early", ""}, fire("r", 3000, 4000, int64(99999999999000)))
		require.Equal(t, []any{"refused", "there is a job J1000 already"}, fire("r", 3000, 4000, 1000))
		require.Equal(t, []any{"fired", "J"}, fire("r", "", "", ""))
		require.Equal(t, "done", run(s.schedulePause, "a", "1", "", "", "channel"))
		require.Equal(t, []any{"paused", ""}, fire("r", 4000, 5000, 4000))
		require.Equal(t, "changed", run(s.schedulePause, "a", "", "q", 5000, "channel"))
		require.Equal(t, "done", run(s.schedulePause, "a", "", "r", 5000, "channel"))
		require.Equal(t, "missing", run(s.schedulePause, "c", "1", "", "", "channel"))
		require.Equal(t, int64(1), run(s.scheduleDefer, "a", "+1000", "C"))
		require.Equal(t, int64(0), run(s.scheduleDefer, "c", "+1000", "C"))
		require.Equal(t, []string{"J", "J1000"}, rdb.LRange(t.Context(), osis, 0, -1).Val())
		require.Equal(t, int64(1), run(s.scheduleRemove, "a", "C"))
		require.Equal(t, int64(0), run(s.scheduleRemove, "a", "C"))
		require.Equal(t, int64(1), run(s.scheduleRemove, "b", "C"))
		require.Zero(t, rdb.Exists(t.Context(), "circles", "henge:{C}:schedules").Val())
	})
}

// toInts makes the last of each triple a number, as a cursor does.
func toInts(v any) any {
	for _, one := range v.([]any) {
		triple := one.([]any)
		triple[2] = newCursor([]any{triple[2]}).int()
	}
	return v
}

func TestServerTimeAsText(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		prelude, call := source("prelude"), source("call")
		for _, at := range []time.Time{
			time.Unix(0, 0), time.Unix(951782399, 0), time.Unix(951782400, 999e6), time.Unix(1709164800, 0),
			time.Unix(1735689599, 1e6), time.Unix(1767225600, 0), time.Unix(4107542400, 0), time.Unix(32503679999, 999e6),
		} {
			source := strings.Replace(prelude, "redis.call('TIME')",
				fmt.Sprintf("{'%d', '%d'}", at.Unix(), at.Nanosecond()/1000), 1)
			source = "local arguments = ARGV\n" + source + "\nlocal function run() return iso8601() end\nlocal function tell() end\n" + call + "return call({}, arguments)"
			got, err := rdb.Eval(t.Context(), source, nil, 1, 1, 1, 1, 1, "oldest", 0).Result()
			require.NoError(t, err)
			require.Equal(t, at.UTC().Format("2006-01-02T15:04:05.000Z"), got)
		}
	})
}

func TestCursor(t *testing.T) {
	for name, read := range map[string]func(c *cursor){
		"not a list": func(c *cursor) { c.list() },
		"not an int": func(c *cursor) { c.int() },
		"too short":  func(c *cursor) { c.next(); c.next() },
		"no text":    func(c *cursor) { c.next(); _ = c.string() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCursor([]any{"x"})
			read(c)
			require.Error(t, c.err())
		})
	}
	require.Error(t, newCursor("x").err())
	c := newCursor([]any{"12", int64(3), nil})
	require.EqualValues(t, 12, c.int())
	require.EqualValues(t, 3, c.int())
	_, ok := c.text()
	require.False(t, ok)
	require.NoError(t, c.err())
}
