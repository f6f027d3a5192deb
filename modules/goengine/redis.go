package goengine

import (
	"fmt"
	"slices"
	"strings"

	henge "github.com/henge-run/henge/guest/go"
)

// plain and truth are what a script sees of an answer: what Redis says, or true
// for OK and for a number that is not 0.
const plain, truth = false, true

// redisCommands have functions of their own, which are named after them.
var redisCommands = []struct {
	name        string
	least, most int
	truth       bool
}{
	{"get", 1, 1, plain}, {"mget", 1, 1, plain}, {"set", 2, 3, truth}, {"setnx", 2, 2, truth},
	{"append", 2, 2, plain}, {"strlen", 1, 1, plain}, {"del", 1, 1, plain}, {"exists", 1, 1, truth},
	{"type", 1, 1, plain}, {"incr", 1, 1, plain}, {"incrby", 2, 2, plain}, {"decr", 1, 1, plain},
	{"decrby", 2, 2, plain}, {"expire", 2, 2, truth}, {"persist", 1, 1, truth}, {"ttl", 1, 1, plain},
	{"hset", 2, 3, plain}, {"hget", 2, 2, plain}, {"hmget", 2, 2, plain}, {"hgetall", 1, 1, plain},
	{"hdel", 2, 2, plain}, {"hexists", 2, 2, truth}, {"hkeys", 1, 1, plain}, {"hvals", 1, 1, plain},
	{"hlen", 1, 1, plain}, {"hincrby", 3, 3, plain}, {"lpush", 2, 2, plain}, {"rpush", 2, 2, plain},
	{"lpop", 1, 1, plain}, {"rpop", 1, 1, plain}, {"lrange", 3, 3, plain}, {"lindex", 2, 2, plain},
	{"lrem", 3, 3, plain}, {"ltrim", 3, 3, truth}, {"llen", 1, 1, plain}, {"sadd", 2, 2, plain},
	{"srem", 2, 2, plain}, {"smembers", 1, 1, plain}, {"sismember", 2, 2, truth}, {"scard", 1, 1, plain},
	{"zadd", 3, 3, plain}, {"zrem", 2, 2, plain}, {"zscore", 2, 2, plain}, {"zcard", 1, 1, plain},
	{"zrange", 3, 3, plain},
}

func redisFunctions() []Function {
	all := []Function{
		{"redis", func(args []any) (any, error) { return redis(flatten(args)) }, 1, -1},
		{"redis_keys", redisKeys, 1, 1},
		{"redis_pipeline", redisPipeline, 1, 1},
	}
	for _, c := range redisCommands {
		command := strings.ToUpper(c.name)
		all = append(all, Function{"redis_" + c.name, func(args []any) (any, error) {
			words := append([]any{command}, flatten(args)...)
			// The one option that is common enough to have a place of its own.
			if command == "SET" && len(args) == 3 {
				words = slices.Insert(words, 3, any("EX"))
			}
			answer, err := redis(words)
			if err == nil && c.truth {
				return truthOf(answer), nil
			}
			return answer, err
		}, c.least, c.most})
	}
	return all
}

func redis(words []any) (any, error) {
	if len(words) == 0 {
		return nil, wrong("redis takes a command")
	}
	command, err := text("a command", words[0])
	if err != nil {
		return nil, err
	}
	return henge.RedisDo(command, words[1:]...)
}

// flatten takes a list as its elements, and a map as its names and values.
func flatten(args []any) []any {
	words := make([]any, 0, len(args)+1)
	for _, arg := range args {
		switch arg := arg.(type) {
		case []any:
			words = append(words, arg...)
		case map[string]any:
			for _, name := range Names(arg) {
				words = append(words, name, arg[name])
			}
		default:
			words = append(words, arg)
		}
	}
	return words
}

func truthOf(answer any) any {
	switch v := answer.(type) {
	case nil:
		return false
	case int64:
		return v != 0
	case string:
		if v == "OK" {
			return true
		}
	}
	return answer
}

// keysMost is how many keys redis_keys gives, as in Rhai.
const keysMost = 10_000

// redisKeys finds all keys of a pattern. KEYS itself would hold up the server,
// and is refused.
func redisKeys(args []any) (any, error) {
	pattern, err := text("a pattern", args[0])
	if err != nil {
		return nil, err
	}
	all := []any{}
	for cursor := any("0"); ; {
		step, err := henge.RedisDo("SCAN", cursor, "MATCH", pattern)
		if err != nil {
			return nil, err
		}
		pair, _ := step.([]any)
		if len(pair) != 2 {
			return nil, &henge.Error{Code: henge.Internal, Message: "SCAN answered something odd"}
		}
		found, _ := pair[1].([]any)
		all = append(all, found...)
		if len(all) > keysMost {
			return nil, &henge.Error{Code: henge.TooLarge, Message: fmt.Sprintf("there are more than %d such keys: use SCAN", keysMost)}
		}
		if cursor = pair[0]; cursor == any("0") || cursor == any(int64(0)) {
			return all, nil
		}
	}
}

// redisPipeline carries out commands in one crossing. What went wrong with one
// is in its place.
func redisPipeline(args []any) (any, error) {
	list, ok := args[0].([]any)
	commands := make([][]any, len(list))
	for i, command := range list {
		if commands[i], ok = command.([]any); !ok {
			break
		}
	}
	if !ok {
		return nil, wrong("redis_pipeline takes a list of lists")
	}
	results, err := henge.RedisPipeline(commands...)
	all := make([]any, len(results))
	for i, r := range results {
		all[i] = r.Value
		if r.Err != nil {
			all[i] = Described(r.Err)
		}
	}
	return all, err
}
