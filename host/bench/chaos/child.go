package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/worker"
)

// envSettings is how a child knows what to do.
const envSettings = "HENGE_CHAOS_CHILD"

// What the worker says of Redis, and what a holder says.
const (
	redisAway = "Redis does not answer; trying on"
	redisBack = "Redis answers again"
	saysHeld  = "holds jobs"
	saysTried = "tried to write"
)

// settings are what a child is told.
type settings struct {
	Redis, Name  string
	Claim        Claim
	Lease, Limbo time.Duration
	Slots        int
	Skew         time.Duration // how far the worker's clock is off
	Holds        bool          // claims jobs, and writes when it is told to
	Sandboxed    bool          // runs jobs in modules
}

// IsChild says whether this process was started by Run.
func IsChild() bool { return os.Getenv(envSettings) != "" }

// Child is what a process does that Run started: it works until its standard
// input ends. For sandboxed jobs it asks load for the modules, and closes what
// comes with them.
func Child(ctx context.Context, load func(context.Context, *slog.Logger) (*registry.Registry, io.Closer, error)) error {
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv(envSettings)), &s); err != nil {
		return fmt.Errorf("read %s: %w", envSettings, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	told := make(chan struct{})
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			told <- struct{}{}
		}
	}()
	rdb, err := queue.Connect(s.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	if s.Skew != 0 {
		rdb.AddHook(skew(s.Skew))
	}
	switch s.Claim {
	case Pop, Unfenced:
		hopeful{s, rdb}.work(ctx)
		return nil
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	q, err := queue.New(rdb, queue.Options{
		Worker: s.Name, AllCircles: true, Dialects: []string{queue.Hero}, Lease: s.Lease, LimboTTL: s.Limbo,
		Events: mostEvents, Crashes: 1 << 20, Log: log,
	})
	if err != nil {
		return err
	}
	if s.Holds {
		return hold(ctx, q, told, log)
	}
	opts := worker.Options{Queue: q, Slots: s.Slots, Log: log, Handlers: map[string]worker.Handler{jobType: runTask}}
	if s.Sandboxed {
		modules, closer, err := load(ctx, log)
		if err != nil {
			return err
		}
		defer closer.Close()
		opts.Handlers, opts.Registry = nil, modules
	}
	w, err := worker.New(opts)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// runTask takes as long as the job says.
func runTask(ctx context.Context, j *job.Job) *job.Result {
	if work(ctx, string(j.Payload)) != nil {
		return &job.Result{End: job.Cancelled, Error: context.Cause(ctx).Error()}
	}
	return &job.Result{End: job.Success, Output: j.Payload}
}

func work(ctx context.Context, task string) error {
	d, err := time.ParseDuration(task)
	if err != nil {
		return err
	}
	if d == 0 {
		return nil
	}
	return pause(ctx, d)
}

// hold claims jobs, says which, and when it is told to it tries whatever a
// worker may do with a job: by then they are another's.
func hold(ctx context.Context, q *queue.Queue, told <-chan struct{}, log *slog.Logger) error {
	var claims []*queue.Claim
	for len(claims) == 0 {
		got, err := q.Claim(ctx, queue.Wanted{Types: []string{jobType}}, 4)
		if err != nil {
			return err
		}
		claims = got.Jobs
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.Job.ID)
	}
	log.Info(saysHeld, "jobs", ids)
	select {
	case <-told:
	case <-ctx.Done():
		return nil
	}
	refused, accepted := 0, []string{}
	for _, c := range claims {
		for what, err := range writes(ctx, q, c) {
			if errors.Is(err, queue.ErrLost) {
				refused++
				continue
			}
			accepted = append(accepted, fmt.Sprintf("%s of job %s (%v)", what, c.Job.ID, err))
		}
	}
	log.Info(saysTried, "refused", refused, "accepted", accepted)
	<-ctx.Done()
	return nil
}

// kindsOfWrites is how many writes gives.
const kindsOfWrites = 6

// writes tries all that a worker may do with a job.
func writes(ctx context.Context, q *queue.Queue, c *queue.Claim) map[string]error {
	renewal, err := q.Renew(ctx, []*queue.Claim{c})
	if err == nil && len(renewal.Lost) == 1 {
		err = queue.ErrLost
	}
	line := job.LogLine{Time: time.Now(), Level: job.Warn, Text: "too late"}
	return map[string]error{
		"renew":    err,
		"progress": q.Note(ctx, c, queue.Note{Progress: "too late"}),
		"log":      q.Note(ctx, c, queue.Note{Lines: []job.LogLine{line}}),
		"output":   q.Finish(ctx, c, &job.Result{End: job.Success, Output: []byte("too late")}),
		"finish":   q.Finish(ctx, c, &job.Result{End: job.Success, Log: []job.LogLine{line}}),
		"fail":     q.Finish(ctx, c, &job.Result{End: job.ScriptError, Error: "too late"}),
	}
}
