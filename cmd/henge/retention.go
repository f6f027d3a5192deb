package main

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/history"
	"github.com/henge-run/henge/host/worker"
)

// retention are the flags that say what is kept of jobs that ended, and for
// how long.
type retention struct {
	KeepJobs    time.Duration `group:"What is kept:" default:"168h" help:"How long jobs that ended are kept in Redis; below 0 for ever."`
	KeepReplies time.Duration `group:"What is kept:" default:"1h" help:"How long replies are kept that nobody reads."`
	KeepLogs    time.Duration `group:"What is kept:" default:"24h" help:"How long the log of a job is kept after its last line."`
	LogLines    int           `group:"What is kept:" default:"10000" help:"Most lines of a job's log; the last are kept."`
	KeepDead    time.Duration `group:"What is kept:" default:"168h" help:"How long dead letters are kept."`
	DeadLetters int           `group:"What is kept:" default:"10000" help:"Most dead letters; the last are kept."`
	Events      int           `group:"What is kept:" default:"10000" help:"How many events are kept for live views; 0 for none."`

	History        bool          `group:"What is kept:" help:"Keep jobs that ended on disk as well, in the data folder. Those of the dialect herojobs always are."`
	KeepHistory    time.Duration `group:"What is kept:" default:"2160h" help:"How long they are kept there; 0 for ever."`
	HistorySize    byteSize      `group:"What is kept:" default:"256MiB" help:"Most space that a circle's history takes on disk, of which the oldest jobs go; 0 for any."`
	HistoryWaiting int           `group:"What is kept:" default:"1000000" help:"Most jobs that wait in Redis for the history, for a time when the disk is slow or away."`
}

// set puts what goes for Redis into the queue's options, whose Dialects are
// set.
func (r *retention) set(o *queue.Options) error {
	for name, value := range map[string]int64{
		"keep-replies": int64(r.KeepReplies), "keep-logs": int64(r.KeepLogs), "log-lines": int64(r.LogLines),
		"keep-dead": int64(r.KeepDead), "dead-letters": int64(r.DeadLetters), "history-waiting": int64(r.HistoryWaiting),
	} {
		if value <= 0 {
			return fmt.Errorf("--%s must be above 0", name)
		}
	}
	if r.Events < 0 || r.KeepHistory < 0 {
		return fmt.Errorf("--events and --keep-history may not be below 0")
	}
	o.JobTTL, o.ReplyTTL = r.KeepJobs, r.KeepReplies
	if r.KeepJobs == 0 {
		return fmt.Errorf("--keep-jobs must not be 0: producers would not see how their jobs ended")
	}
	o.LogTTL, o.LogLines = r.KeepLogs, r.LogLines
	o.DeadTTL, o.DeadLetters = r.KeepDead, r.DeadLetters
	o.Events, o.HistoryWaiting = r.Events, r.HistoryWaiting
	if r.Events == 0 {
		o.Events = -1
	}
	served := o.Dialects
	if len(served) == 0 {
		served = queue.Dialects()
	}
	switch {
	case r.History:
		o.History = served
	case slices.Contains(served, queue.HeroJobs):
		o.History = []string{queue.HeroJobs}
	}
	return nil
}

// open returns the history of a worker that keeps jobs of these dialects, nil
// for none, and what closes it.
func (r *retention) open(g *globals, dialects []string, log *slog.Logger) (worker.History, func(), error) {
	if len(dialects) == 0 {
		return nil, func() {}, nil
	}
	dir, err := g.historyDir()
	if err != nil {
		return nil, nil, err
	}
	store, err := history.Open(dir, history.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("%w; name another folder with --data", err)
	}
	k := &keeper{store, history.Bounds{For: r.KeepHistory, Bytes: int64(r.HistorySize)}, log}
	return k, func() { _ = store.Close() }, nil
}
