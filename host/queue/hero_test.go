package queue

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

func TestWhatAProducerWrites(t *testing.T) {
	t.Parallel()
	type fields = map[string]string
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, c := range []struct {
			name    string
			fields  fields
			refusal string // part of it; "" for none
			check   func(t *testing.T, c *Claim)
		}{
			{"timeout", fields{"timeout": "5"}, "", func(t *testing.T, c *Claim) { require.Equal(t, 5*time.Second, c.Job.Timeout) }},
			{"timeout 0", fields{"timeout": "0"}, "", func(t *testing.T, c *Claim) { require.Equal(t, time.Minute, c.Job.Timeout) }},
			{"timeout empty", fields{"timeout": ""}, "", func(t *testing.T, c *Claim) { require.Equal(t, time.Minute, c.Job.Timeout) }},
			{"timeout text", fields{"timeout": "abc"}, `timeout "abc" is not a whole number of seconds: write e.g. 60`, nil},
			{"timeout negative", fields{"timeout": "-1"}, `timeout "-1" is not`, nil},
			{"timeout fraction", fields{"timeout": "1.5"}, `timeout "1.5" is not`, nil},
			{"timeout long text", fields{"timeout": strings.Repeat("x\n", 5000)}, `\n"… (10000 bytes) is not a whole`, nil},
			{"timeout huge", fields{"timeout": "9223372036854775807"}, "", func(t *testing.T, c *Claim) {
				require.Equal(t, MaxTimeout, c.Job.Timeout)
				require.Len(t, c.Notes, 1)
			}},
			{"timeout endless", fields{"timeout": strings.Repeat("9", 1000)}, "", func(t *testing.T, c *Claim) {
				require.Equal(t, MaxTimeout, c.Job.Timeout)
				require.Less(t, len(c.Notes[0]), 200)
			}},
			{"retries", fields{"retries": "3"}, "", func(t *testing.T, c *Claim) { require.Equal(t, 3, c.Job.Retries) }},
			{"retries text", fields{"retries": "many"}, `retries "many" is not a whole number: write e.g. 2`, nil},
			{"retries huge", fields{"retries": "99999999999999999999"}, "", func(t *testing.T, c *Claim) { require.Equal(t, MaxRetries, c.Job.Retries) }},
			{"env", fields{"env_vars": `{"A":"1","B":""}`}, "", func(t *testing.T, c *Claim) {
				require.Equal(t, map[string]string{"A": "1", "B": ""}, c.Job.Env)
			}},
			{"env empty", fields{"env_vars": `{}`}, "", nil},
			{"env array", fields{"env_vars": `["A"]`}, `env_vars "[\"A\"]" is not a JSON object of texts`, nil},
			{"env number", fields{"env_vars": `{"A":1}`}, `is not a JSON object of texts`, nil},
			{"env null", fields{"env_vars": `{"A":null}`}, `is not a JSON object of texts`, nil},
			{"env only null", fields{"env_vars": `null`}, `is not a JSON object of texts`, nil},
			{"env not JSON", fields{"env_vars": "A=1"}, `is not a JSON object of texts`, nil},
			{"env not UTF-8", fields{"env_vars": "{\"A\":\"\xff\"}"}, `is not a JSON object of texts`, nil},
			{"env odd name", fields{"env_vars": `{"A=B":"1"}`}, `cannot be a variable`, nil},
			{"env NUL", fields{"env_vars": `{"A":"\u0000"}`}, `cannot be a variable`, nil},
			{"circle empty", fields{"context_id": ""}, "context_id is missing", nil},
			{"circle odd", fields{"context_id": "../etc"}, `context_id: circle "../etc" is not a public key`, nil},
			{"circle not UTF-8", fields{"context_id": "\xff\xfe"}, `circle "\xff\xfe" is not`, nil},
			{"circle with NUL", fields{"context_id": "alice\x00"}, `circle "alice\x00" is not`, nil},
			{"caller not UTF-8", fields{"caller_id": "\xff"}, `caller_id: caller "\xff" is not a public key`, nil},
			{"caller with line end", fields{"caller_id": "a\nb"}, `caller_id: caller "a\nb" is not`, nil},
			{"no caller", fields{"caller_id": ""}, "", nil},
			{"empty script", fields{"script": ""}, "", nil},
			{"bytes in the script", fields{"script": "\x00\xff"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "\x00\xff", string(c.Job.Payload)) }},
			{"type", fields{"script_type": "OSIS"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "osis", c.Job.Type) }},
			{"type differs from the list", fields{"script_type": "Python"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "python", c.Job.Type) }},
			{"type odd", fields{"script_type": "a\x1b[2J"}, `script_type: type "a\x1b[2J" is not 1 to 64 of A-Z a-z 0-9 . _ -`, nil},
			{"older field", fields{"actor_id": "SAL"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "sal", c.Job.Type) }},
			{"older field, first", fields{"worker_id": "sal", "actor_id": "osis"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "sal", c.Job.Type) }},
			{"older field that names a worker", fields{"worker_id": "box-7"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "osis", c.Job.Type) }},
			{"older field beside a type", fields{"worker_id": "sal", "script_type": "osis"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "osis", c.Job.Type) }},
			{"log_path", fields{"log_path": "/etc/passwd"}, "", func(t *testing.T, c *Claim) {
				require.Len(t, c.Notes, 1)
				require.Contains(t, c.Notes[0], "log_path is ignored")
			}},
			{"no needs", fields{"prerequisites": "[]", "dependencies": "", "dependents": `["x"]`}, "", nil},
			{"prerequisites empty", fields{"prerequisites": `[""]`}, `prerequisites "[\"\"]" is not a JSON array of job ids`, nil},
			{"prerequisites of numbers", fields{"prerequisites": `[1]`}, `prerequisites "[1]" is not a JSON array of job ids`, nil},
			{"backoff", fields{"henge:backoff": `{"growth":"constant","first_ms":5}`}, "", func(t *testing.T, c *Claim) {
				require.Equal(t, &Backoff{Growth: Constant, First: 5 * time.Millisecond}, c.backoff)
			}},
			{"backoff odd", fields{"henge:backoff": `{"grow":1}`}, `henge:backoff "{\"grow\":1}" cannot be read`, nil},
			{"backoff grows oddly", fields{"henge:backoff": `{"growth":"wild"}`}, `henge:backoff: growth "wild" is not constant`, nil},
			{"trace", fields{"traceparent": "00-1-2-01"}, "", func(t *testing.T, c *Claim) { require.Equal(t, "00-1-2-01", c.Traceparent) }},
			{"depth", fields{"henge:depth": "3"}, "", func(t *testing.T, c *Claim) { require.Equal(t, 3, c.Job.Depth) }},
			{"depth odd", fields{"henge:depth": "-1"}, `henge:depth "-1" is not a whole number`, nil},
			{"dependencies odd", fields{"dependencies": `x`}, `dependencies "x" is not a JSON array of job ids`, nil},
			{"limits", fields{"henge:limits": `{"fuel":1000, "wall_ms" : 1500, "memory":1048576}`}, "", func(t *testing.T, c *Claim) {
				require.Equal(t, job.Limits{Fuel: 1000, Wall: 1500 * time.Millisecond, Memory: 1 << 20}, c.Job.Limits)
			}},
			{"limits that say nothing", fields{"henge:limits": `{}`}, "", func(t *testing.T, c *Claim) { require.Zero(t, c.Job.Limits) }},
			{"limits empty", fields{"henge:limits": ""}, "", func(t *testing.T, c *Claim) { require.Zero(t, c.Job.Limits) }},
			{"limits huge", fields{"henge:limits": `{"fuel":99999999999999999999,"wall_ms":99999999999999999999}`}, "", func(t *testing.T, c *Claim) {
				require.EqualValues(t, math.MaxInt64, c.Job.Limits.Fuel)
				require.Greater(t, c.Job.Limits.Wall, 290*365*24*time.Hour)
			}},
			{"limits not JSON", fields{"henge:limits": "fuel=1"}, `henge:limits "fuel=1" is not a JSON object of whole numbers: write e.g. {"fuel":1000000}`, nil},
			{"limits null", fields{"henge:limits": "null"}, `henge:limits "null" is not a JSON object`, nil},
			{"limits a list", fields{"henge:limits": "[1]"}, `is not a JSON object of whole numbers`, nil},
			{"limit misspelt", fields{"henge:limits": `{"feul":1}`}, `henge:limits: there is no limit "feul"; there are depth, fuel, host_calls, input, log, memory, output, wall_ms`, nil},
			{"limit of 0", fields{"henge:limits": `{"fuel":0}`}, `henge:limits: fuel is "0", not a whole number from 1`, nil},
			{"limit negative", fields{"henge:limits": `{"depth":-1}`}, `depth is "-1", not a whole number`, nil},
			{"limit fraction", fields{"henge:limits": `{"depth":1.5}`}, `depth is "1.5", not a whole number`, nil},
			{"limit text", fields{"henge:limits": `{"memory":"64MiB"}`}, `memory is "\"64MiB\"", not a whole number`, nil},
			{"limit null", fields{"henge:limits": `{"log":null}`}, `log is "null", not a whole number`, nil},
			{"limit long", fields{"henge:limits": `{"` + strings.Repeat("\x1b", 5000) + `":1}`}, `henge:limits "{\"\x1b`, nil},
			{"counters of a stranger", fields{"attempt": "1e300", "run": "-5", "failures": "nan", "crashes": "99999999999999999999"}, "",
				func(t *testing.T, c *Claim) {
					require.Equal(t, []int64{1, 1, 0, 0}, []int64{c.Job.Attempt, c.Job.Run, c.Failures, c.Crashes})
				}},
			{"no status", fields{"status": ""}, "", nil},
			{"another status", fields{"status": "started"}, "", nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				b := setup(t, rdb)
				require.NoError(t, rdb.FlushAll(t.Context()).Err())
				q := b.queue(Options{})
				id := b.put(c.fields)
				claims, err := q.Claim(t.Context(), Wanted{Types: []string{"osis", "sal"}}, 1)
				require.NoError(t, err)
				require.Len(t, claims.Jobs, 1)
				claim := claims.Jobs[0]
				require.Equal(t, id, claim.Job.ID)
				if c.refusal == "" {
					require.Empty(t, claim.Refusal)
				} else {
					require.Contains(t, claim.Refusal, c.refusal)
					require.Less(t, len(claim.Refusal), 500)
				}
				if c.check != nil {
					c.check(t, claim)
				}
				require.NoError(t, q.Finish(t.Context(), claim, &job.Result{End: job.Refused, Error: "x"}))
				require.Equal(t, "error", b.get(id)["status"])
			})
		}
	})
}

