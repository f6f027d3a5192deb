package queue

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ClaimHome says that a host keeps a circle's data on its own disk, unless
// another one said so before, and returns the one that did.
func ClaimHome(ctx context.Context, rdb redis.UniversalClient, circle, host string) (string, error) {
	key := ownScope(circle) + inHome
	home, err := within(ctx, func() (string, error) {
		if err := rdb.SetNX(ctx, key, host, 0).Err(); err != nil {
			return "", err
		}
		return rdb.Get(ctx, key).Result()
	})
	if err != nil {
		return "", fmt.Errorf("look up the home of circle %s: %w", quoteShort(circle), err)
	}
	return home, nil
}

// SetHome says that a host keeps a circle's data from now on, whoever did
// before, or that none does where host is empty.
func SetHome(ctx context.Context, rdb redis.UniversalClient, circle, host string) error {
	key := ownScope(circle) + inHome
	_, err := within(ctx, func() (struct{}, error) {
		if host == "" {
			return struct{}{}, rdb.Del(ctx, key).Err()
		}
		return struct{}{}, rdb.Set(ctx, key, host, 0).Err()
	})
	if err != nil {
		return fmt.Errorf("set the home of circle %s: %w", quoteShort(circle), err)
	}
	return nil
}
