package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// keysWalked bounds how many keys are gone through on each server, and
	// scopesLooked at how many circles of the dialect Henge is looked.
	keysWalked   = 2_000_000
	scopesLooked = 10_000

	// overdue is for how long a lease may have ended before it says that
	// nobody reaps: a reaper looks at least every 5 s.
	overdue = 15 * time.Second
)

// standing is what was found in henge's own keys, of all scopes.
type standing struct {
	running, expired, limbo, dead int64
	paused                        []string
}

func (c *checkup) lookAtJobs(ctx context.Context) {
	there, err := Workers(ctx, c.rdb)
	if err != nil {
		c.failed("workers", err)
		return
	}
	if len(there) == 0 {
		c.add("workers", Warning, "none is there")
	} else {
		c.add("workers", Good, "%d", len(there))
	}
	scopes := map[string]bool{scopeShared: true}
	var unserved []string
	whole, err := c.walk(ctx, "list", "*", func(key string) {
		d, ok := workList(key)
		if !ok {
			return
		}
		scopes[scopeOf(key)] = true
		if !slices.ContainsFunc(there, func(p Presence) bool { return c.serves(ctx, p, d, key) }) {
			unserved = append(unserved, key)
		}
	})
	if err != nil {
		c.failed("lists", err)
		return
	}
	rest, err := c.walk(ctx, "zset", ownBefore+"*", func(key string) { scopes[scopeOf(key)] = true })
	if err != nil {
		c.failed("lists", err)
		return
	}
	c.reportLists(ctx, unserved, whole && rest)
	c.lookAtScopes(ctx, scopes)
}

// walk goes through the keys of a type and says whether it saw all.
func (c *checkup) walk(ctx context.Context, keyType, pattern string, f func(key string)) (whole bool, err error) {
	whole = true
	err = eachServer(ctx, c.rdb, func(ctx context.Context, rdb redis.Cmdable) error {
		cursor := uint64(0)
		for range keysWalked / scanned {
			keys, next, err := rdb.ScanType(ctx, cursor, pattern, scanned, keyType).Result()
			if err != nil {
				return err
			}
			for _, key := range keys {
				f(key)
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
		whole = false
		return nil
	})
	return whole, err
}

// workList says whether jobs wait in a list of this name, and of which dialect.
func workList(key string) (dialect, bool) {
	for _, d := range allDialects() {
		if strings.HasPrefix(key, keyWait+d.name()+"|") {
			return d, true
		}
		for _, prefix := range d.watched(nil) {
			if strings.HasPrefix(key, prefix) && (d.name() != Henge || strings.HasPrefix(key, scopeOf(key)+ownQueue)) {
				return d, true
			}
		}
	}
	return nil, false
}

// serves says whether a worker takes from a list, by what it says of itself.
func (c *checkup) serves(ctx context.Context, p Presence, d dialect, key string) bool {
	if len(p.Dialects) > 0 && !slices.Contains(p.Dialects, d.name()) {
		return false
	}
	l, ok := d.find(key, Wanted{Types: p.Types, Group: p.Group, Instance: p.Instance})
	switch {
	case !ok:
		return false
	case l.circle == "" || len(p.Circles) == 0 || slices.Contains(p.Circles, l.circle):
		return true
	case len(p.Circles) < mostCircles:
		return false
	}
	// It serves more than it says, and these are here, unless it served nothing
	// yet.
	set := keyServes + p.Worker
	return c.rdb.Exists(ctx, set).Val() == 0 || c.rdb.SIsMember(ctx, set, l.circle).Val()
}

func (c *checkup) reportLists(ctx context.Context, unserved []string, whole bool) {
	slices.Sort(unserved)
	for i, key := range unserved[:min(len(unserved), 5)] {
		unserved[i] = fmt.Sprintf("%s (%d)", shorten(key), c.rdb.LLen(ctx, key).Val())
	}
	partly := ""
	if !whole {
		partly = "; there are too many keys to look at all"
	}
	if len(unserved) > 0 {
		c.add("lists", Warning, "no worker that is there serves %s%s", some(unserved), partly)
		return
	}
	c.add("lists", Good, "each that holds jobs is served%s", partly)
}

func (c *checkup) lookAtScopes(ctx context.Context, scopes map[string]bool) {
	now, err := c.rdb.Time(ctx).Result()
	if err != nil {
		c.failed("leases", err)
		return
	}
	var s standing
	names := make([]string, 0, len(scopes))
	for scope := range scopes {
		names = append(names, scope)
	}
	slices.Sort(names)
	for part := range slices.Chunk(names[:min(len(names), scopesLooked)], 100) {
		if err := s.add(ctx, c.rdb, part, now); err != nil {
			c.failed("leases", err)
			return
		}
	}
	c.report(s)
}

// add reads what stands in some scopes.
func (s *standing) add(ctx context.Context, rdb redis.UniversalClient, scopes []string, now time.Time) error {
	type answers struct {
		running, expired, limbo, dead *redis.IntCmd
		paused                        *redis.StringSliceCmd
	}
	all := make([]answers, len(scopes))
	late := fmt.Sprint(now.Add(-overdue).UnixMilli())
	_, err := rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, scope := range scopes {
			all[i] = answers{
				pipe.ZCard(ctx, scope+inLease), pipe.ZCount(ctx, scope+inLease, "-inf", late),
				pipe.ZCard(ctx, scope+inLimbo), pipe.ZCard(ctx, scope+inDead), pipe.SMembers(ctx, scope+inPaused),
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range all {
		s.running += a.running.Val()
		s.expired += a.expired.Val()
		s.limbo += a.limbo.Val()
		s.dead += a.dead.Val()
		s.paused = append(s.paused, a.paused.Val()...)
	}
	return nil
}

func (c *checkup) report(s standing) {
	if s.expired > 0 {
		c.add("leases", Problem, "%d of %d ended more than %s ago and nobody has taken the jobs back: start a worker of their circles", s.expired, s.running, overdue)
	} else {
		c.add("leases", Good, "%d jobs run", s.running)
	}
	if s.limbo > 0 {
		c.add("limbo", Warning, "%d ids were pushed whose job is not there: each becomes a dead letter after a minute", s.limbo)
	} else {
		c.add("limbo", Good, "each id that was pushed has its job")
	}
	if s.dead > 0 {
		c.add("dead letters", Warning, "%d: ZRANGE %s 0 -1 shows them", s.dead, scopeShared+inDead)
	} else {
		c.add("dead letters", Good, "none")
	}
	if len(s.paused) > 0 {
		slices.Sort(s.paused)
		c.add("paused", Warning, "nothing is handed out from %s", some(s.paused))
	} else {
		c.add("paused", Good, "no list is")
	}
}