func TestFieldsThatAreMissing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setup(t, rdb)
		q := b.queue(Options{Circles: []string{alice}})
		for _, c := range []struct {
			fields  map[string]string
			refusal string
		}{
			{map[string]string{"context_id": alice}, "script is missing"},
			{map[string]string{"script": "1"}, "context_id is missing"},
			{map[string]string{"unknown": "1"}, "context_id is missing"},
		} {
			require.NoError(t, rdb.FlushAll(t.Context()).Err())
			require.NoError(t, rdb.HSet(t.Context(), heroJob+"x", c.fields).Err())
			b.push(osis, "x")
			require.Contains(t, b.one(q, "x").Refusal, c.refusal)
		}
	})
}

func FuzzReadHero(f *testing.F) {
	f.Add("alice", "osis", "60", "1", `{"A":"b"}`, "[]", `{"fuel":1,"wall_ms":2}`, `{"growth":"linear"}`, "00-1", "2")
	f.Add("\xff", "\x00", "-1", "99999999999999999999", `{`, `["x"]`, `{"memory":-1}`, `{"first_ms":-1}`, "\n", "x")
	f.Fuzz(func(t *testing.T, circle, scriptType, timeout, retries, env, needs, limits, backoff, trace, depth string) {
		claim := &Claim{Job: &job.Job{Queue: osis}}
		c := newCursor([]any{
			"context_id", circle, "script_type", scriptType, "script", "", "timeout", timeout, "retries", retries, "env_vars", env,
			"prerequisites", needs, "dependencies", needs, fieldLimits, limits, fieldBackoff, backoff, "traceparent", trace, "henge:depth", depth,
		})
		hero{}.read(claim, given{c}, osisOnly)
		require.NoError(t, c.err())
		require.Less(t, len(claim.Refusal), 1000)
		if claim.Refusal == "" {
			_, err := job.ParseCircle(claim.Job.Circle)
			require.NoError(t, err)
			require.Positive(t, claim.Job.Timeout)
			require.LessOrEqual(t, claim.Job.Timeout, MaxTimeout)
			require.GreaterOrEqual(t, claim.Job.Retries, 0)
			require.GreaterOrEqual(t, claim.Job.Depth, 0)
			l := claim.Job.Limits
			require.GreaterOrEqual(t, min(l.Memory, int64(l.Wall), l.Input, l.Output, l.Log, l.Fuel, l.Depth, l.HostCalls), int64(0))
		}
	})
}
