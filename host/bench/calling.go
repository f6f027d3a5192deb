package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/store/circle"
)

// calling makes calls of host functions, and the same from Go.
type calling struct {
	Subjects
	runtime *sandbox.Runtime
	server  *loopback
}

// hostCall is a call as a guest makes it, and what does the same from Go so
// many times.
type hostCall struct {
	name             string
	module, function string
	request          any // bytes go as they are
	direct           func(ctx context.Context, times int64) error
}

// operations are what is measured: each call from Go and from a guest.
func (b *calling) operations(ctx context.Context) ([]*timed, error) {
	if err := b.prepare(ctx); err != nil {
		return nil, fmt.Errorf("write what is read: %w", err)
	}
	idle, err := b.calls(ctx, hostCall{module: nothing.Name, function: nothing.Functions[0].Name})
	if err != nil {
		return nil, err
	}
	all := []*timed{{name: "host call", way: Reset, do: idle}}
	for _, c := range b.hostCalls() {
		guests, err := b.calls(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		all = append(all, &timed{name: c.name, way: Direct, do: c.direct}, &timed{name: c.name, way: Reset, do: guests})
	}
	return all, nil
}

// prepare writes what the calls read.
func (b *calling) prepare(ctx context.Context) error {
	if err := b.Redis.HSet(ctx, redis.Prefix(b.Circle)+"hash", "one", 1, "two", 2, "three", 3).Err(); err != nil {
		return err
	}
	return b.inTransaction(ctx, func(tx circle.Tx) error {
		for _, text := range []string{"CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'some bytes of value')"} {
			if _, err := tx.Exec(ctx, circle.Statement{SQL: text, Access: circle.Access{Read: true, Write: true}}); err != nil {
				return err
			}
		}
		return tx.Set(ctx, []byte("text"), []byte("some bytes of value"), time.Time{})
	})
}

func (b *calling) inTransaction(ctx context.Context, do func(circle.Tx) error) error {
	tx, err := b.Circles.Begin(ctx, &job.Job{ID: "bench", Circle: b.Circle}, false)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Close())
	}
	return errors.Join(tx.Commit(ctx, nil), tx.Close())
}

// calls loads a guest that makes a call, and returns what has it do so.
func (b *calling) calls(ctx context.Context, c hostCall) (func(ctx context.Context, times int64) error, error) {
	m, err := b.runtime.Load(ctx, guest{c.name, c.module, c.function}.encode(), &abi.Manifest{Name: "bench"}, job.Limits{HostCalls: 1 << 62, Fuel: 1 << 62})
	if err != nil {
		return nil, err
	}
	request, ok := c.request.([]byte)
	if !ok && c.request != nil {
		if request, err = abi.Encode(abi.CBOR, c.request); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, times int64) error {
		return succeeded(m.Run(ctx, &job.Job{
			// The jobs that it submits are named after it, and are new each time.
			ID: uuid.NewString(), Queue: "bench", Circle: b.Circle, Caller: b.Circle, Type: "bench", Dialect: "henge",
			Payload: append(binary.LittleEndian.AppendUint64(nil, uint64(times)), request...), Timeout: time.Hour, Attempt: 1,
		}))
	}, nil
}

// hostCalls are the calls that are measured.
func (b *calling) hostCalls() []hostCall {
	query := circle.Statement{SQL: "SELECT v FROM t WHERE k = 1", Access: circle.Access{Read: true, Write: true}}
	return []hostCall{
		b.redisCall("get", "GET", "text"), b.redisCall("set", "SET", "text", "some bytes of value"), b.redisCall("hgetall", "HGETALL", "hash"),
		{name: "kv get", module: abi.KVV1, function: "get", request: []byte("text"), direct: b.repeated(func(ctx context.Context, tx circle.Tx) error {
			_, _, err := tx.Get(ctx, []byte("text"))
			return err
		})},
		{name: "sql query", module: abi.SQLV1, function: "query", request: abi.Query{SQL: query.SQL}, direct: b.repeated(func(ctx context.Context, tx circle.Tx) error {
			_, err := tx.Query(ctx, query, 0)
			return err
		})},
		{name: "http fetch", module: abi.HTTPV1, function: "fetch", request: abi.Fetch{URL: b.server.url}, direct: b.server.fetch},
		{name: "queue submit", module: abi.QueueV1, function: "submit", request: abi.SubmitJob{Type: "bench", Payload: abi.Value{V: "some bytes of value"}}, direct: b.submit},
	}
}

func (b *calling) redisCall(name string, args ...string) hostCall {
	request := make([]abi.Value, len(args))
	direct := make([]any, len(args))
	for i, a := range args {
		request[i], direct[i] = abi.Value{V: a}, a
	}
	direct[1] = redis.Prefix(b.Circle) + args[1]
	return hostCall{name: "redis " + name, module: abi.RedisV1, function: "do", request: request, direct: func(ctx context.Context, times int64) error {
		for range times {
			if err := b.Redis.Do(ctx, direct...).Err(); err != nil && !errors.Is(err, goredis.Nil) {
				return err
			}
		}
		return nil
	}}
}

// repeated does something so many times in one transaction, as a job does.
func (b *calling) repeated(do func(ctx context.Context, tx circle.Tx) error) func(ctx context.Context, times int64) error {
	return func(ctx context.Context, times int64) error {
		return b.inTransaction(ctx, func(tx circle.Tx) error {
			for range times {
				if err := do(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (b *calling) submit(ctx context.Context, times int64) error {
	parent := &job.Job{ID: "bench", Queue: "bench", Circle: b.Circle, Caller: b.Circle, Dialect: "henge"}
	for range times {
		if err := b.Jobs.Submit(ctx, parent, queue.Child{ID: uuid.NewString(), Type: "bench", Payload: []byte("some bytes of value")}); err != nil {
			return err
		}
	}
	return nil
}
