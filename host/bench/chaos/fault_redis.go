package chaos

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/henge-run/henge/host/localredis"
)

// restarted kills Redis and starts it again on its append-only file, three
// times.
func restarted(ctx context.Context, t *trial) error {
	dir, err := os.MkdirTemp("", "henge-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	kept := localredis.Options{Dir: dir, Args: []string{"--appendfsync", "always"}}
	server, err := localredis.Start(ctx, kept)
	if err != nil {
		return err
	}
	if err := t.use(server); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		return err
	}
	if kept.Port, err = strconv.Atoi(port); err != nil {
		return err
	}
	t.steady = true
	return t.disturbed(ctx, func(ctx context.Context) error {
		for range 3 {
			if err := pause(ctx, time.Second/2); err != nil {
				return err
			}
			pid, err := t.serverPID(ctx)
			if err != nil {
				return err
			}
			if err := kill(pid); err != nil {
				return err
			}
			_ = t.server.Close() // which waits for its end
			if err := pause(ctx, t.Lease/5); err != nil {
				return err
			}
			if t.server, err = localredis.Start(ctx, kept); err != nil {
				return err
			}
			t.isWell()
		}
		return nil
	})
}

// serverPID is the process of the trial's Redis.
func (t *trial) serverPID(ctx context.Context) (int, error) {
	info, err := t.rdb.Info(ctx, "server").Result()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(info) {
		if pid, ok := strings.CutPrefix(strings.TrimSpace(line), "process_id:"); ok {
			return strconv.Atoi(pid)
		}
	}
	return 0, fmt.Errorf("redis does not tell its process id")
}

// paused stops Redis for longer than a lease, three times in a row. Some jobs
// run all the while: nobody may take them for lost.
func paused(ctx context.Context, t *trial) error {
	t.steady = true
	return t.disturbed(ctx, func(ctx context.Context) error {
		long := t.Lease * 4 / 3
		if _, err := t.submit(ctx, t.longTasks(8, 4*long)); err != nil {
			return err
		}
		pid, err := t.serverPID(ctx)
		if err != nil {
			return err
		}
		for range 3 {
			if err := pause(ctx, time.Second/2); err != nil {
				return err
			}
			if err := freeze(pid); err != nil {
				return err
			}
			err := pause(ctx, long)
			if err := thaw(pid); err != nil {
				return err
			}
			if err != nil {
				return err
			}
			t.isWell()
		}
		return nil
	})
}

// flushed empties the cache of scripts, and that of functions, again and again.
func flushed(ctx context.Context, t *trial) error {
	t.steady = true
	return t.disturbed(ctx, func(ctx context.Context) error {
		for range 20 {
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			if err := t.rdb.ScriptFlush(ctx).Err(); err != nil {
				return err
			}
			if err := t.rdb.FunctionFlush(ctx).Err(); err != nil {
				return err
			}
			t.isWell()
		}
		return nil
	})
}

// full leaves Redis without memory for a third of a lease, three times.
func full(ctx context.Context, t *trial) error {
	t.steady = true
	if err := t.rdb.ConfigSet(ctx, "maxmemory-policy", "noeviction").Err(); err != nil {
		return err
	}
	return t.disturbed(ctx, func(ctx context.Context) error {
		if _, err := t.submit(ctx, t.longTasks(8, t.Lease)); err != nil {
			return err
		}
		for range 3 {
			if err := pause(ctx, time.Second/4); err != nil {
				return err
			}
			if err := t.rdb.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
				return err
			}
			err := pause(ctx, t.Lease/3)
			if err := t.rdb.ConfigSet(context.WithoutCancel(ctx), "maxmemory", "0").Err(); err != nil {
				return err
			}
			if err != nil {
				return err
			}
			t.isWell()
		}
		return nil
	})
}
