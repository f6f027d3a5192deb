package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/schedule"
)

var (
	// ErrNoSchedule is returned for a schedule that is not there.
	ErrNoSchedule = errors.New("no such schedule")

	// ErrScheduleExists is returned for a name that is taken.
	ErrScheduleExists = errors.New("a schedule of this name exists already")

	// ErrSchedulesFull is returned when a circle may have no more schedules.
	ErrSchedulesFull = errors.New("the circle has as many schedules as it may have")
)

// DefaultMostSchedules is how many schedules a circle may have.
const DefaultMostSchedules = 1000

// Schedules is a client's side of schedules, of all dialects and circles. It is
// safe for concurrent use and has nothing to close.
type Schedules struct {
	rdb       redis.UniversalClient
	opts      Options
	scripts   *scripts
	producers map[string]*Producer // by dialect; on a cluster that of Henge alone

	// Most is how many schedules a circle may have before Put refuses another.
	Most int
}

// NewSchedules returns a client. What New says of rdb holds here too.
func NewSchedules(rdb redis.UniversalClient) (*Schedules, error) {
	q, err := New(rdb, Options{AllCircles: true})
	if err != nil {
		return nil, err
	}
	s := &Schedules{rdb: rdb, opts: q.opts, scripts: q.scripts, Most: DefaultMostSchedules}
	s.producers = q.producers()
	return s, nil
}

// producers returns one for each dialect that is served.
func (q *Queue) producers() map[string]*Producer {
	all := map[string]*Producer{}
	for _, d := range q.dialects {
		all[d.name()] = &Producer{rdb: q.rdb, dialect: d, opts: q.opts, scripts: q.scripts}
	}
	return all
}

// Put writes a schedule and returns its next tick, which is the first one after
// now by the server's clock. It returns ErrScheduleExists where there is one of
// that name, unless it is to be replaced: then pause, last tick and last job
// stay, and so does the next tick if the spec is the same. A worker that fires
// the replaced one meanwhile writes nothing.
func (s *Schedules) Put(ctx context.Context, sc Schedule, replace bool) (time.Time, error) {
	next, err := s.put(ctx, sc, replace)
	if err != nil {
		return time.Time{}, fmt.Errorf("write schedule %s: %w", quoteShort(sc.Name), err)
	}
	return next, nil
}

func (s *Schedules) put(ctx context.Context, sc Schedule, replace bool) (time.Time, error) {
	p, ok := s.producers[sc.Job.Dialect]
	if !ok {
		return time.Time{}, fmt.Errorf("the dialect %s is not one that jobs can be written in here", quoteShort(sc.Job.Dialect))
	}
	fields, err := sc.complete(p)
	if err != nil {
		return time.Time{}, err
	}
	next, err := s.nextTick(ctx, &sc)
	if err != nil {
		return time.Time{}, err
	}
	if next.IsZero() {
		return time.Time{}, fmt.Errorf("%s has no tick that is still to come", sc.Spec)
	}
	fields = append(fields, "revision", uuid.NewString())
	tick := tickMS(next)
	if err := readable(sc.Circle(), sc.Name, append(fields, "spec", sc.Spec.String(), "next", tick, "first", tick)); err != nil {
		return time.Time{}, err
	}
	again := ""
	if replace {
		again = "1"
	}
	keys := scheduleKeys(s.rdb, sc.Circle())
	if len(keys) == 1 {
		// On a cluster the list of circles is on another server. A circle that
		// has no schedules may stand in it; one that has some must.
		_, err := within(ctx, func() (int64, error) { return s.rdb.SAdd(ctx, keySchedules, sc.Circle()).Result() })
		if err != nil {
			return time.Time{}, err
		}
	}
	reply, err := s.scripts.schedulePut.run(ctx, s.rdb, keys, s.opts.args(append([]any{
		sc.Name, sc.Circle(), again, s.Most, tick, sc.Spec.String(), keyControl}, fields...)...)...)
	if err != nil {
		return time.Time{}, err
	}
	switch answer, _ := reply.(string); answer {
	case "exists":
		return time.Time{}, ErrScheduleExists
	case "full":
		return time.Time{}, fmt.Errorf("%w, %d: remove one", ErrSchedulesFull, s.Most)
	default:
		c := &Claim{}
		at := c.readTick("next", answer)
		if c.Refusal != "" {
			return time.Time{}, errors.New(c.Refusal)
		}
		return at, nil
	}
}

// readable says why a schedule that is to be written could not be read again.
func readable(circle, name string, fields []any) error {
	texts := map[string]string{}
	for i := 0; i+1 < len(fields); i += 2 {
		text := fmt.Sprint(fields[i+1])
		if b, ok := fields[i+1].([]byte); ok {
			text = string(b)
		}
		texts[fields[i].(string)] = text
	}
	if problem := readSchedule(circle, name, texts).Problem; problem != "" {
		return errors.New(problem)
	}
	return nil
}

