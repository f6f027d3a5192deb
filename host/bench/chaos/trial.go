package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
)

// Where the jobs of most faults are.
const (
	circle  = "chaos"
	jobType = "osis"
	list    = "hero:q:work:type:" + jobType
)

// keyWorkers is where workers say that they are there.
const keyWorkers = "henge:workers"

// trial is one fault that is being tried.
type trial struct {
	Options
	server   *localredis.Server
	rdb      redis.UniversalClient
	producer *queue.Producer
	crew     *crew
	ledger   *ledger

	mu     sync.Mutex
	healed []time.Time          // when all was well again
	since  map[string]time.Time // when a job could have started
	wrong  []string

	// steady says that no worker is lost: each job is to be started once.
	steady bool
}

func try(ctx context.Context, f Fault, opts Options) (Report, error) {
	server, err := localredis.Start(ctx, localredis.Options{})
	if err != nil {
		return Report{}, err
	}
	t := &trial{
		Options: opts,
		server:  server,
		crew:    &crew{child: opts.Child, settings: settings{Claim: opts.Claim, Lease: opts.Lease, Slots: 16}, gone: map[string]time.Time{}},
		ledger:  newLedger(),
		since:   map[string]time.Time{},
	}
	defer func() { _ = t.server.Close() }()
	if err := t.use(server); err != nil {
		return Report{}, err
	}
	defer func() { _ = t.rdb.Close() }()
	defer t.crew.killAll()
	stop := t.progress(f.Name)
	defer stop()
	if err := f.run(ctx, t); err != nil {
		return Report{}, err
	}
	return t.report(ctx, f.Name)
}

// use makes a server the one of the trial; before any job is submitted.
func (t *trial) use(server *localredis.Server) error {
	rdb, err := queue.Connect(server.URL())
	if err != nil {
		return err
	}
	if t.server != server {
		_ = t.rdb.Close()
		_ = t.server.Close()
	}
	t.server, t.rdb, t.ledger.rdb = server, rdb, rdb
	t.crew.settings.Redis = server.URL()
	t.producer, err = queue.NewProducer(rdb, queue.Hero)
	return err
}

// progress says every two seconds how far it is.
func (t *trial) progress(fault string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				submitted, open := t.ledger.counts()
				t.Log.Info("chaos", "fault", fault, "submitted", submitted, "ended", submitted-open)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// task is a job that takes a while.
func (t *trial) task(d time.Duration) queue.Submission {
	return queue.Submission{Job: job.Job{Circle: circle, Type: jobType, Payload: []byte(d.String())}}
}

// tasks are short ones.
func (t *trial) tasks(n int) []queue.Submission {
	many := make([]queue.Submission, n)
	for i := range many {
		many[i] = t.task(rand.N(4 * time.Millisecond))
	}
	return many
}

// submit hands jobs in until all are accepted, however long Redis is away, and
// returns their ids.
func (t *trial) submit(ctx context.Context, jobs []queue.Submission) ([]string, error) {
	ids := make([]string, len(jobs))
	for i := range jobs {
		if jobs[i].ID == "" {
			jobs[i].ID = t.ledger.newID()
		}
		ids[i] = jobs[i].ID
	}
	for len(jobs) > 0 {
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		answers, err := t.producer.SubmitMany(once, jobs)
		cancel()
		var again []queue.Submission
		for i, a := range answers {
			if a.Err != nil && !isTaken(a.Err) {
				again, err = append(again, jobs[i]), a.Err
				continue
			}
			t.ledger.add(jobs[i].ID)
		}
		jobs = append(again, jobs[len(answers):]...)
		if len(jobs) > 0 {
			if pause(ctx, 50*time.Millisecond) != nil {
				return nil, fmt.Errorf("submit: %w", err)
			}
		}
	}
	return ids, nil
}

// disturbed has jobs flow through three workers while disturb does its worst,
// and waits until they have ended.
func (t *trial) disturbed(ctx context.Context, disturb func(context.Context) error) error {
	for range 3 {
		if _, err := t.crew.start(nil); err != nil {
			return err
		}
	}
	flowing, stop := context.WithCancel(ctx)
	defer stop()
	flow := make(chan error, 1)
	go func() { flow <- t.flow(flowing) }()
	err := t.isUp(ctx)
	if err == nil {
		err = disturb(ctx)
	}
	stop()
	if flowErr := <-flow; err == nil {
		err = flowErr
	}
	if err != nil {
		return err
	}
	return t.settle(ctx)
}

// isUp waits until all workers are there and jobs end.
func (t *trial) isUp(ctx context.Context) error {
	for deadline := time.Now().Add(t.Patience + time.Minute); ; {
		open, err := t.ledger.look(ctx)
		if err != nil {
			return err
		}
		submitted, _ := t.ledger.counts()
		if submitted > open && int(t.rdb.ZCard(ctx, keyWorkers).Val()) >= len(t.crew.running()) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the workers did not come up")
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// flow submits jobs until ctx ends, and at least as many as were asked for.
func (t *trial) flow(stop context.Context) error {
	ctx := context.WithoutCancel(stop)
	for n, batch := 0, t.Jobs/20+1; n < t.Jobs || stop.Err() == nil; n += batch {
		if n >= t.Jobs {
			batch = 5
		}
		if _, err := t.submit(ctx, t.tasks(batch)); err != nil {
			return err
		}
		_ = pause(ctx, 50*time.Millisecond)
	}
	return nil
}

// settle waits until all jobs have ended, or patience has. What an unsafe claim
// does twice may come late.
func (t *trial) settle(ctx context.Context) error {
	deadline := time.Now().Add(t.Patience)
	for {
		open, err := t.ledger.look(ctx)
		if err == nil && open == 0 && t.Claim == Safe || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// isWell remembers that all is well again from now on.
func (t *trial) isWell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.healed = append(t.healed, time.Now())
}

// couldStart remembers that a job can start from now on.
func (t *trial) couldStart(ids ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for _, id := range ids {
		t.since[id] = now
	}
}

func (t *trial) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// pause waits, or returns the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
