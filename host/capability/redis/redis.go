// Package redis is the capability henge_redis_v1: Redis commands within the
// keys of the job's circle. The script names plain keys, and the host puts the
// circle's prefix before each. It knows no queue and no key of the queue's.
package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// DefaultQuota is how much memory the keys of a circle may take, in bytes.
const DefaultQuota = 64 << 20

const (
	// MaxKeyName is the longest key, in bytes.
	MaxKeyName = 64 << 10

	// MaxKey is about the most that one key may hold, in bytes. It bounds what
	// any command on a single key can answer, and for how long it keeps the
	// server from others.
	MaxKey = 8 << 20

	// MaxReply is the longest reply to a command or a pipeline, in bytes of
	// Redis' own protocol.
	MaxReply = 16 << 20

	// MaxArguments is how many arguments a command may have.
	MaxArguments = 4096

	// MaxPipeline is how many commands a pipeline may have.
	MaxPipeline = 1000
)

// Options say how a capability is made.
type Options struct {
	// Client returns the connections, as Pool makes them. It is called for
	// each call of a guest, and may connect on the first. Nil: there is no
	// Redis, which each call is told.
	Client func(context.Context) (goredis.UniversalClient, error)

	// Directory says who may do what in a circle. Nil: the owner all, others
	// nothing.
	Directory capability.Directory

	// Quota is how much memory the keys of a circle may take, in bytes. 0
	// means DefaultQuota.
	Quota int64
}

// service is what the functions share. It is safe for concurrent use.
type service struct {
	client    func(context.Context) (goredis.UniversalClient, error)
	directory capability.Directory
	quota     int64
	scripts   *scripts
}

// serviceOf is what opts say.
func serviceOf(opts Options) *service {
	r := &service{client: opts.Client, directory: opts.Directory, quota: opts.Quota, scripts: loadScripts()}
	if r.client == nil {
		r.client = func(context.Context) (goredis.UniversalClient, error) {
			return nil, &abi.Error{Code: abi.Unavailable, Message: "there is no Redis here"}
		}
	}
	if r.quota <= 0 {
		r.quota = DefaultQuota
	}
	return r
}

// New returns the capability.
func New(opts Options) capability.Capability {
	r := serviceOf(opts)
	return capability.Capability{
		Name: abi.RedisV1,
		Functions: []capability.Function{
			{Name: "do", Call: r.do},
			{Name: "pipeline", Call: r.pipeline},
		},
	}
}

func (r *service) do(ctx context.Context, c *capability.Call) error {
	var request []abi.Value
	enc, err := c.Decode(&request)
	if err != nil {
		return err
	}
	a, err := r.attempt(ctx, c.Session)
	if err != nil {
		return err
	}
	cmd, err := a.prepare(ctx, request)
	if err != nil {
		return err
	}
	v, err := a.one(ctx, cmd)
	if err != nil {
		return err
	}
	return c.ReplyValue(enc, abi.Value{V: v})
}

func (r *service) pipeline(ctx context.Context, c *capability.Call) error {
	var request [][]abi.Value
	enc, err := c.Decode(&request)
	if err != nil {
		return err
	}
	if len(request) > MaxPipeline {
		return &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
			"the pipeline has %d commands; send at most %d at a time", len(request), MaxPipeline)}
	}
	a, err := r.attempt(ctx, c.Session)
	if err != nil {
		return err
	}
	replies, err := a.several(ctx, request)
	if err != nil {
		return err
	}
	return c.ReplyValue(enc, abi.Value{V: replies})
}
