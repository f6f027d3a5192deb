package worker

import (
	"context"
	"time"
)

// fireSchedules writes the jobs of schedules that are due: at the earliest tick,
// as the queue says, and when somebody has written a schedule.
func (w *Worker) fireSchedules(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		report, err := w.opts.Queue.FireSchedules(ctx)
		if ctx.Err() != nil {
			return
		}
		w.redis.report(began, err)
		next := report.Next
		if err != nil {
			next = w.redis.delay()
		}
		for _, notice := range report.Notices {
			w.log.Warn(notice.Text, "key", notice.Queue)
		}
		for _, f := range report.Fired {
			log := w.log.With("schedule", f.Schedule, "circle", f.Circle, "tick", f.Tick)
			if f.Job == "" {
				log.Info("missed ticks of a schedule skipped")
				continue
			}
			log.Debug("job of a schedule written", "job", f.Job)
		}
		// Not all workers at once: the others then find nothing to do.
		timer := time.NewTimer(next + jitter(20*time.Millisecond))
		select {
		case <-timer.C:
		case <-w.scheduled:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}
