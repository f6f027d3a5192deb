package worker

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/henge-run/henge/host/queue"
)

const (
	firstDelay = 50 * time.Millisecond
	lastDelay  = 2 * time.Second
)

// outage watches whether Redis answers: one line in the log for each change,
// not one for each try, and a delay that grows while it does not. It is safe
// for concurrent use.
type outage struct {
	log *slog.Logger

	mu       sync.Mutex
	since    time.Time // of the outage
	answered time.Time // when the last answer came
	tries    int
	count    int64
}

// report takes the outcome of a call and when it began: one that fails late
// says nothing about a server that has answered since it began. A refusal by the
// fence is an answer.
func (o *outage) report(began time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil || errors.Is(err, queue.ErrLost) {
		o.answered = time.Now()
		if o.tries > 0 {
			o.log.Info("Redis answers again", "after", time.Since(o.since).Round(time.Millisecond))
		}
		o.tries = 0
		return
	}
	if began.Before(o.answered) {
		return
	}
	if o.tries == 0 {
		o.since = time.Now()
		o.count++
		o.log.Error("Redis does not answer; trying on", "err", err)
	}
	o.tries++
}

// state says whether Redis answers (not before it first did), and how often it
// was away.
func (o *outage) state() (answers bool, outages int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tries == 0 && !o.answered.IsZero(), o.count
}

// delay is how long to wait before the next try.
func (o *outage) delay() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return jitter(min(firstDelay<<min(o.tries, 10), lastDelay))
}
