package chaos

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// keyUnsafe is the sorted set of leases of the claim Unfenced.
const keyUnsafe = "unsafe:lease"

// hopeful is a worker as it must not be.
type hopeful struct {
	settings
	rdb redis.UniversalClient
}

func (h hopeful) work(ctx context.Context) {
	h.rdb.ZAdd(ctx, keyWorkers, redis.Z{Score: float64(time.Now().UnixMilli()), Member: h.Name})
	var all sync.WaitGroup
	for range h.Slots {
		all.Go(func() {
			for ctx.Err() == nil {
				h.one(ctx)
			}
		})
	}
	if h.Claim == Unfenced {
		all.Go(func() {
			for pause(ctx, h.Lease/4) == nil {
				h.takeBack(ctx)
			}
		})
	}
	all.Wait()
}

// one takes a job, if there is one, and ends it.
func (h hopeful) one(ctx context.Context) {
	id, err := h.rdb.RPop(ctx, list).Result()
	if err != nil {
		_ = pause(ctx, 50*time.Millisecond)
		return
	}
	if h.Claim == Unfenced {
		h.rdb.ZAdd(ctx, keyUnsafe, redis.Z{Score: float64(time.Now().Add(h.Lease).UnixMilli()), Member: id})
	}
	task, err := h.rdb.HGet(ctx, heroJob+id, "script").Result()
	if err != nil || work(ctx, task) != nil {
		return
	}
	if h.rdb.HSet(ctx, heroJob+id, "status", "finished", "output", task).Err() != nil {
		return
	}
	h.rdb.LPush(ctx, heroReply+id, task)
	h.rdb.ZRem(ctx, keyUnsafe, id)
}

// takeBack puts jobs back whose lease has ended, by the clock of this worker.
func (h hopeful) takeBack(ctx context.Context) {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for _, id := range h.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: keyUnsafe, Start: "-inf", Stop: now, ByScore: true}).Val() {
		if h.rdb.ZRem(ctx, keyUnsafe, id).Val() == 1 {
			h.rdb.RPush(ctx, list, id)
		}
	}
}
