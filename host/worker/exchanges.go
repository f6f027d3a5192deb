package worker

import (
	"context"
	"time"

	"github.com/henge-run/henge/host/queue"
)

const (
	// exchangeTimeout bounds one exchange with the queue. Redis may be paused
	// for a while.
	exchangeTimeout = 10 * time.Second

	// mostSent is how many exchanges are made at the same time: while Redis
	// works on one, the worker takes the other apart and runs its jobs. A third
	// would only make each smaller.
	mostSent = 2
)

// exchanges are the calls of the queue that were sent and not answered yet.
type exchanges struct {
	sent    int  // how many
	failed  bool // the last that came back was not answered
	answers chan answer
}

func newExchanges() exchanges { return exchanges{answers: make(chan answer, mostSent)} }

// answer is what became of one exchange.
type answer struct {
	began time.Time
	took  time.Duration
	done  []queue.Done // what it brought
	n     int          // jobs that it asked for
	types []string     // that were served when it did
	queue.Exchanged
	err error
}

// half is the part of the slots that one exchange serves, as far as one call
// can carry it.
func half(slots int) int { return min((slots+1)/2, 128) }

// send brings back the results that are there and takes up to n jobs.
func (d *dispatcher) send(ctx context.Context, n int) {
	a := answer{began: time.Now(), done: d.ended, n: min(n, half(d.opts.Slots)), types: d.serving.types}
	d.ended = nil
	d.sent++
	d.slots.use(a.n)
	go func() {
		// A claim that was sent is waited for: what it leased and nobody heard
		// of would be counted as a crash.
		calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
		defer cancel()
		a.Exchanged, a.err = d.opts.Queue.Exchange(calling, a.done, a.n)
		a.took = time.Since(a.began)
		d.answers <- a
	}()
}

// answered starts the jobs that came, and forgets the results that the queue
// has dealt with.
func (d *dispatcher) answered(ctx context.Context, a answer) {
	d.sent--
	d.slots.release(a.n - len(a.Jobs))
	d.failed = a.err != nil
	d.redis.report(a.began, a.err)
	d.opts.Observer.Exchanged(a.took, a.err)
	if a.err != nil {
		// What was not answered is sent again, the jobs that it may have
		// leased come with the next claim.
		d.ended = append(a.done, d.ended...)
		pause(ctx, d.redis.delay())
		return
	}
	lost := map[*queue.Claim]bool{}
	for _, c := range a.Lost {
		lost[c] = true
	}
	for _, one := range a.done[:a.Finished] {
		d.active.remove(one.Claim)
		d.logEnd(one, lost[one.Claim])
		if !lost[one.Claim] {
			d.opts.Observer.Ended(one.Claim.Job, one.Result)
		}
	}
	d.ended = append(d.ended, a.done[a.Finished:]...)
	for _, notice := range a.Notices {
		d.log.Warn(notice.Text, "list", notice.Queue, "job", notice.ID)
	}
	for _, c := range a.Jobs {
		d.running++
		d.start(ctx, c, a)
	}
	d.idle = len(a.Jobs) < a.n && a.Finished == len(a.done)
	d.next = time.Now().Add(a.Next)
}
