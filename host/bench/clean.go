package bench

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Clean deletes every key of a Redis that has a bench's name in its own.
func Clean(ctx context.Context, rdb goredis.UniversalClient, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	keys := rdb.Scan(ctx, 0, "*"+name+"*", 1000).Iterator()
	var some []string
	for keys.Next(ctx) {
		if some = append(some, keys.Val()); len(some) == 1000 {
			if err := rdb.Unlink(ctx, some...).Err(); err != nil {
				return fmt.Errorf("delete the keys of the bench: %w", err)
			}
			some = some[:0]
		}
	}
	err := keys.Err()
	if err == nil && len(some) > 0 {
		err = rdb.Unlink(ctx, some...).Err()
	}
	if err != nil {
		return fmt.Errorf("delete the keys of the bench: %w", err)
	}
	return nil
}
