package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
)

// dataRedis are the flags of the Redis that scripts keep their data in.
type dataRedis struct {
	DataRedisURL string   `name:"data-redis-url" placeholder:"URL" help:"Redis for the data of scripts. By default a worker takes that of its jobs, and henge run one inside the process, which keeps nothing."`
	RedisQuota   byteSize `default:"64MiB" placeholder:"SIZE" help:"Most memory that the keys of a circle may take in it (${default})."`
}

// shared returns connections to that Redis, or to the one at url if none was
// named, and what closes them.
func (d *dataRedis) shared(url string, connections int) (redis.Options, io.Closer, error) {
	if d.DataRedisURL != "" {
		url = d.DataRedisURL
	}
	base, err := queue.Connect(url)
	if err != nil {
		return redis.Options{}, nil, &exitError{exitUsage, err}
	}
	pool, err := redis.Pool(base, connections)
	if err != nil {
		return redis.Options{}, nil, errors.Join(err, base.Close())
	}
	opts := redis.Options{Quota: int64(d.RedisQuota), Client: func(context.Context) (goredis.UniversalClient, error) { return pool, nil }}
	return opts, closers{pool, base}, nil
}

// local is shared for one script, with a Redis of its own if none was named.
// It starts when the script first asks for something.
func (d *dataRedis) local() (redis.Options, io.Closer, error) {
	if d.DataRedisURL != "" {
		return d.shared("", 1)
	}
	own := &ownRedis{}
	return redis.Options{Quota: int64(d.RedisQuota), Client: own.client}, own, nil
}

// ownRedis is a Redis inside the process.
type ownRedis struct {
	once  sync.Once
	pool  goredis.UniversalClient
	close closers
	err   error
}

func (o *ownRedis) client(context.Context) (goredis.UniversalClient, error) {
	o.once.Do(func() { o.err = o.start() })
	return o.pool, o.err
}

func (o *ownRedis) start() error {
	server, err := localredis.StartInProcess()
	if err != nil {
		return err
	}
	o.close = closers{server}
	base, err := queue.Connect(server.URL())
	if err != nil {
		return fmt.Errorf("connect to the Redis inside the process: %w", err)
	}
	o.close = closers{base, server}
	if o.pool, err = redis.Pool(base, 1); err != nil {
		return err
	}
	o.close = closers{o.pool, base, server}
	return nil
}

// Close stops it. No script may be running.
func (o *ownRedis) Close() error { return o.close.Close() }

// closers are closed in their order.
type closers []io.Closer

// Close closes all.
func (c closers) Close() error {
	var err error
	for _, one := range c {
		err = errors.Join(err, one.Close())
	}
	return err
}
