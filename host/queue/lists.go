package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ListState is what a list holds.
type ListState struct {
	// Name is the list's key, and Dialect that of its jobs.
	Name, Dialect string

	// Circles is how many circles have jobs waiting that were taken apart from
	// the list; in other dialects than Hero a list is of one circle.
	Circles int

	// Waiting counts the jobs that wait for their turn, those that were taken
	// apart and, in the dialect Henge, those of all levels included.
	Waiting int

	// Held counts those that wait for other jobs or for room in a channel, and
	// Due those that wait for a time: to run at, or to be tried again.
	Held, Due int

	// Running counts the leases that stand.
	Running int

	// Paused says that nothing is handed out.
	Paused bool
}

// dialectOf says which dialect a list of this name is of.
func (o *Operator) dialectOf(name string) (dialect, error) {
	for _, d := range o.dialects {
		if base, ok := d.listOf(name); ok && base == name && isListName(name) {
			return d, nil
		}
	}
	return nil, fmt.Errorf("%s is no list of jobs: write its whole key, as henge queue ls shows it, for example %sosis", quoteShort(name), heroType)
}

// Lists returns what is known of all lists that hold something, have jobs that
// run or wait elsewhere, or are paused, by name.
func (o *Operator) Lists(ctx context.Context) ([]ListState, error) {
	s := survey{Operator: o, lists: map[string]*ListState{}, scopes: map[string]bool{}}
	if err := s.look(ctx); err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	all := make([]ListState, 0, len(s.lists))
	for _, l := range s.lists {
		if l.Waiting+l.Held+l.Due+l.Running > 0 || l.Paused { // a list may have gone since
			all = append(all, *l)
		}
	}
	slices.SortFunc(all, func(a, b ListState) int {
		return cmp.Or(cmp.Compare(a.Dialect, b.Dialect), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// survey collects what is known of lists.
type survey struct {
	*Operator
	lists  map[string]*ListState
	scopes map[string]bool
}

// add returns the state of the list that a key is one of; nil for no list.
func (s *survey) add(key string) *ListState {
	for _, d := range s.dialects {
		name, ok := d.listOf(key)
		if !ok {
			continue
		}
		if s.lists[name] == nil {
			s.lists[name] = &ListState{Name: name, Dialect: d.name()}
			s.scopes[scopeOf(name)] = true
		}
		return s.lists[name]
	}
	return nil
}

// addMember returns the same for a job's member in one of the sorted sets.
func (s *survey) addMember(m string) *ListState {
	name, rest, _ := strings.Cut(m, "|")
	list, _, ok := strings.Cut(rest, "|")
	if l := s.add(list); ok && l != nil && l.Dialect == name {
		return l
	}
	return nil
}

func (s *survey) look(ctx context.Context) error {
	for _, d := range s.dialects {
		for _, pattern := range d.allLists() {
			if err := scanKeys(ctx, s.rdb, pattern, "list", func(key string) { s.add(key) }); err != nil {
				return err
			}
		}
		if err := s.findScopes(ctx, d); err != nil {
			return err
		}
	}
	for scope := range s.scopes {
		if err := s.lookIn(ctx, scope); err != nil {
			return err
		}
	}
	return s.count(ctx)
}

// findScopes finds where jobs of a dialect may be whose list is empty.
func (s *survey) findScopes(ctx context.Context, d dialect) error {
	if d.name() == Henge {
		// lease, due, held, paused, waiting, and few other keys.
		return scanKeys(ctx, s.rdb, ownBefore+"*}:[dhlpw][aeu]*", "", func(key string) {
			s.scopes[scopeOf(key)] = true
		})
	}
	s.scopes[scopeShared] = true
	return scanKeys(ctx, s.rdb, keyCircles+d.name()+"|*", "zset", func(key string) {
		s.add(strings.TrimPrefix(key, keyCircles+d.name()+"|"))
	})
}

// lookIn counts the jobs of a scope that are in none of the lists.
func (s *survey) lookIn(ctx context.Context, scope string) error {
	for set, of := range map[string]func(*ListState) *int{
		inLease:   func(l *ListState) *int { return &l.Running },
		inDue:     func(l *ListState) *int { return &l.Due },
		inWaiting: func(l *ListState) *int { return &l.Held },
	} {
		seen := map[string]bool{}
		err := scanMembers(ctx, s.rdb, scope+set, "*", func(m string) {
			if l := s.addMember(m); l != nil && !seen[m] {
				seen[m] = true
				*of(l)++
			}
		})
		if err != nil {
			return err
		}
	}
	err := s.eachHeld(ctx, scope, func(_, m string) {
		if l := s.addMember(m); l != nil {
			l.Held++
		}
	})
	if err != nil {
		return err
	}
	paused, err := within(ctx, func() ([]string, error) { return s.rdb.SMembers(ctx, scope+inPaused).Result() })
	for _, name := range paused {
		if l := s.add(name); l != nil {
			l.Paused = true
		}
	}
	return err
}

// count asks how long the lists are.
func (s *survey) count(ctx context.Context) error {
	for _, l := range s.lists {
		keys := []string{l.Name}
		switch l.Dialect {
		case Henge:
			keys = append(keys, l.Name+":"+levelHigh, l.Name+":"+levelLow)
		case Hero:
			circles, err := within(ctx, func() ([]string, error) {
				return s.rdb.ZRange(ctx, keyCircles+Hero+"|"+l.Name, 0, -1).Result()
			})
			if err != nil {
				return err
			}
			l.Circles = len(circles)
			for _, circle := range circles {
				keys = append(keys, keyWait+Hero+"|"+l.Name+"|"+circle)
			}
		}
		if l.Dialect != Hero {
			l.Circles = 1
		}
		for part := range slices.Chunk(keys, scanned) {
			n, err := within(ctx, func() (int64, error) { return sumLengths(ctx, s.rdb, part) })
			if err != nil {
				return err
			}
			l.Waiting += int(n)
		}
	}
	return nil
}

func sumLengths(ctx context.Context, rdb redis.UniversalClient, keys []string) (sum int64, err error) {
	lengths := make([]*redis.IntCmd, len(keys))
	_, err = rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, key := range keys {
			lengths[i] = pipe.LLen(ctx, key)
		}
		return nil
	})
	for _, n := range lengths {
		sum += n.Val()
	}
	if redis.HasErrorPrefix(err, "WRONGTYPE") { // such a key holds no jobs
		err = nil
	}
	return sum, err
}
