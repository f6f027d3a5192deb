package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

const (
	// listsCounted and circlesCounted bound what one count asks Redis for: some
	// 2 ms of its time.
	listsCounted   = 1000
	circlesCounted = 1000
)

// Waiting is how many jobs wait, of those that this worker would take.
type Waiting struct {
	Dialect string

	// Type is empty for the jobs of lists that hold several types.
	Type string

	Jobs int64
}

// Waiting counts the jobs that wait in the lists served, by dialect and type;
// not those that wait for a time or for other jobs. It costs Redis some 2 ms at
// the most. Beyond 1,000 lists, or 1,000 circles that share lists, those that
// are believed to hold something are counted first, and partly says that some
// were left out.
func (q *Queue) Waiting(ctx context.Context) (counts []Waiting, partly bool, err error) {
	lists, partly := q.board.fullest(listsCounted)
	n, partlyCircles, err := q.count(ctx, lists)
	if err != nil {
		return nil, false, fmt.Errorf("count waiting jobs: %w", err)
	}
	for i, l := range lists {
		one := Waiting{Dialect: l.dialect.name(), Type: l.dialect.typeOf(l.name)}
		at := slices.IndexFunc(counts, func(c Waiting) bool { return c.Dialect == one.Dialect && c.Type == one.Type })
		if at < 0 {
			at = len(counts)
			counts = append(counts, one)
		}
		counts[at].Jobs += n[i]
	}
	return counts, partly || partlyCircles, nil
}

// fullest returns up to n lists, those first that are believed to hold
// something, and whether there are more.
func (b *board) fullest(n int) ([]list, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lists []list
	for _, hot := range []bool{true, false} {
		for _, e := range b.order {
			if len(lists) < n && e.hot == hot {
				lists = append(lists, e.list)
			}
		}
	}
	return lists, len(lists) < len(b.order)
}

// count returns how many ids are in each list and what goes with it.
func (q *Queue) count(ctx context.Context, lists []list) (n []int64, partly bool, err error) {
	n = make([]int64, len(lists))
	lengths := map[*redis.IntCmd]int{}
	circles := make([]*redis.StringSliceCmd, len(lists))
	send := func(queue func(redis.Pipeliner)) error {
		clear(lengths)
		_, err := within(ctx, func() ([]redis.Cmder, error) {
			return q.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error { queue(pipe); return nil })
		})
		if err != nil && !isRefused(err) { // a list may be of the wrong type
			return err
		}
		for length, i := range lengths {
			n[i] += length.Val()
		}
		return nil
	}
	err = send(func(pipe redis.Pipeliner) {
		for i, l := range lists {
			lengths[pipe.LLen(ctx, l.name)] = i
			if l.dialect.name() == Henge {
				lengths[pipe.LLen(ctx, l.name+":"+levelHigh)] = i
				lengths[pipe.LLen(ctx, l.name+":"+levelLow)] = i
				continue
			}
			circles[i] = pipe.ZRange(ctx, keyCircles+l.dialect.name()+"|"+l.name, 0, circlesCounted)
		}
	})
	if err != nil {
		return nil, false, err
	}
	left := circlesCounted
	err = send(func(pipe redis.Pipeliner) {
		for i, found := range circles {
			if found == nil {
				continue
			}
			for _, circle := range found.Val() {
				if left == 0 {
					partly = true
					return
				}
				if q.serves(circle) {
					left--
					lengths[pipe.LLen(ctx, strings.Join([]string{keyWait + lists[i].dialect.name(), lists[i].name, circle}, "|"))] = i
				}
			}
		}
	})
	return n, partly, err
}
