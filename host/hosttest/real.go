package hosttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/capability"
	capcircle "github.com/henge-run/henge/host/capability/circle"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// real is what the contract's capabilities work on in a Host: databases in a
// temporary folder, and a Redis inside the process, which starts when a job
// first asks for something.
type real struct {
	dir     string
	circles *circles
	now     func() time.Time // of the circles; that of jobs, so that what is to expire does not do so at once

	start  func() (goredis.UniversalClient, error)
	server *localredis.Server
	base   goredis.UniversalClient
	pool   goredis.UniversalClient
}

// circles is the store of the moment: Empty puts a new one in its place, since
// to remove a database that capabilities have open takes long.
type circles struct{ circle.Store }

func newReal(now func() time.Time) (*real, error) {
	r := &real{circles: &circles{}, now: now}
	r.start = sync.OnceValues(r.startRedis)
	return r, r.openCircles()
}

func (r *real) openCircles() error {
	dir, err := os.MkdirTemp("", "henge-test")
	if err != nil {
		return fmt.Errorf("make a folder for circles: %w", err)
	}
	store, err := sqlite.Open(dir, sqlite.Options{Now: r.now})
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	r.dir, r.circles.Store = dir, store
	return nil
}

func (r *real) closeCircles() error {
	return errors.Join(r.circles.Close(), os.RemoveAll(r.dir))
}

// capabilities returns those of the contract, a line for each, without those
// that given has in their place. The others answer Unsupported.
func (r *real) capabilities(given []capability.Capability) []capability.Capability {
	client := func(context.Context) (goredis.UniversalClient, error) { return r.start() }
	// A directory keeps its answers for a second, and here for no time: a test
	// changes roles between two jobs.
	var looks atomic.Int64
	directory := transaction.NewDirectory(r.circles, func() time.Time { return time.Unix(looks.Add(10), 0) })
	own := []capability.Capability{
		redis.New(redis.Options{Client: client, Directory: directory}),
		sql.New(r.circles),
		kv.New(r.circles),
		capcircle.New(r.circles),
	}
	own = slices.DeleteFunc(own, func(c capability.Capability) bool {
		return slices.ContainsFunc(given, func(g capability.Capability) bool { return g.Name == c.Name })
	})
	return append(own, given...)
}

func (r *real) startRedis() (goredis.UniversalClient, error) {
	var err error
	if r.server, err = localredis.StartInProcess(); err != nil {
		return nil, err
	}
	r.base = goredis.NewClient(&goredis.Options{Addr: r.server.Addr()})
	r.pool, err = redis.Pool(r.base, 1)
	return r.pool, err
}

// SetMember makes caller a member of a circle, with a role, or none where that
// is capability.Stranger.
func (h *Host) SetMember(ctx context.Context, circle, caller string, role capability.Role) error {
	tx, err := h.real.circles.Begin(ctx, &job.Job{Circle: circle, Caller: circle}, true)
	if err != nil {
		return fmt.Errorf("make %.80q a member: %w", caller, err)
	}
	defer tx.Close()
	name := role.String()
	if role == capability.Stranger {
		name = ""
	}
	if err = tx.SetMember(ctx, caller, name); err == nil {
		err = tx.Commit(ctx, &job.Result{End: job.Success})
	}
	if err != nil {
		return fmt.Errorf("make %.80q a member: %w", caller, err)
	}
	return nil
}

// Empty removes all that jobs have left in Redis and in the circles.
func (h *Host) Empty(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.real.closeCircles()
	if err == nil {
		err = h.real.openCircles()
	}
	if h.real.pool != nil {
		err = errors.Join(err, h.real.pool.FlushAll(ctx).Err())
	}
	if err != nil {
		return fmt.Errorf("empty the test host: %w", err)
	}
	return nil
}

// close ends what jobs worked on, and removes it.
func (r *real) close() error {
	err := r.closeCircles()
	if r.pool != nil {
		err = errors.Join(err, r.pool.Close())
	}
	if r.base != nil {
		err = errors.Join(err, r.base.Close())
	}
	if r.server != nil {
		err = errors.Join(err, r.server.Close())
	}
	return err
}
