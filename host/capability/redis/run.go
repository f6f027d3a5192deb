package redis

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
)

//go:embed lua/*.lua
var sources embed.FS

type scripts struct{ run, sweep *goredis.Script }

func loadScripts() *scripts {
	return &scripts{run: script("run"), sweep: script("sweep")}
}

// script returns a file of the lua folder behind what both share.
func script(name string) *goredis.Script {
	var text strings.Builder
	for _, part := range []string{"ledger", name} {
		b, err := sources.ReadFile("lua/" + part + ".lua")
		if err != nil {
			panic(err) // a file that is embedded, or this does not compile
		}
		text.Write(b)
	}
	return goredis.NewScript(text.String())
}

// sliceWork is after how many bytes of keys the script leaves off with the
// commands of a pipeline: some milliseconds. Then others get their turn, the
// queue's own among them if Redis is the same.
const sliceWork = 4 << 20

// one carries out a command alone.
func (a *attempt) one(ctx context.Context, p *prepared) (any, error) {
	if p.own != nil {
		return p.own(ctx, a, p.raw)
	}
	if p.scripted(len(p.at)) {
		replies, err := a.run(ctx, []*prepared{p})
		if err != nil {
			return nil, err
		}
		if err, ok := replies[0].(error); ok {
			return nil, a.failure(ctx, err)
		}
		return p.finish(a.prefix, replies[0]), nil
	}
	v, err := a.rdb.Do(ctx, p.args...).Result()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, a.failure(ctx, err)
	}
	return p.finish(a.prefix, v), nil
}

// several carries out a pipeline: for each command [true, value], or [false,
// code, message]. What cannot be sent does not keep the others from it. An
// error is one of the whole: then nobody knows what of it has happened.
func (a *attempt) several(ctx context.Context, requests [][]abi.Value) ([]any, error) {
	out := make([]any, len(requests))
	var batch []*prepared
	var places []int
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		replies, err := a.run(ctx, batch)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			if err, ok := reply.(error); ok {
				out[places[i]] = failed(a.failure(ctx, err))
			} else {
				out[places[i]] = []any{true, batch[i].finish(a.prefix, reply)}
			}
		}
		batch, places = nil, nil
		return nil
	}
	for i, request := range requests {
		p, err := a.prepare(ctx, request)
		switch {
		case isGuests(err):
			out[i] = failed(err)
		case err != nil:
			return nil, err
		case p.own != nil:
			if err := flush(); err != nil {
				return nil, err
			}
			v, err := p.own(ctx, a, p.raw)
			if err != nil && !isGuests(err) {
				return nil, err
			}
			if out[i] = []any{true, v}; err != nil {
				out[i] = failed(err)
			}
		default:
			batch, places = append(batch, p), append(places, i)
		}
	}
	return out, flush()
}

// isGuests says whether a guest gets the error as it is.
func isGuests(err error) bool {
	var e *abi.Error
	return errors.As(err, &e)
}

func failed(err error) any {
	var e *abi.Error
	if !errors.As(err, &e) {
		e = &abi.Error{Code: abi.Internal, Message: "the host could not carry out the command"}
	}
	return []any{false, int64(e.Code), e.Message}
}

// run has the script carry out commands, slice by slice, and returns a reply
// or an error for each. Where there is no room it looks once whether keys have
// expired.
func (a *attempt) run(ctx context.Context, batch []*prepared) ([]any, error) {
	var out []any
	left, sweep := int64(MaxReply), 1
	for len(out) < len(batch) {
		keys, args := a.slice(batch[len(out):], left, sweep)
		reply, err := a.scripts.run.Run(ctx, a.rdb, keys, args...).Slice()
		if err != nil {
			return nil, a.ofScript(ctx, err)
		}
		if len(reply) < 2 || len(reply)-1 > len(batch)-len(out) {
			return nil, fmt.Errorf("the script answered %d commands of %d", len(reply)-1, len(batch)-len(out))
		}
		size, ok := reply[0].(int64)
		if !ok {
			return nil, fmt.Errorf("the script answered with a size that is a %T", reply[0])
		}
		left = max(0, left-size)
		reply = reply[1:]
		if last, ok := reply[len(reply)-1].(error); ok && strings.HasPrefix(last.Error(), "HENGESWEEP") {
			sweep, reply = 0, reply[:len(reply)-1]
			if err := a.sweep(ctx); err != nil {
				return nil, a.ofScript(ctx, err)
			}
		}
		out = append(out, reply...)
	}
	return out, nil
}

// slice writes commands as the script takes them.
func (a *attempt) slice(batch []*prepared, left int64, sweep int) ([]string, []any) {
	keys := []string{ledgerKey(a.circle), usedKey(a.circle)}
	args := []any{len(a.prefix), a.quota, MaxKey, left, sliceWork, sweep}
	for _, p := range batch {
		args = append(args, p.flags, p.added, len(p.at), len(p.args))
		args = append(args, p.args...)
		for _, at := range p.at {
			keys = append(keys, p.args[at].(string))
		}
	}
	return keys, args
}
