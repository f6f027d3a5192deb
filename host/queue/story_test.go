package queue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis/redistest"
)

// keyClock holds how many seconds the scripts of a story are ahead of the
// server's clock: so time passes with a real server.
const keyClock = "test:clock"

func scriptsWithClock() *scripts {
	const clock = "  CLOCK = redis.call('TIME')"
	return scriptsOf(func(parts ...string) string {
		text := source(parts...)
		shifted := strings.Replace(text, clock, clock+"\nCLOCK[1] = CLOCK[1] + (redis.call('GET', '"+keyClock+"') or 0)", 1)
		if shifted == text && slices.Contains(parts, "prelude") {
			panic("the scripts read the clock in another way now")
		}
		return shifted
	})
}

// Whatever producers, operators and workers do, in any order and at any time,
// in any dialect: what becomes of the jobs is what the model says, and in the
// end each has ended, with one reply for each run. More stories with
// -rapid.checks.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, d := range allDialects() {
		t.Run(d.name(), func(t *testing.T) {
			t.Parallel()
			redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
				ctx := context.WithoutCancel(t.Context())
				rapid.Check(t, func(r *rapid.T) {
					require.NoError(t, rdb.FlushAll(ctx).Err())
					newStory(t, ctx, rdb, d, r).tell()
				})
			})
		})
	}
}

// story is one sequence of what happens. An hour's lease and steps of minutes
// make what the test itself takes count for nothing.
type story struct {
	*testing.T
	ctx      context.Context
	rdb      *redis.Client
	d        dialect
	r        *rapid.T
	m        *model
	producer *Producer
	workers  []*Queue
	held     []holding // whatever was ever claimed
	made     int
}

type holding struct {
	q *Queue
	c *Claim
	j *modelJob
}

// retryDelay is how long a failed job waits.
const retryDelay = 10 * time.Minute

func newStory(t *testing.T, ctx context.Context, rdb *redis.Client, d dialect, r *rapid.T) *story {
	s := &story{T: t, ctx: ctx, rdb: rdb, d: d, r: r, m: &model{
		lease: time.Hour, crashes: 3, lastReap: map[string]time.Duration{}, paused: map[string]bool{},
	}}
	caps := Caps{}
	if rapid.Bool().Draw(r, "caps") {
		s.m.cap, s.m.mail = rapid.IntRange(1, 3).Draw(r, "cap"), 1
		caps = Caps{Circle: s.m.cap, Channels: map[string]int{"mail": 1}, Weights: map[string]int{bob: 2}}
	}
	all := scriptsWithClock()
	pop := rapid.SampledFrom([]Pop{PopOldest, PopNewest}).Draw(r, "pop")
	for _, circles := range [][]string{{alice}, {bob}, {alice, bob}} {
		q, err := New(rdb, Options{
			Circles: circles, Dialects: []string{d.name()}, Pop: pop, Caps: caps, Lease: s.m.lease, Crashes: s.m.crashes,
			Retry: Backoff{Growth: Constant, First: retryDelay, Most: retryDelay, NoJitter: true},
		})
		require.NoError(t, err)
		q.scripts = all
		s.workers = append(s.workers, q)
	}
	var err error
	s.producer, err = NewProducer(rdb, d.name())
	require.NoError(t, err)
	s.producer.scripts = all
	return s
}

