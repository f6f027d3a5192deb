package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

const (
	mostClaimed  = 1000    // jobs in one call
	mostFinished = 128     // attempts in one call
	mostBytes    = 1 << 20 // of results in one call, so that it does not hold up Redis for long
	apartInOneGo = 256     // ids taken apart from a shared list in one call
	limboStep    = 32      // as in lua/claim.lua
	// mostCircles is how many circles are sent with each claim; more are kept
	// in Redis, for the script to look up.
	mostCircles = 64
)

// Exchanged is the answer of one Exchange.
type Exchanged struct {
	Claims

	// Finished is how many of the attempts were dealt with, from the first:
	// all of them, or as many as one call can carry.
	Finished int

	// Lost are those of them that are no longer this worker's: nothing of
	// them was written.
	Lost []*Claim
}

// Exchange ends attempts and claims up to n jobs, at most 1000, in one round
// trip.
//
// The result of each attempt, its cost, the reply and the log are written in
// one step with the check that the job is still this worker's. A result that
// another attempt could better (job.Result.Retryable) puts the job back after
// a delay as long as its producer allowed more retries. After an error nothing
// is known: make the same call again until it is answered.
//
// Claim no more jobs than can start at once: one that waits inside a worker
// waits behind that worker's longest job. When the answer is lost on its way,
// jobs may be leased all the same: the next call gets them. When ctx ends
// first, they are handed back as soon as the answer comes.
func (q *Queue) Exchange(ctx context.Context, done []Done, n int) (Exchanged, error) {
	if n <= 0 && len(done) == 0 {
		return Exchanged{Claims: Claims{Next: PollInterval}}, nil
	}
	if err := ctx.Err(); err != nil {
		return Exchanged{}, context.Cause(ctx)
	}
	return orLater(ctx,
		func() (Exchanged, error) { return q.exchange(ctx, done, min(n, mostClaimed)) },
		func(x Exchanged, err error) { q.handBack(x.Claims, err) })
}

func (q *Queue) exchange(ctx context.Context, done []Done, n int) (Exchanged, error) {
	var endings []ending
	x := Exchanged{Claims: Claims{Next: PollInterval}}
	for size := 0; x.Finished < len(done) && len(endings) < mostFinished; x.Finished++ {
		d := done[x.Finished]
		if d.Claim.done.ended.Load() {
			x.Lost = append(x.Lost, d.Claim)
			continue
		}
		e := q.ending(d)
		if size += e.size; len(endings) > 0 && size > mostBytes {
			break
		}
		endings = append(endings, e)
	}
	inOrder(endings)
	if x.Finished < len(done) {
		n = 0 // the rest must not wait behind what would be claimed
	}
	var look look
	if n > 0 {
		look = q.board.pick(n)
	}
	var left []int
	for _, call := range q.calls(endings, look.lists) {
		want := n - len(x.Jobs)
		if want <= 0 && len(call.endings) == 0 {
			left = append(left, call.at...)
			continue
		}
		answer, err := q.call(ctx, call, want)
		if err != nil && len(x.Jobs) == 0 {
			return Exchanged{}, err
		}
		// With jobs of another call in hand, what failed is for the next time.
		x.add(answer)
		for _, i := range answer.left {
			left = append(left, call.at[i])
		}
	}
	if n > 0 {
		q.board.looked(look, left)
		if look.more && len(x.Jobs) < n {
			x.Next = 0
		}
	}
	q.countRefused(done[:x.Finished], x.Lost)
	return x, nil
}

func (x *Exchanged) add(a answer) {
	x.Jobs = append(x.Jobs, a.Jobs...)
	x.Notices = append(x.Notices, a.Notices...)
	x.Lost = append(x.Lost, a.lost...)
	if a.asked {
		x.Next = min(x.Next, a.Next)
	}
}

// call is one run of the script: on a cluster all of it has one hash tag.
type call struct {
	endings []ending
	lists   []list
	at      []int // the lists' positions in what was picked
}

// calls splits what is to be done into as many runs as it needs.
func (q *Queue) calls(endings []ending, lists []list) []call {
	if !q.cluster {
		at := make([]int, len(lists))
		for i := range at {
			at[i] = i
		}
		return []call{{endings, lists, at}}
	}
	var calls []call
	byScope := map[string]int{}
	of := func(scope string) *call {
		i, ok := byScope[scope]
		if !ok {
			i = len(calls)
			byScope[scope] = i
			calls = append(calls, call{})
		}
		return &calls[i]
	}
	for _, e := range endings {
		c := of(e.scope)
		c.endings = append(c.endings, e)
	}
	for i, l := range lists {
		c := of(scopeOf(l.name))
		c.lists, c.at = append(c.lists, l), append(c.at, i)
	}
	return calls
}

