package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// ErrLost is returned for a job that is no longer this worker's: its lease
// ended and was taken away, or the job was claimed again. Nothing was written.
var ErrLost = errors.New("the job is no longer this worker's")

// Queue is a worker's side of the queue. It is safe for concurrent use; it has
// nothing to close.
type Queue struct {
	rdb      redis.UniversalClient
	opts     Options
	dialects []dialect
	served   map[string]bool // circles; nil for all
	cluster  bool
	scripts  *scripts
	board    board
	missed   chan struct{} // has a value when lists may hold something that nobody told of

	limboAt atomic.Int64 // where the next claim looks in limbo
	slots   slots
	refused refusals

	historyAt atomic.Int64 // where the next TakeHistory begins among the streams

	mu       sync.Mutex
	reported map[string]time.Time // lists that cannot be read, and when that was said
}

// New returns the queue of one worker. It does not speak to Redis; Open does.
//
// Make rdb with ContextTimeoutEnabled, so that connections are not held by
// calls that nobody waits for any more (Connect does). The keys of the other
// systems have no hash tag, so on a Redis Cluster only the dialect Henge runs.
func New(rdb redis.UniversalClient, opts Options) (*Queue, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	_, cluster := rdb.(*redis.ClusterClient)
	if cluster && len(opts.Dialects) == 0 {
		opts.Dialects = []string{Henge}
	}
	dialects, err := dialectsNamed(opts.Dialects)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	for i, d := range dialects {
		if d.name() == Hero {
			dialects[i] = hero{legacy: opts.LegacyKeys}
		}
	}
	for _, name := range opts.History {
		if !slices.ContainsFunc(dialects, func(d dialect) bool { return d.name() == name }) {
			return nil, fmt.Errorf("queue: the history is to have jobs of the dialect %.40q, which is not served", name)
		}
	}
	q := &Queue{rdb: rdb, opts: opts, dialects: dialects, cluster: cluster, reported: map[string]time.Time{}, missed: make(chan struct{}, 1)}
	for _, d := range dialects {
		if cluster && d.name() != Henge {
			return nil, fmt.Errorf("queue: the dialect %s does not run on a Redis Cluster, since its keys have no hash tag: only %s does", d.name(), Henge)
		}
	}
	if !opts.AllCircles {
		q.served = map[string]bool{"": true}
		for _, c := range opts.Circles {
			q.served[c] = true
		}
	}
	q.scripts = loadScripts()
	q.slots.life = uuid.NewString()
	return q, nil
}

// serves says whether jobs of a circle are for this worker; those of none are
// anybody's.
func (q *Queue) serves(circle string) bool { return q.served == nil || q.served[circle] }

// lists returns the lists that are served for w, as far as they are known.
func (q *Queue) lists(w Wanted) ([]list, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	var all []list
	for _, d := range q.dialects {
		lists, err := d.lists(w, q.opts.Circles)
		if err != nil {
			return nil, err
		}
		all = append(all, lists...)
	}
	return all, nil
}

// watched are the prefixes of the keys whose change may mean work.
func (q *Queue) watched() []string {
	prefixes := []string{keyWait}
	for _, d := range q.dialects {
		prefixes = append(prefixes, d.watched(q.opts.Circles)...)
	}
	return prefixes
}

// Serve says which jobs the next claims are for.
func (q *Queue) Serve(w Wanted) error {
	if err := q.board.serve(w, q.lists); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	q.lookNow() // what is new may have waited for long
	return nil
}

// lookNow has a Waker look through all lists.
func (q *Queue) lookNow() {
	select {
	case q.missed <- struct{}{}:
	default:
	}
}

// Worker returns the name under which this queue holds jobs.
func (q *Queue) Worker() string { return q.opts.Worker }

// Circles returns the circles served, as far as they are few, and nothing for
// all of them.
func (q *Queue) Circles() []string { return q.opts.Circles[:min(len(q.opts.Circles), mostCircles)] }

// Dialects returns the names of the dialects served.
func (q *Queue) Dialects() []string {
	names := make([]string, len(q.dialects))
	for i, d := range q.dialects {
		names[i] = d.name()
	}
	return names
}

// Lease returns how long a claim lasts without a renewal.
func (q *Queue) Lease() time.Duration { return q.opts.Lease }

// Open checks that this Redis can be used: its version (7.0 or later) and the
// version of the keys in it, which the first worker writes. It returns
// ErrProtocol when another version of henge uses this Redis.
func (q *Queue) Open(ctx context.Context) error {
	if err := checkServer(ctx, q.rdb, q.opts); err != nil {
		return fmt.Errorf("open queue: %w", err)
	}
	if err := q.checkProtocol(ctx); err != nil {
		return fmt.Errorf("open queue: %w", err)
	}
	return nil
}

func checkServer(ctx context.Context, rdb redis.UniversalClient, opts Options) error {
	facts, err := within(ctx, func() (map[string]string, error) { return info(ctx, rdb, "server") })
	if err != nil {
		if strings.Contains(err.Error(), "is not supported") {
			opts.Log.Debug("this Redis does not tell its version")
			return nil
		}
		return fmt.Errorf("ask Redis for its version: %w", err)
	}
	if version := facts["redis_version"]; tooOld(version) {
		return fmt.Errorf("this Redis is version %s; henge needs 7.0 or later", version)
	}
	return nil
}

// args puts what every script takes before its own arguments.
func (o *Options) args(more ...any) []any {
	jobTTL := int64(0)
	if o.JobTTL > 0 {
		jobTTL = millis(o.JobTTL)
	}
	history := strconv.Itoa(o.HistoryWaiting) + "|"
	for _, name := range o.History {
		history += name + "|"
	}
	return append([]any{
		millis(o.ReplyTTL), o.DeadLetters, millis(o.DeadTTL), jobTTL, max(o.Events, 0), string(o.Pop), history,
	}, more...)
}