func (s *story) tell() {
	s.r.Repeat(map[string]func(*rapid.T){
		"submit":          s.submit,
		"push again":      func(*rapid.T) { s.pushAgain() },
		"claim":           func(r *rapid.T) { s.claim(s.worker(), rapid.IntRange(1, 6).Draw(r, "n")) },
		"claim again":     func(r *rapid.T) { s.claim(s.worker(), rapid.IntRange(1, 6).Draw(r, "n")) },
		"succeed":         func(*rapid.T) { s.end(&job.Result{End: job.Success}) },
		"fail":            func(*rapid.T) { s.end(&job.Result{End: job.ScriptError, Error: "x"}) },
		"fail for good":   func(*rapid.T) { s.end(&job.Result{End: job.Fuel, Error: "x"}) },
		"a worker renews": func(*rapid.T) { s.renew() },
		"release":         func(*rapid.T) { s.release() },
		"cancel":          func(*rapid.T) { s.cancel() },
		"retry by hand":   func(*rapid.T) { s.retry() },
		"pause or resume": func(*rapid.T) { s.pause() },
		"time passes": func(r *rapid.T) {
			s.pass(time.Duration(rapid.SampledFrom([]int{11, 29, 61}).Draw(r, "minutes")) * time.Minute)
		},
		"a worker reaps":  func(*rapid.T) { s.reap() },
		"reaping goes on": func(*rapid.T) { s.reap(); s.pass(29 * time.Minute); s.reap() },
		"":                func(*rapid.T) { s.check() },
	})
	s.drain()
}

func (s *story) worker() *Queue { return rapid.SampledFrom(s.workers).Draw(s.r, "worker") }

// some draws a job, nil where there is none.
func (s *story) some() *modelJob {
	if len(s.m.jobs) == 0 {
		return nil
	}
	return rapid.SampledFrom(s.m.jobs).Draw(s.r, "job")
}

func (s *story) someHeld() (holding, bool) {
	if len(s.held) == 0 {
		return holding{}, false
	}
	return rapid.SampledFrom(s.held).Draw(s.r, "claim"), true
}

func (s *story) submit(r *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(r, "n") {
		s.made++
		one := Submission{Job: job.Job{
			ID: strconv.Itoa(s.made), Circle: rapid.SampledFrom([]string{alice, bob}).Draw(r, "circle"), Type: "rhai", Payload: []byte("1"),
			Retries: rapid.IntRange(0, 2).Draw(r, "retries"),
		}}
		j := &modelJob{retries: one.Retries}
		if rapid.IntRange(0, 3).Draw(r, "channel") == 0 {
			one.Channel, j.mail = "mail", true
		}
		if rapid.IntRange(0, 3).Draw(r, "later") == 0 {
			one.At, j.runAt = time.Now().Add(s.m.now+30*time.Minute), s.m.now+30*time.Minute
			j.due, j.holdsRunAt = j.runAt, s.d.name() == Henge
		}
		if s.d.name() == Henge {
			one.Priority = rapid.IntRange(-1, 1).Draw(r, "priority")
		}
		if s.hasNeeds() && rapid.IntRange(0, 2).Draw(r, "needs others") == 0 {
			// Of this circle or another one, before or after, itself included.
			for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, s.made+2), 1, 2, rapid.ID).Draw(r, "after") {
				one.After = append(one.After, strconv.Itoa(n))
			}
			j.needs = one.After
		}
		ref, err := s.producer.Submit(s.ctx, &one)
		require.NoError(s, err)
		place, err := s.d.place(ref, &one.Job)
		require.NoError(s, err)
		if ref.Circle == "" {
			ref.Circle = one.Circle
		}
		j.ref, j.list, j.scope = ref, place.list, place.scope
		switch s.d.name() {
		case Hero:
			j.reply = heroReply + ref.ID
		case Henge:
			j.reply = place.scope + "reply:" + ref.ID
			if j.replies = rapid.Bool().Draw(r, "reply"); j.replies {
				require.NoError(s, s.rdb.HSet(s.ctx, place.key, "reply", "1").Err())
			}
		}
		s.m.jobs = append(s.m.jobs, j)
	}
}

func (s *story) hasNeeds() bool { return s.d.name() == Hero || s.d.name() == Henge }

func (s *story) pushAgain() {
	if j := s.some(); j != nil {
		push := s.rdb.LPush
		if s.d.name() == HeroJobs {
			push = s.rdb.RPush
		}
		require.NoError(s, push(s.ctx, j.list, j.ref.ID).Err())
	}
}

