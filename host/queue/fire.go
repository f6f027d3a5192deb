package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// schedulesAtLeast is how often a worker looks for schedules that nobody
	// told of.
	schedulesAtLeast = 5 * time.Second

	// mostDue bounds what one script tells of one circle, which is more than it
	// should have, and enoughDue ends what it looks at.
	mostDue, enoughDue = 5000, 1000

	// A schedule that cannot be read is looked at again after the first, one
	// whose job the server would not take after the second.
	damagedFor = time.Minute
	refusedFor = 5 * time.Second
)

// Fired is a tick whose job was written, or that was skipped.
type Fired struct {
	Circle, Schedule string
	Tick             time.Time
	Job              string // its id; empty when the tick was skipped
}

// FireReport is what one FireSchedules did.
type FireReport struct {
	// Next is how long to wait before the next call: until the earliest tick,
	// at most 5 s, 0 for at once.
	Next time.Duration

	// Fired are the ticks that this worker moved on.
	Fired []Fired

	// Notices are schedules that cannot be run, and odd things; Queue is the
	// key that they are about.
	Notices []Notice
}

// FireSchedules writes the jobs of the schedules that are due, of the circles
// and dialects served, and moves these on to their next ticks. Any number of
// workers may do so: each tick gives one job. The server's clock decides. Call
// it again after Next.
func (q *Queue) FireSchedules(ctx context.Context) (FireReport, error) {
	f := firing{Queue: q, producers: q.producers(), report: FireReport{Next: schedulesAtLeast}}
	err := f.all(ctx)
	f.report.Notices = q.fresh(f.report.Notices)
	if err != nil {
		return f.report, fmt.Errorf("fire schedules: %w", err)
	}
	return f.report, nil
}

// firing is one FireSchedules.
type firing struct {
	*Queue
	producers map[string]*Producer
	report    FireReport
}

func (f *firing) notice(key, format string, args ...any) {
	f.report.Notices = append(f.report.Notices, Notice{Queue: key, Text: fmt.Sprintf(format, args...)})
}

// lookIn has the next call come no later than after d.
func (f *firing) lookIn(d time.Duration) { f.report.Next = max(min(f.report.Next, d), 0) }

func (f *firing) all(ctx context.Context) error {
	circles, err := within(ctx, func() ([]string, error) { return f.rdb.SMembers(ctx, keySchedules).Result() })
	if err != nil && redis.HasErrorPrefix(err, "WRONGTYPE") {
		f.notice(keySchedules, "holds no set of circles: no schedule is run")
		return nil
	}
	if err != nil {
		return err
	}
	var sets []scheduleSet
	for _, name := range circles {
		circle, err := circleOfSchedules(name)
		if err != nil {
			f.notice(keySchedules, "holds %s, which is no circle", quoteShort(name))
			continue
		}
		if f.serves(circle) {
			sets = append(sets, scheduleSet{circle, ownScope(circle) + inSchedules})
		}
	}
	most := mostScopes
	if f.cluster {
		most = 1
	}
	for len(sets) > 0 {
		looked, err := f.some(ctx, sets[:min(most, len(sets))])
		if err != nil {
			return err
		}
		sets = sets[looked:]
	}
	return nil
}

// scheduleSet is the key of a circle's schedules.
type scheduleSet struct{ circle, key string }

// some fires what is due of the first of a few circles, at least one, and
// returns of how many.
func (f *firing) some(ctx context.Context, sets []scheduleSet) (looked int, err error) {
	keys := make([]string, len(sets))
	for i, set := range sets {
		keys[i] = set.key
	}
	asked := time.Now()
	reply, err := f.scripts.scheduleDue.run(ctx, f.rdb, keys, f.opts.args(mostDue, mostScheduleName, enoughDue)...)
	if err != nil {
		return 0, err
	}
	c := newCursor(reply)
	looked = int(c.int())
	at := clock{server: time.UnixMilli(c.int()), asked: asked}
	if next := c.int(); next >= 0 {
		f.lookIn(at.until(at.server.Add(time.Duration(next) * time.Millisecond)))
	}
	type one struct {
		set           scheduleSet
		name, dialect string
	}
	var due []one
	for list := c.list(); list.more(); {
		entry := list.list()
		i := entry.int() - 1
		if i < 0 || i >= int64(len(sets)) {
			return 0, fmt.Errorf("the script answered key %d of %d", i+1, len(sets))
		}
		due = append(due, one{sets[i], entry.string(), entry.string()})
	}
	f.report.Notices = append(f.report.Notices, readNotices(c.list())...)
	if c.err() != nil {
		return 0, c.err()
	}
	if looked < 1 || looked > len(sets) {
		return 0, fmt.Errorf("the script has looked at %d of %d keys", looked, len(sets))
	}
	// Workers that look at the same time begin at different ends.
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, s := range due {
		_, served := f.producers[s.dialect]
		if _, err := dialectsNamed([]string{s.dialect}); err == nil && !served {
			continue // another worker's
		}
		if err := f.one(ctx, s.set, s.name, at); err != nil {
			return 0, err
		}
	}
	return looked, nil
}

