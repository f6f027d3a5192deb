package queue

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// scanKeys goes through the keys of a pattern and a type, in small steps so
// that it holds up nobody, and gives each to f, some more than once; one call
// at a time. An empty type means any.
func scanKeys(ctx context.Context, rdb redis.UniversalClient, pattern, kind string, f func(key string)) error {
	var mu sync.Mutex
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
			mu.Lock()
			for _, key := range keys {
				f(key)
			}
			mu.Unlock()
			if cursor = next; cursor == 0 {
				return ctx.Err()
			}
		}
	}
	if c, ok := rdb.(*redis.ClusterClient); ok {
		return c.ForEachMaster(ctx, func(ctx context.Context, one *redis.Client) error { return scan(ctx, one) })
	}
	_, err := within(ctx, func() (struct{}, error) { return struct{}{}, scan(ctx, rdb) })
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
