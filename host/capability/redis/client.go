package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// answerTime is how long Redis may take for one answer. A command takes
// milliseconds, and a job that is cancelled should not wait longer.
const answerTime = 3 * time.Second

// Connect returns a client for Options.Client, with at most so many
// connections. A job uses one at a time, and none between two calls: with one
// for each slot of the worker no job waits for another's. It connects when it
// is used.
func Connect(url string, connections int) (*goredis.Client, error) {
	opts, err := goredis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	opts.Protocol = 3
	opts.PoolSize, opts.MaxActiveConns = connections, connections
	opts.ContextTimeoutEnabled = true
	opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = answerTime, answerTime, answerTime
	// A write whose answer is lost may have happened, and the script is told.
	opts.MaxRetries = -1
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	dial := goredis.NewDialer(opts)
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		bounded := &boundedConn{Conn: conn}
		if raw, ok := conn.(syscall.Conn); ok {
			return checkedConn{bounded, raw}, nil
		}
		return bounded, nil
	}
	return goredis.NewClient(opts), nil
}

// errReply ends a connection that brings a longer reply than is read.
var errReply = errors.New("the reply is too long")

// boundedConn fails when more comes in answer to a request than MaxReply and
// its framing. The client then drops the connection, and with it the rest.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Write(b []byte) (int, error) {
	c.left = MaxReply + 4096
	return c.Conn.Write(b)
}

func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errReply
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// checkedConn lets the client look whether an idle connection still stands.
type checkedConn struct {
	*boundedConn
	syscall.Conn
}