// nextTick returns the first tick after now, by the server's clock.
func (s *Schedules) nextTick(ctx context.Context, sc *Schedule) (time.Time, error) {
	now, err := within(ctx, func() (time.Time, error) { return s.rdb.Time(ctx).Result() })
	if err != nil {
		return time.Time{}, err
	}
	return sc.ticks.Next(now), nil
}

// scheduleKeys are those of a circle's schedules, and of the circles that have
// such, which on a cluster is on another server than the circle.
func scheduleKeys(rdb redis.UniversalClient, circle string) []string {
	keys := []string{ownScope(circle) + inSchedules}
	if _, cluster := rdb.(*redis.ClusterClient); !cluster {
		keys = append(keys, keySchedules)
	}
	return keys
}

func scheduleKey(circle, name string) string {
	return ownScope(circle) + strings.TrimSuffix(inSchedules, "s") + ":" + name
}

// Get returns a schedule, or ErrNoSchedule.
func (s *Schedules) Get(ctx context.Context, circle, name string) (*Schedule, error) {
	sc, err := s.get(ctx, circle, name)
	if err != nil {
		return nil, fmt.Errorf("get schedule %s: %w", quoteShort(name), err)
	}
	return sc, nil
}

func (s *Schedules) get(ctx context.Context, circle, name string) (*Schedule, error) {
	circle, err := circleOfSchedules(circle)
	if err != nil {
		return nil, err
	}
	if err := checkScheduleName(name); err != nil {
		return nil, err
	}
	return loadSchedule(ctx, s.rdb, circle, name)
}

// loadSchedule returns ErrNoSchedule, or a schedule with a Problem if its key
// holds something else.
func loadSchedule(ctx context.Context, rdb redis.UniversalClient, circle, name string) (*Schedule, error) {
	key := scheduleKey(circle, name)
	fields, err := within(ctx, func() (map[string]string, error) { return rdb.HGetAll(ctx, key).Result() })
	switch {
	case err != nil && redis.HasErrorPrefix(err, "WRONGTYPE"):
		sc := readSchedule(circle, name, nil)
		sc.Problem = "its key holds something other than a hash"
		return sc, nil
	case err != nil:
		return nil, err
	case len(fields) == 0:
		return nil, ErrNoSchedule
	}
	return readSchedule(circle, name, fields), nil
}

// List returns the schedules of a circle, or of all circles for "", by circle
// and name. Those that cannot be run have a Problem.
func (s *Schedules) List(ctx context.Context, circle string) ([]*Schedule, error) {
	all, err := s.list(ctx, circle)
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	return all, nil
}

func (s *Schedules) list(ctx context.Context, circle string) ([]*Schedule, error) {
	circles := []string{circle}
	if circle == "" {
		var err error
		if circles, err = s.strings(ctx, func() *redis.StringSliceCmd { return s.rdb.SMembers(ctx, keySchedules) }); err != nil {
			return nil, err
		}
		slices.Sort(circles)
	}
	var all []*Schedule
	for _, given := range circles {
		c, err := circleOfSchedules(given)
		if err != nil && circle == "" {
			continue // somebody else's
		}
		if err != nil {
			return nil, err
		}
		names, err := s.strings(ctx, func() *redis.StringSliceCmd { return s.rdb.ZRange(ctx, ownScope(c)+inSchedules, 0, -1) })
		if err != nil && redis.HasErrorPrefix(err, "WRONGTYPE") { // which is no reason not to show the others
			none := readSchedule(c, "", nil)
			none.Problem = ownScope(c) + inSchedules + " holds something other than a sorted set"
			all = append(all, none)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("circle %s: %w", c, err)
		}
		slices.Sort(names)
		for _, name := range names {
			sc, err := loadSchedule(ctx, s.rdb, c, name)
			if errors.Is(err, ErrNoSchedule) {
				continue
			}
			if err != nil {
				return nil, err
			}
			all = append(all, sc)
		}
	}
	return all, nil
}

func (s *Schedules) strings(ctx context.Context, ask func() *redis.StringSliceCmd) ([]string, error) {
	return within(ctx, func() ([]string, error) { return ask().Result() })
}

// Upcoming returns the next n ticks, at most schedule.MaxNextN: those after the
// tick waited for too. A paused schedule has those that it would have.
func (s *Schedules) Upcoming(ctx context.Context, sc *Schedule, n int) ([]time.Time, error) {
	n = min(n, schedule.MaxNextN)
	if !sc.Paused && !sc.Next.IsZero() && n > 0 {
		return append([]time.Time{sc.Next}, sc.ticks.NextN(sc.Next, n-1)...), nil
	}
	now, err := within(ctx, func() (time.Time, error) { return s.rdb.Time(ctx).Result() })
	if err != nil {
		return nil, fmt.Errorf("ask the server for its time: %w", err)
	}
	return sc.ticks.NextN(now, n), nil
}
