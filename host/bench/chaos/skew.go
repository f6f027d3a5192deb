package chaos

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// skew shifts whatever a worker tells Redis of the time: what is within a day
// of now, in seconds, milli- or microseconds. A clock that is off by the same
// all the time can do no more, since durations come out right.
type skew time.Duration

// DialHook implements redis.Hook.
func (skew) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (s skew) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.shift(cmd)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (s skew) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.shift(cmd)
		}
		return next(ctx, cmds)
	}
}

// shift changes the arguments of a command in their place.
func (s skew) shift(cmd redis.Cmder) {
	args, off := cmd.Args(), float64(time.Duration(s))/float64(time.Second)
	now := float64(time.Now().UnixMicro()) / 1e6
	for i, arg := range args {
		v, err := number(arg)
		if err != nil {
			continue
		}
		for _, unit := range []float64{1, 1e3, 1e6} {
			if math.Abs(v/unit-now) < 24*60*60 {
				args[i] = strconv.FormatFloat(v+off*unit, 'f', -1, 64)
			}
		}
	}
}

func number(arg any) (float64, error) {
	switch v := arg.(type) {
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		return strconv.ParseFloat(v, 64)
	}
	return 0, strconv.ErrSyntax
}
