package queue

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// eachServer calls f with the server, or one by one with the masters of a
// cluster, each of which has keys of its own.
func eachServer(ctx context.Context, rdb redis.UniversalClient, f func(context.Context, redis.Cmdable) error) error {
	c, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return f(ctx, rdb)
	}
	var one sync.Mutex
	return c.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		one.Lock()
		defer one.Unlock()
		return f(ctx, master)
	})
}

// scanKeys goes through the keys of a pattern and a type, in small steps so
// that it holds up nobody, and gives each to f, some more than once; one call
// at a time. An empty type means any.
func scanKeys(ctx context.Context, rdb redis.UniversalClient, pattern, kind string, f func(key string)) error {
	scan := func(ctx context.Context, rdb redis.Cmdable) error {
		for cursor := uint64(0); ; {
			var page *redis.ScanCmd
			if kind == "" {
				page = rdb.Scan(ctx, cursor, pattern, scanned)
			} else {
				page = rdb.ScanType(ctx, cursor, pattern, scanned, kind)
			}
			keys, next, err := page.Result()
			if err != nil {
				return err
			}
			for _, key := range keys {
				f(key)
			}
			if cursor = next; cursor == 0 {
				return ctx.Err()
			}
		}
	}
	_, err := within(ctx, func() (struct{}, error) { return struct{}{}, eachServer(ctx, rdb, scan) })
	return err
}

// scanMembers does the same with the members of a sorted set.
func scanMembers(ctx context.Context, rdb redis.UniversalClient, key, pattern string, f func(member string)) error {
	_, err := within(ctx, func() (struct{}, error) {
		for cursor := uint64(0); ; {
			found, next, err := rdb.ZScan(ctx, key, cursor, pattern, scanned).Result()
			if err != nil {
				return struct{}{}, err
			}
			for i := 0; i < len(found); i += 2 { // with their scores
				f(found[i])
			}
			if cursor = next; cursor == 0 {
				return struct{}{}, ctx.Err()
			}
		}
	})
	return err
}

// literal is a pattern that matches s alone.
func literal(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		switch s[i] {
		case '*', '?', '[', ']', '\\', '^':
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return string(b)
}
