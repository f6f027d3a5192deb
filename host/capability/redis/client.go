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

// dialer is how a client connects.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// Pool returns connections for Options.Client to the server of a client, at
// most so many (of a cluster, to each of its servers), and closes them with
// its Close. A job uses one at a time and none between two calls: with one for
// each slot of the worker no job waits for another's. It connects when it is
// used.
//
// A write whose answer is lost may have happened, so nothing is sent twice.
func Pool(of goredis.UniversalClient, connections int) (goredis.UniversalClient, error) {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch client := of.(type) {
	case *goredis.Client:
		opts := *client.Options()
		opts.Dialer = bounded(opts.Dialer)
		opts.Protocol, opts.MaxRetries, opts.PoolSize = 3, -1, connections
		opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = answerTime, answerTime, answerTime
		opts.ContextTimeoutEnabled, opts.DisableIdentity, opts.MaintNotificationsConfig = true, true, quiet
		return goredis.NewClient(&opts), nil
	case *goredis.ClusterClient:
		opts := *client.Options()
		dial := dialer(opts.Dialer)
		if dial == nil {
			dial = goredis.NewDialer(&goredis.Options{TLSConfig: opts.TLSConfig, DialTimeout: opts.DialTimeout})
		}
		opts.Dialer = bounded(dial)
		opts.Protocol, opts.MaxRetries, opts.PoolSize = 3, -1, connections
		opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = answerTime, answerTime, answerTime
		opts.ContextTimeoutEnabled, opts.DisableIdentity, opts.MaintNotificationsConfig = true, true, quiet
		return goredis.NewClusterClient(&opts), nil
	}
	return nil, fmt.Errorf("a pool cannot be made of a %T", of)
}

// bounded returns a dialer of connections that bring no longer reply than
// MaxReply.
func bounded(dial dialer) dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		b := &boundedConn{Conn: conn}
		if raw, ok := conn.(syscall.Conn); ok {
			return checkedConn{b, raw}, nil
		}
		return b, nil
	}
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
