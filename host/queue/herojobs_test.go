package queue

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// savedJob is a text as producers write it, with what cjson would not keep: an
// empty array, a long number, spaces and an escape.
const savedJob = `{"jobid":1, "sessionkey":"","circleid":"c","topic":"t","params":"40 + 2 \u003c 50","params_type":"rhaiscript",` +
	`"timeout":0,"status":"new","time_scheduled":1,"time_start":0,"time_end":0,"error":"","result":"","log":true,"more":[ ],"n":12345678901234567890}`

var anyHeroJob = Wanted{Types: []string{"rhaiscript", "heroscript"}}

const heroJobsCT = "heroqueue:c:t"

// herojobsBundle does what the producers of this dialect do.
type herojobsBundle struct {
	*testBundle
	q *Queue
}

func setupHeroJobs(t *testing.T, rdb *redis.Client, opts Options) *herojobsBundle {
	b := setup(t, rdb)
	require.NoError(t, rdb.FlushAll(t.Context()).Err())
	opts.Dialects = []string{HeroJobs}
	return &herojobsBundle{b, b.queue(opts)}
}

func (b *herojobsBundle) save(list string, id int, text string) {
	b.Helper()
	key := strings.Replace(list, "heroqueue:", "herojobs:", 1) + ":" + strconv.Itoa(id)
	require.NoError(b, b.rdb.HSet(b.Context(), key, "job", text).Err())
	require.NoError(b, b.rdb.RPush(b.Context(), list, id).Err())
}

func (b *herojobsBundle) take(n int) Claims {
	b.Helper()
	require.NoError(b, b.q.Serve(anyHeroJob))
	require.NoError(b, b.q.Discover(b.Context()))
	claims, err := b.q.Claim(b.Context(), anyHeroJob, n)
	require.NoError(b, err)
	return claims
}

func (b *herojobsBundle) takeOne(id int) *Claim {
	b.Helper()
	claims := b.take(10)
	require.Equal(b, []string{strconv.Itoa(id)}, idsOf(claims.Jobs), "%v", claims.Notices)
	return claims.Jobs[0]
}

func (b *herojobsBundle) text(key string) string {
	b.Helper()
	text, err := b.rdb.HGet(b.Context(), key, "job").Result()
	require.NoError(b, err)
	return text
}

// requireText checks a text against savedJob with other values for members.
func (b *herojobsBundle) requireText(key string, values ...string) {
	b.Helper()
	got := b.text(key)
	fields := herojobsFields(map[string]string{"job": got}, nil)
	want := savedJob
	for _, name := range []string{"time_start", "time_end"} {
		want = strings.Replace(want, `"`+name+`":0`, `"`+name+`":`+fields[name], 1)
	}
	for i := 0; i < len(values); i += 2 {
		require.Contains(b, want, values[i])
		want = strings.Replace(want, values[i], values[i+1], 1)
	}
	require.Equal(b, want, got)
}

func (b *herojobsBundle) time(key, name string) int64 {
	b.Helper()
	n, err := strconv.ParseInt(herojobsFields(map[string]string{"job": b.text(key)}, nil)[name], 10, 64)
	require.NoError(b, err)
	return n
}

func (b *herojobsBundle) lose(c *Claim) {
	b.Helper()
	m := HeroJobs + "|" + c.Job.Queue + "|" + c.Job.ID
	require.EqualValues(b, 1, b.rdb.Exists(b.Context(), scopeShared+inLease).Val())
	require.NoError(b, b.rdb.ZAddXX(b.Context(), scopeShared+inLease, redis.Z{Member: m, Score: 1}).Err())
	b.reap(b.q)
}

