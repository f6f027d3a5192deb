package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// waitLinger is how long the connection of waits outlives the last one:
	// who waits for one job after the other does not connect each time.
	waitLinger = 100 * time.Millisecond

	// waitAgain is how often all jobs are asked for though nothing was told.
	waitAgain = 5 * time.Second

	// waitPatience is how long waits outlast a Redis that does not answer.
	waitPatience = 30 * time.Second

	// mostLooks is how many waits read their job at once.
	mostLooks = 16
)

// waits are the jobs that a producer waits for. While there are any, one
// goroutine finds out for all of them which may have ended: over a connection
// on which the server tells of changes (waits_tracked.go), or by asking again
// and again (waits_polled.go).
type waits struct {
	rdb   redis.UniversalClient
	looks chan struct{} // as many may be in there as may look at once

	mu    sync.Mutex
	byKey map[string]*waited
	ask   map[string]bool // keys to be asked for soon
	asked chan struct{}   // has a value when there are such
	stop  context.CancelFunc
	over  bool          // no wait is served any more
	ended chan struct{} // closed when the goroutine that was started last has ended
}

// waited is a job that is waited for.
type waited struct {
	at      place
	last    any // what was answered last
	waiting map[*waiting]struct{}
}

// waiting is one wait.
type waiting struct {
	key     string
	changed chan struct{} // has a value when the job may have ended
	failed  chan error    // has a value when nothing more will be known
}

func newWaits(rdb redis.UniversalClient) *waits {
	return &waits{
		rdb: rdb, looks: make(chan struct{}, mostLooks),
		byKey: map[string]*waited{}, ask: map[string]bool{}, asked: make(chan struct{}, 1),
	}
}

// join adds a wait. Whoever joins looks at the job itself after that, and not
// before: what happens in between would be missed.
func (w *waits) join(at place) *waiting {
	one := &waiting{key: at.key, changed: make(chan struct{}, 1), failed: make(chan error, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		one.failed <- redis.ErrClosed
	}
	of := w.byKey[at.key]
	if of == nil {
		of = &waited{at: at, waiting: map[*waiting]struct{}{}}
		w.byKey[at.key] = of
	}
	of.waiting[one] = struct{}{}
	w.askFor(at.key)
	if w.stop == nil && !w.over {
		ctx, stop := context.WithCancel(context.Background())
		before, ended := w.ended, make(chan struct{})
		w.stop, w.ended = stop, ended
		go func() {
			defer close(ended)
			if before != nil {
				<-before // or the two take each other's questions
			}
			w.run(ctx)
		}()
	}
	return one
}

func (w *waits) leave(one *waiting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.byKey[one.key]
	delete(of.waiting, one)
	if len(of.waiting) > 0 {
		return
	}
	delete(w.byKey, one.key)
	delete(w.ask, one.key)
	if len(w.byKey) == 0 {
		time.AfterFunc(waitLinger, w.stopIdle)
	}
}

func (w *waits) stopIdle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.byKey) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// askFor has a key asked for. The caller holds the lock.
func (w *waits) askFor(key string) {
	w.ask[key] = true
	select {
	case w.asked <- struct{}{}:
	default:
	}
}

// askForAll has all keys asked for.
func (w *waits) askForAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.byKey {
		w.askFor(key)
	}
}

// changed has those of the keys asked for that are waited for.
func (w *waits) changed(keys []any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		if name, _ := key.(string); w.byKey[name] != nil {
			w.askFor(name)
		}
	}
}

// question is what tells most cheaply whether a job may have ended: of a hash
// its status, of a job that is one text only that it is another one.
type question struct {
	key     string
	command []string
}

func (of *waited) question() question {
	if of.at.own == "" {
		return question{of.at.key, []string{"HGET", of.at.key, fieldStatus}}
	}
	return question{of.at.key, []string{"HSTRLEN", of.at.key, fieldText}}
}

// questions takes out those that are to be asked soon, or returns all.
func (w *waits) questions(all bool) []question {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []question
	if all {
		for _, of := range w.byKey {
			list = append(list, of.question())
		}
	} else {
		for key := range w.ask {
			list = append(list, w.byKey[key].question())
		}
	}
	clear(w.ask)
	return list
}

// answered has the waits for a key look at their job if it may have ended. The
// answer to a question that was asked for a change is news even if it is the
// same as before.
func (w *waits) answered(key string, answer any, news bool) (told bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.byKey[key]
	if of == nil {
		return false
	}
	if status, ok := answer.(string); ok {
		if !isEndedStatus(status) {
			return false
		}
	} else if !news && answer == of.last {
		return false
	}
	of.last = answer
	for one := range of.waiting {
		select {
		case one.changed <- struct{}{}:
		default:
		}
	}
	return true
}

// close ends all waits, and those to come.
func (w *waits) close() {
	w.mu.Lock()
	w.over = true
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.mu.Unlock()
	w.fail(redis.ErrClosed)
}

// fail ends all waits.
func (w *waits) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, of := range w.byKey {
		for one := range of.waiting {
			select {
			case one.failed <- err:
			default:
			}
		}
	}
}

// run finds out until ctx ends.
func (w *waits) run(ctx context.Context) {
	const first, most = 20 * time.Millisecond, 5 * time.Second
	poller := poller{waits: w}
	client, offered := w.rdb.(*redis.Client)
	delay := first
	for offered && ctx.Err() == nil {
		err := w.track(ctx, client.Options(), func() { delay, poller.away = first, time.Time{} })
		if errors.Is(err, errNotOffered) {
			break
		}
		again, cancel := context.WithTimeout(ctx, delay)
		poller.run(again)
		cancel()
		delay = min(2*delay, most)
	}
	poller.run(ctx)
}
