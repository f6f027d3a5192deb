package worker

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// announceEvery is how often a worker says that it is there, and asks whether it
// still knows the version of the keys.
const announceEvery = 10 * time.Second

// announcePresence shows the worker in henge worker ls until ctx ends: now and
// then, and when it serves more types or stops.
func (w *Worker) announcePresence(ctx context.Context) {
	host, _ := os.Hostname()
	p := queue.Presence{
		Host: host, PID: os.Getpid(), Version: version(), Started: time.Now(), Slots: w.opts.Slots, Circles: w.opts.Queue.Circles(),
		Group: w.opts.Group, Instance: w.opts.Instance, Dialects: w.opts.Queue.Dialects(),
	}
	for ctx.Err() == nil {
		p.Types, p.Running, p.State = w.Types(), w.active.len(), "serving"
		p.Modules = w.modules()
		p.Refused, p.LeasesLost = w.opts.Queue.Refused().All(), w.lost.Load()
		if w.isAsked() {
			p.State = "stopping"
		}
		began := time.Now()
		err := w.opts.Queue.Announce(ctx, p)
		if errors.Is(err, queue.ErrProtocol) {
			w.giveUp(err)
			err = nil // Redis did answer
		}
		w.redis.report(began, err)
		timer := time.NewTimer(w.announceEvery)
		select {
		case <-timer.C:
		case <-w.present: // something of this has changed
		case <-ctx.Done():
		}
		timer.Stop()
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = w.opts.Queue.Leave(leaving) // it goes by itself, later
}

// giveUp has the worker take no more jobs, since it must not.
func (w *Worker) giveUp(why error) {
	if w.refused.CompareAndSwap(nil, &why) {
		w.log.Error("stopping: another version of henge uses this Redis now", "err", why)
	}
	w.Stop()
}

// version is the version of the program that the worker is part of.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// obey does what is asked of the worker while it works.
func (w *Worker) obey(ctx context.Context) {
	w.opts.Queue.Listen(ctx, queue.Control{
		Cancelled: w.renewNow,
		Stop: func() {
			w.log.Info("asked to stop")
			w.Stop()
		},
		Scheduled: func() { nudge(w.scheduled) },
	})
}

// ordersEvery is how often control lists are looked at.
const ordersEvery = 250 * time.Millisecond

// takeOrders does what producers ask for in control lists until ctx ends.
func (w *Worker) takeOrders(ctx context.Context) {
	for wait := time.Duration(0); ; {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return
		}
		began := time.Now()
		more, notices, err := w.opts.Queue.Obey(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil { // without lists there was no call, and so no answer
			w.redis.report(began, err)
		}
		for _, n := range notices {
			w.log.Warn(n.Text, "list", n.Queue)
		}
		switch {
		case err != nil:
			wait = max(ordersEvery, w.redis.delay())
		case more:
			wait = 0
		default:
			wait = jitter(ordersEvery)
		}
	}
}

// renewNow has the renewer look at once.
func (w *Worker) renewNow() { nudge(w.renew) }

// nudge wakes an actor, now or when it is next about to wait.
func nudge(actor chan<- struct{}) {
	select {
	case actor <- struct{}{}:
	default:
	}
}

func (w *Worker) isAsked() bool {
	select {
	case <-w.asked:
		return true
	default:
		return false
	}
}
