package queue

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// pollUnwatched is how often an idle worker claims where Redis does not
	// tell it about pushes.
	pollUnwatched = 100 * time.Millisecond

	// wakeJitter spreads the claims of workers that one push wakes, and takes
	// in one claim what a producer pushes in a row, and the echo of the
	// claim of whoever was first.
	wakeJitter = 500 * time.Microsecond
)

// Waker tells an idle worker that something came to a list. It only says that
// a claim may be worth it: many pushes can be one wake-up, and a claim after
// it can find nothing, since another worker was first or it was this worker's
// own claim that changed the list.
//
// It listens on a connection of its own (client-side caching's invalidation
// messages, RESP3): to the server, to the master that Sentinel names, or one to
// each master of a cluster. While one of them is down, or where the server does
// not offer it, Wait returns after a poll interval, so nothing depends on the
// messages.
//
// Its methods are safe for concurrent use, but one wake-up ends one Wait.
type Waker struct {
	queue     *Queue
	signal    chan struct{}
	masters   atomic.Int32 // servers to listen to
	connected atomic.Int32 // and those that are listened to
	rand      func() float64
	log       *slog.Logger
	stop      context.CancelFunc
	stopped   sync.WaitGroup
	ready     chan struct{} // closed when it listens, or never will
	readyOnce sync.Once
}

// NewWaker starts a waker for the lists that Serve named; before that, any
// list that jobs come in wakes. Close it when done.
func (q *Queue) NewWaker() *Waker {
	ctx, stop := context.WithCancel(context.Background())
	w := &Waker{
		queue:  q,
		signal: make(chan struct{}, 1),
		rand:   q.opts.Rand,
		log:    q.opts.Log,
		stop:   stop,
		ready:  make(chan struct{}),
	}
	switch client := q.rdb.(type) {
	case *redis.Client:
		w.masters.Store(1)
		w.stopped.Go(func() { w.listen(ctx, client.Options()) })
	case *redis.ClusterClient:
		w.stopped.Go(func() { w.listenToMasters(ctx, client) })
	default:
		w.log.Debug("wake-ups: polling, since this is no client of a server or a cluster", "every", pollUnwatched)
		w.markReady()
	}
	w.stopped.Go(func() { w.look(ctx) })
	return w
}

// look finds what nobody told of: at once after a connection was made or lost,
// and otherwise now and then; more often where nobody tells anything. Going
// through all keys is dear, so that is done only where it can tell something.
func (w *Waker) look(ctx context.Context) {
	w.settle(ctx)
	unknown, discovered := true, time.Now()
	for ctx.Err() == nil {
		if unknown || !w.listening() && time.Since(discovered) > discoverEvery {
			unknown = w.queue.Discover(ctx) != nil
			discovered = time.Now()
		}
		found, err := w.queue.Sweep(ctx)
		if found && err == nil {
			w.wake()
		}
		every := sweepUnwatched
		if w.listening() {
			every = sweepWatched
		}
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
		case <-w.queue.missed:
			unknown = true
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// settle waits a little for the connection, since what came before it is looked
// for when it is there: otherwise all keys would be gone through twice.
func (w *Waker) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pollUnwatched)
	defer cancel()
	if w.Ready(ctx) == nil {
		select {
		case <-w.queue.missed:
		default:
		}
	}
}

// Wait returns nil when a claim may be worth it: something was pushed, atMost
// has passed (Claims.Next; 0 returns at once), or the poll interval has. It
// returns an error only when ctx ends.
func (w *Waker) Wait(ctx context.Context, atMost time.Duration) error {
	if atMost = min(atMost, w.Poll()); atMost <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	case <-w.signal:
	}
	w.Spread()
	select {
	case <-w.signal:
	default:
	}
	return ctx.Err()
}

// C is what Wait waits on, for a select: it has a value when a claim may be
// worth it. Look at it no longer than Poll, and call Spread after it.
func (w *Waker) C() <-chan struct{} { return w.signal }

// Poll is how long an idle worker should wait between two claims, at the most.
func (w *Waker) Poll() time.Duration {
	if w.listening() {
		return PollInterval
	}
	return pollUnwatched
}

// Spread waits after a wake-up, for at most half a millisecond: see wakeJitter.
func (w *Waker) Spread() { nap(time.Duration(w.rand() * float64(wakeJitter))) }

// Ready waits until the waker listens, or knows that it will not.
func (w *Waker) Ready(ctx context.Context) error {
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the waker's goroutine and connection. A Wait that runs is left to
// its own time.
func (w *Waker) Close() error {
	w.stop()
	w.stopped.Wait()
	return nil
}

func (w *Waker) markReady() { w.readyOnce.Do(func() { close(w.ready) }) }

// wake never blocks: one wake-up that waits says as much as ten.
func (w *Waker) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// concerns reports whether a key that changed is one that Wait is for, and has
// the next claim look at its list.
func (w *Waker) concerns(key string) bool {
	want, named := w.queue.board.wanted()
	if !named {
		return true
	}
	for _, d := range w.queue.dialects {
		l, ok := d.find(key, want)
		if s, has := d.(scoped); has && !ok {
			// Nothing new when anything of the circle is known.
			l, ok = s.shows(key, want)
			ok = ok && !w.queue.board.knows(l)
		}
		if !ok || !w.queue.serves(l.circle) {
			continue
		}
		if l.dialect.name() != Henge {
			l.circle = "" // the list itself may hold others' jobs too
		}
		w.queue.board.mark(l)
		return true
	}
	return false
}
