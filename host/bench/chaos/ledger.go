package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/queue"
)

const (
	heroJob   = "hero:job:"
	heroReply = "hero:q:reply:"
)

// ledger is which jobs were handed in and which have ended. The end of a job
// pushes one reply, so a job with two replies has ended twice. It is safe for
// concurrent use.
type ledger struct {
	rdb redis.UniversalClient

	mu   sync.Mutex
	made int
	all  []string
	open map[string]bool
}

func newLedger() *ledger { return &ledger{open: map[string]bool{}} }

func (l *ledger) newID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	return fmt.Sprint("job", l.made)
}

func (l *ledger) add(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.all = append(l.all, id)
		l.open[id] = true
	}
}

func (l *ledger) counts() (submitted, open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all), len(l.open)
}

// look finds out which jobs have ended since, and returns how many have not.
func (l *ledger) look(ctx context.Context) (open int, err error) {
	l.mu.Lock()
	ids := make([]string, 0, len(l.open))
	for id := range l.open {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	replies, err := l.replies(ctx, ids)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, n := range replies {
		if n > 0 {
			delete(l.open, ids[i])
		}
	}
	return len(l.open), err
}

// replies counts them for each of some jobs.
func (l *ledger) replies(ctx context.Context, ids []string) ([]int64, error) {
	var counts []int64
	for part := range slices.Chunk(ids, 1000) {
		cmds, err := l.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, id := range part {
				pipe.LLen(ctx, heroReply+id)
			}
			return nil
		})
		if err != nil {
			return counts, fmt.Errorf("count replies: %w", err)
		}
		for _, c := range cmds {
			counts = append(counts, c.(*redis.IntCmd).Val())
		}
	}
	return counts, nil
}

// twice counts the jobs that ended more than once.
func (l *ledger) twice(ctx context.Context) (n int, err error) {
	replies, err := l.replies(ctx, l.all)
	for _, r := range replies {
		if r > 1 {
			n++
		}
	}
	return n, err
}

// isTaken says that a job was written by an earlier try whose answer was lost.
func isTaken(err error) bool { return errors.Is(err, queue.ErrExists) }
