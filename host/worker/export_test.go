package worker

import "time"

// AnnounceEvery has a worker that does not run yet announce itself more often.
func (w *Worker) AnnounceEvery(d time.Duration) { w.announceEvery = d }