// answer is what one run of the script gave.
type answer struct {
	Claims
	asked bool // whether jobs were asked for
	lost  []*Claim
	left  []int
}

func (q *Queue) call(ctx context.Context, c call, n int) (answer, error) {
	if n > 0 && len(c.lists) > 0 {
		return q.claim(ctx, c, n)
	}
	if len(c.endings) == 0 {
		return answer{}, nil
	}
	return q.finish(ctx, c.endings)
}

// finish runs the script that only ends attempts.
func (q *Queue) finish(ctx context.Context, endings []ending) (answer, error) {
	args := q.opts.args(q.opts.Worker, q.opts.LogLines, millis(q.opts.LogTTL))
	args = encodeEndings(args, endings)
	reply, err := q.scripts.finish.do(ctx, q.rdb, []string{endings[0].scope + inLease}, args...)
	if isRefused(err) && len(endings) > 1 {
		return q.finishEach(ctx, endings)
	}
	if err != nil {
		return answer{}, err
	}
	c := newCursor(reply)
	a := answer{lost: readFinished(c, endings)}
	return a, c.err()
}

// finishEach ends attempts one by one: one of them is at fault, and must not
// hold up the others.
func (q *Queue) finishEach(ctx context.Context, endings []ending) (all answer, err error) {
	for i := range endings {
		one, oneErr := q.finish(ctx, endings[i:i+1])
		all.lost = append(all.lost, one.lost...)
		err = errors.Join(err, oneErr)
	}
	return all, err
}

// isRefused says that the server answered, and that the answer was an error.
func isRefused(err error) bool {
	var refused redis.Error
	return errors.As(err, &refused)
}

// claim runs the script that ends attempts and hands out jobs.
func (q *Queue) claim(ctx context.Context, c call, n int) (a answer, err error) {
	s := q.slots.take()
	defer func() { q.slots.give(s, err == nil) }()
	keys := []string{q.answerKey(c)}
	args := q.opts.args(q.opts.Worker, millis(q.opts.Lease), n, apartInOneGo, q.limboAt.Add(limboStep)-limboStep)
	args = append(args, q.slots.args(s)...)
	args = append(args, q.opts.caps().encode(), flag(q.opts.Leave), q.opts.LogLines, millis(q.opts.LogTTL))
	args, byName := q.circleArgs(args)
	if byName {
		keys = append(keys, keyServes+q.opts.Worker)
	}
	for _, l := range c.lists {
		keys = append(keys, l.name)
		args = append(args, l.dialect.name(), l.tier)
	}
	args = encodeEndings(args, c.endings)
	for {
		reply, err := q.scripts.claim.do(ctx, q.rdb, keys, args...)
		if isRefused(err) && len(c.endings) > 0 {
			// The attempts may be at fault; jobs come with the next call.
			return q.finish(ctx, c.endings)
		}
		if err != nil {
			return answer{}, err
		}
		if !asksForCircles(reply) {
			return q.readClaims(reply, c)
		}
		if err := q.sendCircles(ctx); err != nil {
			return answer{}, err
		}
	}
}

// answerKey is where the script keeps what it answered.
func (q *Queue) answerKey(c call) string {
	scope := scopeShared
	if q.cluster {
		scope = scopeOf(c.lists[0].name)
	}
	return scope + inAnswer + q.opts.Worker
}

// circleArgs adds the circles served, and says whether they are to be looked
// up in Redis. On a cluster the lists alone say whose jobs are taken.
func (q *Queue) circleArgs(args []any) ([]any, bool) {
	switch {
	case q.opts.AllCircles || q.cluster:
		return append(args, -1), false
	case len(q.opts.Circles) > mostCircles:
		return append(args, -2), true
	}
	args = append(args, len(q.opts.Circles))
	for _, circle := range q.opts.Circles {
		args = append(args, circle)
	}
	return args, false
}

func asksForCircles(reply any) bool {
	list, _ := reply.([]any)
	return len(list) == 1 && list[0] == "circles"
}

// sendCircles keeps the circles served in Redis for a while: a worker that is
// gone leaves nothing behind.
func (q *Queue) sendCircles(ctx context.Context) error {
	key := keyServes + q.opts.Worker
	_, err := q.rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := 0; i < len(q.opts.Circles); i += 1000 {
			var part []any
			for _, circle := range q.opts.Circles[i:min(i+1000, len(q.opts.Circles))] {
				part = append(part, circle)
			}
			pipe.SAdd(ctx, key, part...)
		}
		pipe.PExpire(ctx, key, servesTTL)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the circles served: %w", err)
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