// clock is the server's time when a script ran, and ours before it was asked:
// of ours only differences count.
type clock struct{ server, asked time.Time }

// until returns how long it is until the server's clock shows t.
func (c clock) until(t time.Time) time.Duration { return t.Sub(c.server) - time.Since(c.asked) }

// one fires what is due of one schedule.
func (f *firing) one(ctx context.Context, set scheduleSet, name string, at clock) error {
	sc, err := loadSchedule(ctx, f.rdb, set.circle, name)
	switch {
	case errors.Is(err, ErrNoSchedule):
		return f.deferTo(ctx, set, name, "0") // takes it out of the list
	case err != nil:
		return err
	case sc.Problem != "":
		f.notice(scheduleKey(set.circle, name), "the schedule cannot be run: %s: write it again, or remove it", sc.Problem)
		return f.deferFor(ctx, set, name, damagedFor)
	case sc.Paused || sc.Next.IsZero():
		return f.deferFor(ctx, set, name, damagedFor) // listed by somebody else
	case sc.Next.After(at.server):
		f.lookIn(at.until(sc.Next))
		return f.deferTo(ctx, set, name, tickMS(sc.Next))
	}
	p, ok := f.producers[sc.Job.Dialect]
	if !ok { // as of now
		return nil
	}
	for _, t := range turns(sc, at.server) {
		answer, err := fire(ctx, p, sc, t)
		if err != nil && (isRefused(err) || errors.Is(err, errTemplate)) {
			f.notice(scheduleKey(set.circle, name), "the job of %s cannot be written: %v", tickText(t.tick), err)
			if errors.Is(err, errTemplate) {
				return f.deferFor(ctx, set, name, damagedFor)
			}
			f.lookIn(refusedFor)
			return f.deferFor(ctx, set, name, refusedFor)
		}
		if err != nil {
			return err
		}
		if !t.next.IsZero() {
			f.lookIn(at.until(t.next))
		}
		switch answer.word {
		case fireFired, fireSkipped:
			f.report.Fired = append(f.report.Fired, Fired{set.circle, name, t.about(), answer.text})
		case fireRefused:
			f.notice(scheduleKey(set.circle, name), "the tick %s gave no job: %s", tickText(t.tick), answer.text)
		default: // another worker was there before, or somebody changed it
			return nil
		}
	}
	return nil
}

func (f *firing) deferFor(ctx context.Context, set scheduleSet, name string, d time.Duration) error {
	return f.deferTo(ctx, set, name, fmt.Sprintf("+%d", d.Milliseconds()))
}

func (f *firing) deferTo(ctx context.Context, set scheduleSet, name, when string) error {
	_, err := f.scripts.scheduleDefer.run(ctx, f.rdb, scheduleKeys(f.rdb, set.circle), f.opts.args(name, when, set.circle)...)
	return err
}

// turn is one call of the script that fires: it moves a schedule from one tick
// to the next and writes a job, if any. Without from it is a job by hand.
type turn struct {
	from, next time.Time
	tick       time.Time // of the job, zero for none
	mark       string    // names the job
}

// about is the tick that the turn is about.
func (t turn) about() time.Time {
	if t.tick.IsZero() {
		return t.from
	}
	return t.tick
}

// turns are the calls that bring a schedule up to now.
func turns(sc *Schedule, now time.Time) []turn {
	runs, next := sc.ticks.Plan(sc.Next, now, sc.Missed)
	if len(runs) == 0 {
		return []turn{{from: sc.Next, next: next}}
	}
	all := make([]turn, len(runs))
	for i, run := range runs {
		all[i] = turn{from: run, next: next, tick: run, mark: tickText(run)}
		if i+1 < len(runs) {
			all[i].next = runs[i+1]
		}
	}
	all[0].from = sc.Next
	return all
}

// What the script that fires answers, beside words for a schedule that has
// changed meanwhile.
const (
	fireFired   = "fired"
	fireSkipped = "skipped"
	fireRefused = "refused"
)

type fireAnswer struct{ word, text string }

// errTemplate is that of a job which cannot be written as it is.
var errTemplate = errors.New("it is damaged")

func fire(ctx context.Context, p *Producer, sc *Schedule, t turn) (fireAnswer, error) {
	job, err := sc.submission(p, t.mark)
	if err != nil {
		return fireAnswer{}, fmt.Errorf("%w: %w", errTemplate, err)
	}
	args := append([]any{sc.Name, sc.revision, tickMS(t.from), tickMS(t.next), tickMS(t.tick)}, job...)
	reply, err := p.scripts.scheduleFire.run(ctx, p.rdb, []string{ownScope(sc.Circle()) + inSchedules}, p.opts.args(args...)...)
	if err != nil {
		return fireAnswer{}, err
	}
	c := newCursor(reply)
	answer := fireAnswer{c.string(), c.string()}
	return answer, c.err()
}