func TestHeroJobsSequence(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, circle := range []string{"c", "myCircle"} { // the second is no fixed name
			b := setupHeroJobs(t, rdb, Options{JobTTL: time.Hour})
			list, key := "heroqueue:"+circle+":myTopic", "herojobs:"+circle+":myTopic:1"
			before := time.Now().Add(-time.Minute).Unix()
			b.save(list, 1, savedJob)
			c := b.takeOne(1)
			require.Empty(t, c.Refusal)
			require.Equal(t, job.Job{
				ID: "1", Dialect: HeroJobs, Queue: list, Circle: strings.ToLower(circle), Type: "rhaiscript",
				Payload: []byte("40 + 2 < 50"), Timeout: job.DefaultTimeout, Attempt: 1, Run: 1, Begun: c.Job.Begun, Live: c.Job.Live,
			}, *c.Job)
			b.requireText(key, `"status":"new"`, `"status":"active"`)
			require.Greater(t, b.time(key, "time_start"), before)
			require.Zero(t, b.time(key, "time_end"))
			require.Zero(t, rdb.Exists(t.Context(), list).Val())

			b.finish(b.q, c, "a \"quote\"\nand \xff")
			b.requireText(key, `"status":"new"`, `"status":"done"`, `"result":""`, `"result":"a \"quote\"\nand `+"\uFFFD"+`"`)
			require.GreaterOrEqual(t, b.time(key, "time_end"), b.time(key, "time_start"))
			require.Positive(t, rdb.PTTL(t.Context(), key).Val())
			require.Positive(t, rdb.PTTL(t.Context(), herojobsOwn+list+"|1").Val())

			// Pushed again it is dropped, and set back to new it is a new run.
			require.NoError(t, rdb.RPush(t.Context(), list, 1).Err())
			require.Empty(t, b.take(10).Jobs)
			b.save(list, 1, savedJob)
			c = b.takeOne(1)
			require.EqualValues(t, []int64{2, 2}, []int64{c.Job.Run, c.Job.Attempt})
			for _, kept := range []string{key, herojobsOwn + list + "|1"} { // while it runs
				require.EqualValues(t, -1, rdb.PTTL(t.Context(), kept).Val())
			}
			require.NoError(t, b.q.Finish(t.Context(), c, &job.Result{End: job.ScriptError, Error: "line 1"}))
			b.requireText(key, `"status":"new"`, `"status":"error"`, `"error":""`, `"error":"line 1"`)
		}
	})
}

func TestHeroJobsOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for pop, want := range map[Pop][]string{PopOldest: {"1", "2", "3"}, PopNewest: {"3", "2", "1"}} {
			b := setupHeroJobs(t, rdb, Options{Pop: pop})
			for id := 1; id <= 3; id++ {
				b.save(heroJobsCT, id, savedJob)
			}
			var got []string
			for range 3 {
				got = append(got, idsOf(b.take(1).Jobs)...)
			}
			require.Equal(t, want, got, pop)
		}
	})
}

func TestHeroJobsFields(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for _, c := range []struct{ name, list, old, new, refusal string }{
			{"heroscript", heroJobsCT, `"rhaiscript"`, `"heroscript"`, ""},
			{"timeout", heroJobsCT, `"timeout":0`, `"timeout":5`, ""},
			{"comma", "heroqueue:a,b:t", "", "", ""},
			{"unknown type", heroJobsCT, `"rhaiscript"`, `"cobol"`, "Unknown parameters type: cobol"},
			{"no type", heroJobsCT, `"params_type"`, `"kind"`, "Unknown parameters type: "},
			{"openrpc", heroJobsCT, `"rhaiscript"`, `"openrpc"`, "parameters of type openrpc are not run by henge: only rhaiscript and heroscript are"},
			{"ai", heroJobsCT, `"rhaiscript"`, `"ai"`, "parameters of type ai are not run by henge: only rhaiscript and heroscript are"},
			{"no params", heroJobsCT, `"params"`, `"script"`, "params is missing: write the source text there"},
			{"odd timeout", heroJobsCT, `"timeout":0`, `"timeout":-1`, `timeout "-1" is not a whole number of seconds: write e.g. 60`},
			{"odd circle", "heroqueue:,:t", "", "", `the list's name: circle ",", which is "," in keys, is not ` + job.CircleRule + "; here a comma may stand in it too"},
		} {
			t.Run(c.name, func(t *testing.T) {
				b := setupHeroJobs(t, rdb, Options{})
				b.save(c.list, 1, strings.Replace(savedJob, c.old, c.new, 1))
				claim := b.takeOne(1)
				require.Equal(t, c.refusal, claim.Refusal)
				require.Empty(t, claim.Job.Caller)
				require.NoError(t, b.q.Finish(t.Context(), claim, &job.Result{End: job.Refused, Error: "no"}))
				require.Contains(t, b.text(strings.Replace(c.list, "queue", "jobs", 1)+":1"), `"status":"error"`)
			})
		}
	})
}