func (s *story) claim(q *Queue, n int) int {
	require.NoError(s, q.Discover(s.ctx))
	claims, err := q.Claim(s.ctx, Wanted{Types: []string{"rhai", "rhaiscript"}}, n)
	require.NoError(s, err)
	require.LessOrEqual(s, len(claims.Jobs), n)
	s.settle() // what it needed may have ended a job before another was looked at
	for _, c := range claims.Jobs {
		j := s.m.find(c.Job.ID)
		require.Empty(s, c.Refusal)
		require.Empty(s, s.m.mayStart(j), "%+v", j)
		require.True(s, q.serves(j.ref.Circle))
		s.m.start(j)
		require.Equal(s, []int64{int64(j.attempt), int64(j.run), int64(j.failed), int64(j.crash)},
			[]int64{c.Job.Attempt, c.Job.Run, c.Failures, c.Crashes}, "%+v", j)
		s.held = append(s.held, holding{q, c, j})
	}
	for _, c := range claims.Jobs {
		require.True(s, s.m.fits(s.m.find(c.Job.ID)), "more run than the caps allow")
	}
	return len(claims.Jobs)
}

// isCurrent says whether a claim is still its worker's.
func (h holding) isCurrent() bool {
	return h.j.phase == isRunning && int64(h.j.attempt) == h.c.Job.Attempt
}

// end ends some attempt, perhaps one of a worker that comes back late.
func (s *story) end(result *job.Result) {
	if h, ok := s.someHeld(); ok {
		s.endOne(h, result)
	}
}

func (s *story) endOne(h holding, result *job.Result) {
	before := s.record(h.j)
	err := h.q.Finish(s.ctx, h.c, result)
	if !h.isCurrent() {
		require.ErrorIs(s, err, ErrLost)
		require.Equal(s, before, s.record(h.j))
		return
	}
	require.NoError(s, err)
	s.m.finish(h.j, result.End == job.Success, result.Retryable(), retryDelay)
}

func (s *story) renew() {
	h, ok := s.someHeld()
	if !ok {
		return
	}
	renewal, err := h.q.Renew(s.ctx, []*Claim{h.c})
	require.NoError(s, err)
	require.Equal(s, !h.isCurrent(), len(renewal.Lost) == 1)
	if h.isCurrent() {
		h.j.expiry = s.m.now + s.m.lease
		require.Equal(s, h.j.cancel, len(renewal.Cancelled) == 1)
	}
}

func (s *story) release() {
	if h, ok := s.someHeld(); ok {
		require.NoError(s, h.q.Release(s.ctx, []*Claim{h.c}))
		if h.isCurrent() {
			h.j.phase = isWaiting
		}
	}
}

func (s *story) cancel() {
	j := s.some()
	if j == nil {
		return
	}
	running, err := s.producer.Cancel(s.ctx, j.ref, "enough")
	if j.phase == hasEnded {
		require.ErrorIs(s, err, ErrEnded)
		return
	}
	require.NoError(s, err)
	require.Equal(s, j.phase == isRunning, running)
	if running {
		j.cancel = true
		return
	}
	s.m.end(j, false)
}

func (s *story) retry() {
	j := s.some()
	if j == nil {
		return
	}
	err := s.producer.Retry(s.ctx, j.ref)
	if j.phase != hasEnded {
		require.ErrorIs(s, err, ErrNotEnded)
		return
	}
	require.NoError(s, err)
	j.phase, j.dispatched, j.due = isWaiting, true, 0
}

func (s *story) pause() {
	j := s.some()
	if j == nil {
		return
	}
	if s.m.paused[j.list] = !s.m.paused[j.list]; s.m.paused[j.list] {
		require.NoError(s, s.rdb.SAdd(s.ctx, j.scope+inPaused, j.list).Err())
		return
	}
	require.NoError(s, s.rdb.SRem(s.ctx, j.scope+inPaused, j.list).Err())
}

func (s *story) pass(d time.Duration) {
	s.m.now += d
	require.NoError(s, s.rdb.IncrBy(s.ctx, keyClock, int64(d.Seconds())).Err())
}

func (s *story) reap() {
	_, err := s.workers[2].Reap(s.ctx)
	require.NoError(s, err)
	s.m.reap()
	for _, scope := range s.workers[2].scopes() {
		s.m.lastReap[scope] = s.m.now
	}
	s.settle()
}

