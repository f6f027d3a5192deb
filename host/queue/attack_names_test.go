package queue

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// attackNames are names that are none: of circles, callers and schedules.
var attackNames = map[string]string{
	"path":        "../../x",
	"NUL":         "alice\x00",
	"10 kB":       strings.Repeat("a", 10_000),
	"homoglyph":   "аlice", // with a Cyrillic letter
	"invisible":   "ali\u200dce",
	"right left":  "\u202eecila",
	"Kelvin sign": "\u212aelvin",
	"braces":      "}{alice",
	"line end":    "alice\nbob",
	"bar":         "alice|bob",
	"star":        "*",
	"not UTF-8":   "alice\xff",
}

// What a producer with redis-cli writes as a circle or a caller is refused in
// each dialect, with what is allowed, and the jobs beside it are served.
func TestNamesAsAttacksInJobs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for dialect, d := range map[string]struct {
			key, list      string
			circle, caller string
			kind           string // empty where a job does not say its type
			fields         []string
			types          Wanted
		}{
			Hero: {heroJob, osis, "context_id", "caller_id", "script_type", []string{"context_id", alice, "script", "1", "status", "dispatched"}, osisOnly},
			Rhailib: {rhailibTask, rhailibList + alice, "context_id", "caller_id", "", []string{"script", "1", "status", "pending"},
				Wanted{Types: []string{rhailibType}}},
			Henge: {"henge:{" + alice + "}:job:", "henge:{" + alice + "}:q:osis", "circle", "caller", "type", []string{"payload", "1", "status", "queued"}, osisOnly},
		} {
			t.Run(dialect, func(t *testing.T) {
				q := setup(t, rdb).queue(Options{Circles: []string{alice}, Dialects: []string{dialect}})
				require.NoError(t, q.Serve(d.types))
				claim := func(id, field, name string) *Claim {
					require.NoError(t, rdb.HSet(t.Context(), d.key+id, append(d.fields, "id", id)).Err())
					if field != "" {
						require.NoError(t, rdb.HSet(t.Context(), d.key+id, field, name).Err())
					}
					require.NoError(t, rdb.LPush(t.Context(), d.list, id).Err())
					claims, err := q.Claim(t.Context(), d.types, 10)
					require.NoError(t, err)
					if field == d.circle && len(claims.Jobs) == 0 {
						return nil // not this worker's circle
					}
					require.Len(t, claims.Jobs, 1, "%v", claims.Notices)
					return claims.Jobs[0]
				}
				for what, name := range attackNames {
					c := claim("caller "+what, d.caller, name)
					require.Contains(t, c.Refusal, job.CallerRule, what)
					require.Less(t, len(c.Refusal), 1000, what)
					require.Empty(t, c.Job.Caller, what)
					if d.kind != "" {
						c = claim("type "+what, d.kind, name)
						require.Contains(t, c.Refusal, job.TypeRule, what)
						require.Less(t, len(c.Refusal), 1000, what)
						require.NotEqual(t, "kelvin", c.Job.Type, what)
					}
					if c = claim("circle "+what, d.circle, name); c != nil {
						require.NotEmpty(t, c.Refusal, what)
						require.Less(t, len(c.Refusal), 1000, what)
					}
				}
				require.Empty(t, claim("good", "", "").Refusal)
			})
		}
	})
}

// A list whose name has such a circle in it, or such a topic, gives jobs to
// nobody but those who say what is wrong.
func TestNamesAsAttacksInLists(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		q := setup(t, rdb).queue(Options{})
		wanted := Wanted{Types: []string{"osis", rhailibType, rhaiParams}}
		require.NoError(t, q.Serve(wanted))
		for _, name := range attackNames {
			for _, list := range []string{"henge:{" + name + "}:q:osis", "henge:{" + alice + "}:q:osis:" + name, rhailibList + name, herojobsList + name + ":default", herojobsList + alice + ":" + name} {
				require.NoError(t, rdb.LPush(t.Context(), list, "x").Err())
			}
		}
		require.NoError(t, q.Discover(t.Context()))
		for range 20 {
			claims, err := q.Claim(t.Context(), wanted, 100)
			require.NoError(t, err)
			for _, c := range claims.Jobs {
				require.NotEmpty(t, c.Refusal, "%q", c.Job.Queue)
			}
		}
	})
}

// The same names by way of a producer in Go, in each dialect.
func TestNamesAsAttacksAreNotSubmitted(t *testing.T) {
	rdb := redistest.InProcess(t)
	for _, dialect := range []string{Hero, Rhailib, Henge, HeroJobs} {
		p, err := NewProducer(rdb, dialect)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, p.Close()) })
		kind := map[string]string{Rhailib: rhailibType, HeroJobs: rhaiParams}[dialect]
		if kind == "" {
			kind = "osis"
		}
		for what, name := range attackNames {
			_, err := p.Submit(t.Context(), &Submission{Job: job.Job{Circle: alice, Caller: name, Type: kind, Payload: []byte("1")}})
			require.ErrorContains(t, err, job.CallerRule, "%s: caller: %s", dialect, what)
			_, err = p.Submit(t.Context(), &Submission{Job: job.Job{Circle: alice, Type: name, Payload: []byte("1")}})
			require.ErrorContains(t, err, job.TypeRule, "%s: type: %s", dialect, what)
			if dialect == HeroJobs {
				continue // names are written otherwise in keys: TestFixName
			}
			_, err = p.Submit(t.Context(), &Submission{Job: job.Job{Circle: name, Type: kind, Payload: []byte("1")}})
			require.ErrorContains(t, err, job.CircleRule, "%s: circle: %s", dialect, what)
			require.ErrorContains(t, checkScheduleName(name), scheduleNameRule, "schedule: %s", what)
		}
		keys, err := rdb.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.Empty(t, keys, "nothing was written")
	}
}

// What looks like a type is none, neither in a list's name nor in the JSON of
// HeroJobs, and no worker serves it.
func TestTypesAsAttacks(t *testing.T) {
	require.False(t, Wanted{Types: []string{"kelvin"}}.has("\u212aelvin"), "the Kelvin sign is no k")
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for what, name := range attackNames {
			require.ErrorContains(t, Wanted{Types: []string{name}}.check(), job.TypeRule, what)
		}
		q := setup(t, rdb).queue(Options{Circles: []string{alice}, Dialects: []string{HeroJobs}})
		wanted := Wanted{Types: []string{rhaiParams}}
		require.NoError(t, q.Serve(wanted))
		for what, name := range attackNames {
			text, err := json.Marshal(map[string]any{"jobid": 1, "params": "1", "params_type": name, "status": "new"})
			require.NoError(t, err)
			require.NoError(t, rdb.HSet(t.Context(), herojobsJob+alice+":default:1", "job", text).Err())
			require.NoError(t, rdb.RPush(t.Context(), herojobsList+alice+":default", "1").Err())
			claims, err := q.Claim(t.Context(), wanted, 1)
			require.NoError(t, err)
			require.Len(t, claims.Jobs, 1, what)
			require.Contains(t, claims.Jobs[0].Refusal, "Unknown parameters type: type ", what)
			require.Contains(t, claims.Jobs[0].Refusal, job.TypeRule, what)
			require.NoError(t, rdb.FlushDB(t.Context()).Err())
		}
	})
}