func TestHeroJobsDeadLetters(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		for text, why := range map[string]string{
			`{"jobid":1,`: "its field job is not a JSON object: ", "[]": "its field job is not a JSON object: ", "": "its field job is not a JSON object: ",
		} {
			b := setupHeroJobs(t, rdb, Options{})
			b.save(heroJobsCT, 1, text)
			require.Empty(t, b.take(10).Jobs)
			require.Len(t, b.dead(), 1)
			require.Contains(t, b.dead()[0], why)
			require.Equal(t, text, b.text("herojobs:c:t:1"))
		}
		b := setupHeroJobs(t, rdb, Options{})
		require.NoError(t, rdb.RPush(t.Context(), heroJobsCT, "a:1").Err())
		require.Empty(t, b.take(10).Jobs)
		require.Contains(t, b.dead()[0], "its id is not a whole number")
		// An id may come before its job.
		require.NoError(t, rdb.RPush(t.Context(), heroJobsCT, 2).Err())
		require.Empty(t, b.take(10).Jobs)
		require.NoError(t, rdb.HSet(t.Context(), "herojobs:c:t:2", "job", savedJob).Err())
		b.takeOne(2)
	})
}

// What would take the server long is refused, whatever is behind it.
func TestHeroJobsTooMuch(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		const key = "herojobs:c:t:1"
		for name, c := range map[string]struct{ old, new, why string }{
			"values":  {"[ ]", "[" + strings.Repeat("1,", 20_000) + "1]", "its field job has more than 15000 values, which would hold up everybody"},
			"escapes": {"40 + 2", strings.Repeat(`\n`, 150_001), "its field job has more than 150000 escapes, which would hold up everybody"},
			"bytes":   {"40 + 2", strings.Repeat("x", 4<<20), " bytes long: at most 4194304 are allowed"},
		} {
			t.Run(name, func(t *testing.T) {
				b := setupHeroJobs(t, rdb, Options{})
				text := strings.Replace(savedJob, c.old, c.new, 1)
				b.save(heroJobsCT, 1, text)
				require.Empty(t, b.take(10).Jobs)
				require.Len(t, b.dead(), 1)
				require.Contains(t, b.dead()[0], c.why)

				// Who takes the first of two members of a name sees it, and who
				// takes the last one; and nothing is lost.
				got := b.text(key)
				told, rest, _ := strings.Cut(strings.TrimPrefix(got, "{"), `,"jobid"`)
				require.Contains(t, told, c.why)
				require.Equal(t, "{"+told+`,"jobid"`+rest, got)
				require.Equal(t, strings.TrimSuffix(text, "}")+","+told+"}", `{"jobid"`+rest)
				p, err := NewProducer(rdb, HeroJobs)
				require.NoError(t, err)
				ref := Ref{ID: "1", Circle: "c", Topic: "t"}
				r, err := p.Get(t.Context(), ref)
				require.NoError(t, err)
				require.True(t, r.Failed())
				require.Contains(t, r.Fields["error"], c.why)
				require.Equal(t, "refused", r.Fields["end"])

				// Another try says the same and leaves the text as it is.
				require.NoError(t, p.Retry(t.Context(), ref))
				require.Empty(t, b.take(10).Jobs)
				require.Equal(t, got, b.text(key))
				require.NoError(t, p.Remove(t.Context(), ref))
				b.save(heroJobsCT, 1, savedJob) // a shorter one is run
				b.takeOne(1)
			})
		}
	})
}

// A text that is changed or gone while its job runs ends nothing.
func TestHeroJobsTextBrokenWhileItRuns(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupHeroJobs(t, rdb, Options{})
		b.save(heroJobsCT, 1, savedJob)
		c := b.takeOne(1)
		require.NoError(t, rdb.HSet(t.Context(), "herojobs:c:t:1", "job", "no JSON").Err())
		renewal, err := b.q.Renew(t.Context(), []*Claim{c})
		require.NoError(t, err)
		require.Empty(t, renewal.Lost)
		b.finish(b.q, c, "42")
		require.Equal(t, "no JSON", b.text("herojobs:c:t:1"))
		own := rdb.HGetAll(t.Context(), herojobsOwn+heroJobsCT+"|1").Val()
		require.Equal(t, []string{"done", "success", "42"}, []string{own["status"], own["end"], own["result"]})
	})
}

func TestHeroJobsRunNotBeforeTheirTime(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupHeroJobs(t, rdb, Options{})
		at := time.Now().Add(time.Hour).Unix()
		b.save(heroJobsCT, 1, strings.Replace(savedJob, `"time_scheduled":1`, fmt.Sprintf(`"time_scheduled":%d`, at), 1))
		b.save(heroJobsCT, 2, strings.Replace(savedJob, `"time_scheduled":1`, `"time_scheduled":1e99`, 1))
		b.takeOne(2) // what is no number of seconds is not waited for
		due := rdb.ZRangeWithScores(t.Context(), scopeShared+inDue, 0, -1).Val()
		require.Len(t, due, 1)
		require.EqualValues(t, at*1000, due[0].Score)
		require.NoError(t, rdb.ZAdd(t.Context(), scopeShared+inDue, redis.Z{Member: due[0].Member, Score: 1}).Err())
		b.save(heroJobsCT, 1, savedJob) // the producer, or time, has come nearer
		require.Equal(t, []string{"1"}, idsOf(b.take(10).Jobs))
	})
}

