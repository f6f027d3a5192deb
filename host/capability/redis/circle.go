package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Prefix returns what is before each key of a circle in Redis. The circle is
// its hash tag, so that all its keys are on one server of a cluster.
func Prefix(circle string) string { return "henge:data:{" + circle + "}:" }

func ledgerKey(circle string) string { return "henge:ledger:{" + circle + "}" }
func usedKey(circle string) string   { return "henge:used:{" + circle + "}" }
func sweptKey(circle string) string  { return "henge:swept:{" + circle + "}" }

const (
	// sweepEvery is how often a circle without room has its keys looked at.
	sweepEvery = time.Second

	// sweepPage is how many of them one look takes, so that it is short, and
	// sweepPages how many looks there are at most.
	sweepPage, sweepPages = 100, 50
)

// sweep looks at keys of the circle in full: some have expired, and some are
// smaller than their bound. It takes them at random, and goes on for as long as
// that gives something back.
func (a *attempt) sweep(ctx context.Context) error {
	mine, err := a.rdb.SetNX(ctx, sweptKey(a.circle), 1, sweepEvery).Result()
	if err != nil || !mine {
		return err
	}
	keys := []string{ledgerKey(a.circle), usedKey(a.circle)}
	for range sweepPages {
		given, err := a.scripts.sweep.Run(ctx, a.rdb, keys, a.prefix, sweepPage).Int64()
		if err != nil || given <= 0 {
			return err
		}
	}
	return nil
}

// Used returns how much memory the keys of a circle are counted with, in bytes.
func Used(ctx context.Context, rdb goredis.UniversalClient, circle string) (int64, error) {
	n, err := rdb.Get(ctx, usedKey(circle)).Int64()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	return n, err
}

// Keys gives each of the circle's keys to f, without the prefix, some of them
// perhaps twice, until f returns an error. It goes through all keys of
// the server, which takes a while and holds up nobody.
func Keys(ctx context.Context, rdb goredis.UniversalClient, circle string, f func(key string) error) error {
	prefix := Prefix(circle)
	var server goredis.Cmdable = rdb
	if cluster, ok := rdb.(*goredis.ClusterClient); ok {
		var err error
		if server, err = cluster.MasterForKey(ctx, prefix); err != nil {
			return fmt.Errorf("find the server of circle %s: %w", circle, err)
		}
	}
	// A circle's name has none of the letters that a pattern knows.
	it := server.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for it.Next(ctx) {
		if err := f(strings.TrimPrefix(it.Val(), prefix)); err != nil {
			return err
		}
	}
	return it.Err()
}

// Remove deletes all keys of a circle, and what is counted of them. The
// circle's jobs should have ended: what they write meanwhile may stay.
func Remove(ctx context.Context, rdb goredis.UniversalClient, circle string) error {
	err := Keys(ctx, rdb, circle, func(key string) error {
		return rdb.Unlink(ctx, Prefix(circle)+key).Err()
	})
	if err != nil {
		return fmt.Errorf("remove the keys of circle %s: %w", circle, err)
	}
	if err := rdb.Unlink(ctx, ledgerKey(circle), usedKey(circle), sweptKey(circle)).Err(); err != nil {
		return fmt.Errorf("remove the ledger of circle %s: %w", circle, err)
	}
	return nil
}
