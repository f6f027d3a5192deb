package queue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

// ErrEventsLost is among the events where some are missing: the stream, which
// keeps the last 10,000 entries or so (Options.Events), was cut behind the reader's
// place, or deleted. Reading goes on with the oldest that is left. It may be
// said of nothing lost when the stream was cut just at that place.
var ErrEventsLost = errors.New("events were lost: the stream no longer has what follows the last one read")

// EventsOldest is the place before the oldest event that is kept.
const EventsOldest = "0-0"

// EventsFrom says which events are read.
type EventsFrom struct {
	// Dialect narrows the events; empty means those of all dialects but Henge.
	// A Producer fills in its own.
	Dialect string

	// Circle narrows the events to those of one circle. The dialect Henge
	// needs it, since there each circle has a stream of its own.
	Circle string

	// After is the ID of the event behind which reading begins; empty means
	// behind the last one that there is now, EventsOldest before the first.
	After string
}

const (
	eventsInBatch = 500         // entries held in memory by a reader
	eventsBlock   = time.Second // how long one call waits for something new
)

// Events returns what happens to jobs of the producer's dialect; see the
// function Events.
func (p *Producer) Events(ctx context.Context, from EventsFrom) (iter.Seq2[Event, error], error) {
	from.Dialect = p.dialect.name()
	return Events(ctx, p.rdb, from)
}

// Events returns what happens to jobs, in order, until ctx ends or the caller
// stops reading. The place from which to read is settled when Events returns,
// so whatever happens after that is among them; the sequence is for one reader.
//
// While Redis is away the sequence waits, and then goes on where it was. An
// error ends the sequence, ctx's own among them, but for ErrEventsLost, after
// which it goes on. At most some thousands of events are in memory.
func Events(ctx context.Context, rdb redis.UniversalClient, from EventsFrom) (iter.Seq2[Event, error], error) {
	r, err := openEvents(ctx, rdb, from)
	if err != nil {
		return nil, err
	}
	return func(yield func(Event, error) bool) { r.read(ctx, yield) }, nil
}

// EventsKept returns the events behind from.After, in order, that there are now;
// by default all that are kept.
func EventsKept(ctx context.Context, rdb redis.UniversalClient, from EventsFrom) ([]Event, error) {
	if from.After == "" {
		from.After = EventsOldest
	}
	r, err := openEvents(ctx, rdb, from)
	if err != nil {
		return nil, err
	}
	for kept := []Event(nil); ; {
		batch, _, err := r.batch(ctx)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		if len(batch) == 0 {
			return kept, nil
		}
		for _, e := range batch {
			if r.wanted(e) {
				kept = append(kept, e)
			}
		}
		r.last, _ = parsePlace(batch[len(batch)-1].ID)
	}
}

// eventReader reads one stream.
type eventReader struct {
	rdb  redis.UniversalClient
	from EventsFrom
	key  string
	last eventPlace // behind this one is the next
}

func openEvents(ctx context.Context, rdb redis.UniversalClient, from EventsFrom) (*eventReader, error) {
	r := &eventReader{rdb: rdb, from: from, key: scopeShared + inEvents}
	if err := r.open(ctx); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return r, nil
}

// open checks what is asked for and settles where to begin.
func (r *eventReader) open(ctx context.Context) error {
	if r.from.Dialect != "" {
		if _, err := dialectsNamed([]string{r.from.Dialect}); err != nil {
			return err
		}
	}
	if err := r.openCircle(); err != nil {
		return err
	}
	if after := r.from.After; after != "" {
		var ok bool
		if r.last, ok = parsePlace(after); !ok {
			return fmt.Errorf("%s is not the id of an event: give the ID of one that was read, or %s for the oldest", quoteShort(after), EventsOldest)
		}
		return nil
	}
	newest, err := within(ctx, func() ([]redis.XMessage, error) { return r.rdb.XRevRangeN(ctx, r.key, "+", "-", 1).Result() })
	if err != nil {
		return err
	}
	r.last = eventPlace{entry: EventsOldest}
	if len(newest) > 0 {
		r.last.entry = newest[0].ID
	}
	return nil
}