// settle takes over which jobs have ended for what they need: it is not for
// the model to say when that is seen.
func (s *story) settle() {
	ended := map[*modelJob]bool{}
	for j, r := range s.records() {
		if r.Fields["end"] == "prerequisite_failed" && r.Ended() && j.phase == isWaiting {
			ended[j] = true
		}
	}
	for len(ended) > 0 { // one may be the reason of the next
		some := false
		for j := range ended {
			if s.m.mayEnd(j) {
				s.m.end(j, false)
				delete(ended, j)
				some = true
			}
		}
		require.True(s, some, "ended for what they need: %v", ended)
	}
}

func (s *story) record(j *modelJob) Record {
	r, err := s.producer.Get(s.ctx, j.ref)
	require.NoError(s, err)
	return r
}

// records reads all jobs in one round trip.
func (s *story) records() map[*modelJob]Record {
	type read struct{ hash, own *redis.MapStringStringCmd }
	reads := make([]read, len(s.m.jobs))
	_, err := s.rdb.Pipelined(s.ctx, func(pipe redis.Pipeliner) error {
		for i, j := range s.m.jobs {
			place, err := s.d.place(j.ref, nil)
			require.NoError(s, err)
			reads[i].hash = pipe.HGetAll(s.ctx, place.key)
			if place.own != "" {
				reads[i].own = pipe.HGetAll(s.ctx, place.own)
			}
		}
		return nil
	})
	require.NoError(s, err)
	all := map[*modelJob]Record{}
	for i, j := range s.m.jobs {
		fields := reads[i].hash.Val()
		if reads[i].own != nil {
			fields = herojobsFields(fields, reads[i].own.Val())
		}
		all[j] = Record{Ref: j.ref, Fields: fields}
	}
	return all
}

// check compares what stands in Redis with the model.
func (s *story) check() {
	running := map[string]bool{}
	for _, scope := range s.workers[2].scopes() {
		for _, m := range s.rdb.ZRange(s.ctx, scope+inLease, 0, -1).Val() {
			running[m[strings.LastIndex(m, "|")+1:]] = true
		}
	}
	for j, r := range s.records() {
		require.Equal(s, j.phase == hasEnded, r.Ended(), "%+v %v", j, r.Fields)
		require.Equal(s, j.phase == isRunning, running[j.ref.ID], "%+v %v", j, r.Fields)
		require.Equal(s, fmt.Sprint(j.attempt), orZero(r.Fields["attempt"]), "%+v %v", j, r.Fields)
		require.Equal(s, fmt.Sprint(j.failed), orZero(r.Fields["failures"]), "%+v %v", j, r.Fields)
		require.Equal(s, fmt.Sprint(j.crash), orZero(r.Fields["crashes"]), "%+v %v", j, r.Fields)
		if j.phase == hasEnded {
			require.Equal(s, j.good, !r.Failed(), "%+v %v", j, r.Fields)
		}
	}
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// drain has all that is left end: nothing is lost.
func (s *story) drain() {
	for list := range s.m.paused {
		require.NoError(s, s.rdb.SRem(s.ctx, scopeOf(list)+inPaused, list).Err())
		s.m.paused[list] = false
	}
	left := func() (open []*modelJob) {
		for _, j := range s.m.jobs {
			if j.phase != hasEnded {
				open = append(open, j)
			}
		}
		return open
	}
	for range 20 + 2*len(s.m.jobs) {
		if len(left()) == 0 {
			break
		}
		s.claim(s.workers[2], 9)
		for _, h := range s.held {
			if h.isCurrent() {
				s.endOne(h, &job.Result{End: job.Success})
			}
		}
		s.held = nil
		s.pass(29 * time.Minute)
		s.reap()
	}
	s.check()
	for _, j := range left() {
		require.Fail(s, "never ended", "%+v\n%v", j, s.record(j))
	}
	for _, j := range s.m.jobs {
		want := 0
		if j.replies || s.d.name() == Hero {
			want = j.ended
		}
		require.EqualValues(s, want, s.rdb.LLen(s.ctx, j.reply).Val(), "replies of %+v", j)
	}
}
