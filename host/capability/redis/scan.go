package redis

import (
	"context"
	"errors"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

const (
	// mostScanned is how many keys a step of SCAN looks at, at most: each may
	// be as long as MaxKeyName.
	mostScanned = 100

	// mostPattern bounds a pattern of SCAN.
	mostPattern = 1024
)

// ownCommand returns the commands that name no key. They go through the
// circle's ledger, so they take no longer for what others have.
func ownCommand(name string) (func(context.Context, *attempt, []string) (any, error), bool) {
	switch name {
	case "scan":
		return scan, true
	case "randomkey":
		return randomKey, true
	}
	return nil, false
}

// scanning are the options of SCAN.
type scanning struct {
	cursor, pattern, kind string
	count                 int64
}

func parseScan(args []string) (scanning, error) {
	s := scanning{pattern: "*", count: 10}
	if len(args) < 2 {
		return s, invalid("SCAN takes a cursor, 0 at first")
	}
	s.cursor = args[1]
	if strings.Trim(s.cursor, "0123456789") != "" || s.cursor == "" || len(s.cursor) > 20 {
		return s, invalid("SCAN has %.20q as its cursor; take the one of the reply before, or 0", s.cursor)
	}
	for i := 2; i < len(args); i += 2 {
		if i+1 >= len(args) {
			return s, invalid("SCAN has %.20q with nothing behind it", args[i])
		}
		value := args[i+1]
		switch strings.ToUpper(args[i]) {
		case "MATCH":
			s.pattern = value
		case "TYPE":
			s.kind = strings.ToLower(value)
		case "COUNT":
			n, ok := natural(value)
			if !ok || n < 1 {
				return s, invalid("SCAN has the count %.20q and takes 1 and above", value)
			}
			s.count = min(n, mostScanned)
		default:
			return s, invalid("SCAN has the unknown option %.20q", args[i])
		}
	}
	if len(s.pattern) > mostPattern {
		return s, &abi.Error{Code: abi.TooLarge, Message: "the pattern of SCAN is longer than 1024 bytes"}
	}
	return s, nil
}

// scan is SCAN.
func scan(ctx context.Context, a *attempt, args []string) (any, error) {
	s, err := parseScan(args)
	if err != nil {
		return nil, err
	}
	if a.role == capability.Stranger && len(a.published) == 0 {
		return nil, capability.Insufficient()
	}
	page, err := a.rdb.Do(ctx, "HSCAN", ledgerKey(a.circle), s.cursor, "MATCH", s.pattern, "COUNT", s.count).Slice()
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	var keys []string
	fields, _ := page[1].([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		if key, ok := fields[i].(string); ok && a.mayRead(key) {
			keys = append(keys, key)
		}
	}
	if keys, err = a.there(ctx, keys, s.kind); err != nil {
		return nil, a.failure(ctx, err)
	}
	found := make([]any, len(keys))
	for i, key := range keys {
		found[i] = value(key)
	}
	return []any{page[0], found}, nil
}

// there returns those of the keys that have not expired, of one type where
// that is asked for.
func (a *attempt) there(ctx context.Context, keys []string, kind string) ([]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	pipe := a.rdb.Pipeline()
	kinds := make([]*goredis.StatusCmd, len(keys))
	for i, key := range keys {
		kinds[i] = pipe.Type(ctx, a.prefix+key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var found []string
	for i, key := range keys {
		if k := kinds[i].Val(); k == kind || kind == "" && k != "none" {
			found = append(found, key)
		}
	}
	return found, nil
}

// randomTries is how often RANDOMKEY looks for a key that is still there.
const randomTries = 10

// randomKey is RANDOMKEY.
func randomKey(ctx context.Context, a *attempt, args []string) (any, error) {
	if len(args) != 1 {
		return nil, invalid("RANDOMKEY takes no argument")
	}
	if a.role < capability.Reader {
		return nil, capability.Insufficient()
	}
	keys, err := a.rdb.Do(ctx, "HRANDFIELD", ledgerKey(a.circle), randomTries).StringSlice()
	if errors.Is(err, goredis.Nil) || err == nil && len(keys) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	if keys, err = a.there(ctx, keys, ""); err != nil {
		return nil, a.failure(ctx, err)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return value(keys[0]), nil
}