func (r *eventReader) openCircle() (err error) {
	switch {
	case r.from.Dialect == HeroJobs && r.from.Circle != "":
		r.from.Circle, err = circleOfHeroJobs(r.from.Circle)
	case r.from.Dialect == Henge || r.from.Circle != "":
		r.from.Circle, err = job.ParseCircle(r.from.Circle)
	}
	if r.from.Dialect == Henge {
		r.key = ownScope(r.from.Circle) + inEvents
		if err != nil {
			err = fmt.Errorf("in the dialect %s each circle has its own events: %w", Henge, err)
		}
	}
	return err
}

func (r *eventReader) read(ctx context.Context, yield func(Event, error) bool) {
	const first, most = 20 * time.Millisecond, 2 * time.Second
	delay := first
	for {
		batch, lost, err := r.next(ctx)
		switch {
		case err == nil:
			delay = first
		case ctx.Err() != nil:
			yield(Event{}, fmt.Errorf("read events: %w", context.Cause(ctx)))
			return
		case isRefused(err) && !isLoading(err) || errors.Is(err, redis.ErrClosed):
			yield(Event{}, fmt.Errorf("read events: %w", err))
			return
		default: // Redis is away
			_ = sleep(ctx, delay)
			delay = min(2*delay, most)
		}
		if lost && !yield(Event{}, fmt.Errorf("read events after %s: %w", r.last, ErrEventsLost)) {
			return
		}
		for _, e := range batch {
			r.last, _ = parsePlace(e.ID)
			if r.wanted(e) && !yield(e, nil) {
				return
			}
		}
	}
}

func (r *eventReader) wanted(e Event) bool {
	return (r.from.Dialect == "" || e.Dialect == r.from.Dialect) && (r.from.Circle == "" || e.Circle == r.from.Circle)
}

// next returns the events behind the last one, and waits for some.
func (r *eventReader) next(ctx context.Context) (batch []Event, lost bool, err error) {
	batch, lost, err = r.batch(ctx)
	if err != nil || len(batch) > 0 {
		return batch, lost, err
	}
	_, err = within(ctx, func() ([]redis.XStream, error) {
		return r.rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{r.key, r.last.entry}, Count: 1, Block: eventsBlock}).Result()
	})
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return nil, false, err
}

// batch returns events behind the last one, as far as there are some.
func (r *eventReader) batch(ctx context.Context) (batch []Event, lost bool, err error) {
	for {
		before := r.last
		events, cut, err := r.page(ctx)
		lost = lost || cut
		if err != nil || len(events) > 0 || r.last == before {
			return events, lost, err
		}
	}
}

// page reads entries, and passes over those in front that tell of nothing. It asks
// for the entry of the last event too: where that is not the first of the answer,
// the stream was cut in between, which a second call could not tell for sure.
func (r *eventReader) page(ctx context.Context) (events []Event, lost bool, err error) {
	// The client's own XRANGE puts fields into a map, and an entry has several of
	// a name.
	reply, err := within(ctx, func() (any, error) {
		return r.rdb.Do(ctx, "XRANGE", r.key, r.last.entry, "+", "COUNT", eventsInBatch).Result()
	})
	if err != nil {
		return nil, false, err
	}
	c := newCursor(reply)
	for first, last := true, r.last; c.more(); first = false {
		entry := c.list()
		id := entry.string()
		found := readEntry(id, entry.list())
		if first && id == last.entry {
			events = found[min(last.seen(), len(found)):]
			continue
		}
		lost = lost || first && last.entry != EventsOldest
		if events = append(events, found...); len(events) == 0 {
			r.last = eventPlace{entry: id}
		}
	}
	return events, lost, c.err()
}
