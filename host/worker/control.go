package worker

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/henge-run/henge/host/queue"
)

// announceEvery is how often the worker says that it is there.
const announceEvery = 10 * time.Second

// announcePresence shows the worker in henge worker ls until ctx ends.
func (w *Worker) announcePresence(ctx context.Context) {
	host, _ := os.Hostname()
	p := queue.Presence{
		Host: host, PID: os.Getpid(), Version: version(), Started: time.Now(), Slots: w.opts.Slots, Circles: w.opts.Queue.Circles(),
	}
	for ctx.Err() == nil {
		p.Types, p.Running, p.State = w.Types(), w.active.len(), "serving"
		if w.isAsked() {
			p.State = "stopping"
		}
		began := time.Now()
		w.redis.report(began, w.opts.Queue.Announce(ctx, p))
		pause(ctx, announceEvery)
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = w.opts.Queue.Leave(leaving) // it goes by itself, later
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
