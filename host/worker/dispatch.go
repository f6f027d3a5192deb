package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
)

// dispatcher brings results back and hands jobs to free slots, both in one
// call. It claims no more than there are free slots: a job claimed early would
// wait behind a long one. It is one goroutine's.
type dispatcher struct {
	*Worker
	exchanges
	waker   *queue.Waker
	serving serving

	running int          // jobs that were started and whose end was not seen
	ended   []queue.Done // whose result is to be brought back
	idle    bool         // the last claim found less than it asked for
	next    time.Time    // when the next claim may be worth it, if idle
}

// dispatch works until ctx ends and, beyond that, until what runs has ended or
// was handed back.
func (w *Worker) dispatch(ctx context.Context) error {
	d := &dispatcher{Worker: w, exchanges: newExchanges(), waker: w.opts.Queue.NewWaker()}
	defer d.waker.Close()
	// Before any module is ready, so that a bad name is known at once.
	if err := w.opts.Queue.Serve(w.wanted(nil)); err != nil {
		return err
	}
	err := d.work(ctx)
	w.moved.stopping.Store(true)
	w.log.Info("stopping", "running", d.running, "grace", w.opts.Grace)
	d.drain()
	return err
}

func (d *dispatcher) work(ctx context.Context) error {
	for ctx.Err() == nil {
		if d.serving.isStale() {
			if err := d.look(); err != nil {
				return unlessStopped(ctx, err)
			}
		}
		d.moved.dispatched()
		d.collect(ctx)
		if d.worthIt() {
			d.send(ctx, d.free())
			continue
		}
		d.wait(ctx)
	}
	return nil
}

// look learns what can be served now.
func (d *dispatcher) look() (err error) {
	if d.serving, err = d.nextServing(); err != nil {
		return err
	}
	d.idle = false
	nudge(d.present)
	return d.opts.Queue.Serve(d.wanted(d.serving.types))
}

// worthIt says whether to make an exchange now. While one is made, another is
// worth it only for results of half of the slots: with two halves in turn
// neither Redis nor the worker waits for the other, and calls stay few.
func (d *dispatcher) worthIt() bool {
	switch {
	case d.sent == mostSent:
		return false
	case d.sent > 0:
		return len(d.ended) >= half(d.opts.Slots)
	case len(d.ended) > 0:
		return true
	}
	return d.free() > 0 && !(d.idle && time.Now().Before(d.next))
}

// free is how many slots no job runs in and no claim was sent for; none while
// nothing is served.
func (d *dispatcher) free() int {
	if len(d.serving.types) == 0 {
		return 0
	}
	return d.slots.free()
}

// collect takes the results and answers that are there, without waiting.
func (d *dispatcher) collect(ctx context.Context) {
	for {
		select {
		case one := <-d.done:
			d.take(one)
		case a := <-d.answers:
			d.answered(ctx, a)
		default:
			return
		}
	}
}

// take frees the slot of a job that has ended.
func (d *dispatcher) take(one queue.Done) {
	d.running--
	d.slots.release(1)
	if one.Result != nil {
		d.ended = append(d.ended, one)
	}
}

// wait waits for a result, an answer, a wake-up, or until it is time to look
// again.
func (d *dispatcher) wait(ctx context.Context) {
	var woken <-chan struct{}
	atMost := d.opts.Queue.Lease()
	if d.idle && d.sent == 0 && d.free() > 0 {
		woken = d.waker.C()
		atMost = min(time.Until(d.next), d.waker.Poll())
	}
	timer := time.NewTimer(max(atMost, 0))
	defer timer.Stop()
	select {
	case one := <-d.done:
		d.take(one)
	case a := <-d.answers:
		d.answered(ctx, a)
	case <-d.slots.lent:
	case <-woken:
		// What is pushed in a row comes with one claim.
		d.waker.Spread()
		d.idle = false
	case <-timer.C:
		d.idle = false
	case <-d.serving.changed:
	case <-ctx.Done():
	}
}

// logEnd says how a job ended.
func (w *Worker) logEnd(d queue.Done, lost bool) {
	c, r := d.Claim, d.Result
	if r.End == job.Success && !lost && !w.log.Enabled(context.Background(), slog.LevelDebug) {
		return // a line that nobody gets would be a tenth of a short job
	}
	log := w.log.With("job", c.Job.ID, "circle", c.Job.Circle, "type", c.Job.Type, "end", r.End.String(), "wall", r.Cost.Wall, "fuel", r.Cost.Fuel)
	switch {
	case lost:
		log.Warn("result refused: the job is no longer this worker's", "refused", w.opts.Queue.Refused().All())
	case r.End == job.Success:
		log.Debug("job ended")
	default:
		log.Info("job ended", "error", r.Error)
	}
}

// drain waits for the running jobs and brings their results back; when the
// grace time is over it stops those that still run and hands them back. What
// cannot be written by then is left to another worker.
func (d *dispatcher) drain() {
	grace, over := context.WithTimeout(context.Background(), d.opts.Grace)
	defer over()
	context.AfterFunc(grace, func() { d.active.stopAll(errStopping) })
	for {
		d.collect(grace)
		if grace.Err() != nil && d.failed {
			d.giveUp()
		}
		switch {
		case len(d.ended) > 0 && d.worthIt():
			d.send(grace, 0)
		case d.running > 0 || d.sent > 0:
			select {
			case one := <-d.done:
				d.take(one)
			case a := <-d.answers:
				d.answered(grace, a)
			}
		case len(d.ended) == 0:
			return
		}
	}
}

// giveUp leaves results unwritten, since Redis is away.
func (d *dispatcher) giveUp() {
	for _, one := range d.ended {
		d.log.Error("result not written: the worker stops while Redis is away; the job will run again", "job", one.Claim.Job.ID)
	}
	d.ended, d.failed = nil, false // what ends after this has a try of its own
}

// start runs a job in a goroutine of its own, which came with an answer.
func (d *dispatcher) start(ctx context.Context, c *queue.Claim, a answer) {
	// A job goes on when the worker is asked to stop; see drain.
	jobCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	d.active.add(c, a.began, cancel)
	go func() {
		defer cancel(nil)
		d.opts.Observer.Started(c.Job, time.Since(a.began))
		d.done <- queue.Done{Claim: c, Result: d.serve(jobCtx, c, a.types)}
	}()
}

// unlessStopped returns err, and nil when ctx has ended: that is an orderly
// stop.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// jitter spreads d over half to all of it, so that many workers do not act as
// one.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}