func TestHeroJobsFence(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupHeroJobs(t, rdb, Options{})
		b.save(heroJobsCT, 1, savedJob)
		first := b.takeOne(1)
		b.lose(first)
		b.requireText("herojobs:c:t:1")
		second := b.takeOne(1)
		require.EqualValues(t, []int64{2, 1}, []int64{second.Job.Attempt, second.Crashes})
		require.ErrorIs(t, b.q.Finish(t.Context(), first, &job.Result{End: job.Success, Output: []byte("late")}), ErrLost)
		b.save(heroJobsCT, 1, savedJob) // a producer saves it, and pushes it, while it runs
		require.Empty(t, b.take(10).Jobs)
		require.ErrorIs(t, b.q.Finish(t.Context(), first, &job.Result{End: job.Success, Output: []byte("late")}), ErrLost)
		b.finish(b.q, second, "42")
		b.requireText("herojobs:c:t:1", `"status":"new"`, `"status":"done"`, `"result":""`, `"result":"42"`)
	})
}

func TestHeroJobsSubmit(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		b := setupHeroJobs(t, rdb, Options{})
		p, err := NewProducer(rdb, HeroJobs)
		require.NoError(t, err)
		s := Submission{Job: job.Job{Circle: "My Circle-1", Type: "osis", Payload: []byte("1 < 2"), Timeout: 1500 * time.Millisecond, Retries: 1}}
		require.NoError(t, rdb.HSet(t.Context(), "herojobs:my_circle_1:default:2", "job", savedJob).Err())
		for _, id := range []string{"1", "3"} { // 2 is taken
			ref, err := p.Submit(t.Context(), &s)
			require.NoError(t, err)
			require.Equal(t, Ref{ID: id, Circle: "my_circle_1", Topic: "default"}, ref)
		}
		for id, want := range map[string]string{"3": ErrExists.Error(), "0": "whole number", "x": "whole number", "4294967296": "whole number"} {
			s.ID = id
			_, err = p.Submit(t.Context(), &s)
			require.ErrorContains(t, err, want)
		}
		s.ID = ""
		many, err := p.SubmitMany(t.Context(), []Submission{s})
		require.NoError(t, err)
		require.Equal(t, []Submitted{{Ref: Ref{ID: "4", Circle: "my_circle_1", Topic: "default"}}}, many)

		ref := many[0].Ref
		at := b.time("herojobs:my_circle_1:default:4", "time_scheduled")
		require.Equal(t, fmt.Sprintf(`{"jobid":4,"sessionkey":"","circleid":"my_circle_1","topic":"default","params":"1 < 2","params_type":"rhaiscript",`+
			`"timeout":2,"status":"new","time_scheduled":%d,"time_start":0,"time_end":0,"error":"","result":"","log":false}`, at),
			b.text("herojobs:my_circle_1:default:4"))
		claims := b.take(10).Jobs
		require.Equal(t, []string{"1", "3", "4"}, idsOf(claims))
		require.Equal(t, 1, claims[2].Job.Retries)
		b.finish(b.q, claims[2], "42")
		r, err := p.Get(t.Context(), ref)
		require.NoError(t, err)
		require.Equal(t, []string{"done", "42", "success", "1"}, []string{r.Status(), r.Fields["result"], r.Fields["end"], r.Fields["attempt"]})
		list, err := p.List(t.Context(), Filter{Circle: "My Circle-1", Status: "done"}, 0)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, ref, list[0].Ref)
		require.NotContains(t, list[0].Fields, "result")
		s.ID = "8"
		_, err = p.Submit(t.Context(), &s)
		require.NoError(t, err)
		require.NoError(t, rdb.Del(t.Context(), "herojobs:my_circle_1:default:8").Err())
		s.ID = ""
		ref, err = p.Submit(t.Context(), &s)
		require.NoError(t, err)
		require.Equal(t, "9", ref.ID) // 8 is gone, and never used again
		_, err = p.Get(t.Context(), Ref{ID: "9", Circle: "c"})
		require.ErrorIs(t, err, ErrNotFound)
	})
}
