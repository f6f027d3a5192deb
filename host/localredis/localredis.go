// Package localredis starts a Redis for a first try and for tests: a real
// redis-server as a child process where there is one, or one inside this
// process that keeps nothing. It knows nothing of queues and imports nothing
// of ours.
package localredis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"sync"
)

// Kind says what a Server is.
type Kind string

// The kinds.
const (
	Real      Kind = "redis-server"
	InProcess Kind = "in-process"
)

// ErrNoServer is returned by Start when there is no redis-server to start.
var ErrNoServer = errors.New("no redis-server on the PATH")

// Options are the settings of Start. The zero value keeps nothing on disk.
type Options struct {
	// Dir keeps the data there, in an append-only file, and Start finds it
	// again. Empty: nothing is kept.
	Dir string

	// Port is the port to listen on; 0 for a free one.
	Port int

	// Password is asked of clients; empty for none. Only this machine can
	// connect, but all of its users can.
	Password string

	// Config is a configuration file to start with; empty for none.
	Config string

	// Args are further arguments of redis-server, such as
	// "--maxmemory", "10mb".
	Args []string
}

// Server is a Redis that runs until Close. Its methods are safe for
// concurrent use.
type Server struct {
	kind     Kind
	addr     string
	password string

	once  sync.Once
	close func() error
	err   error
}

// Addr returns host:port.
func (s *Server) Addr() string { return s.addr }

// URL returns redis://host:port/0, with the password where there is one.
func (s *Server) URL() string {
	if s.password == "" {
		return "redis://" + s.addr + "/0"
	}
	u := url.URL{Scheme: "redis", User: url.UserPassword("", s.password), Host: s.addr, Path: "/0"}
	return u.String()
}

// Kind says whether this is a redis-server or the one in the process.
func (s *Server) Kind() Kind { return s.kind }

// Close stops the server and removes its temporary files. Calls after the
// first return what that returned.
func (s *Server) Close() error {
	s.once.Do(func() { s.err = s.close() })
	return s.err
}

// Start starts a redis-server on a loopback port and waits until it answers.
// It ends with Close, and with this process where the system allows that; the
// end of ctx stops the waiting only. It returns ErrNoServer where there is no
// redis-server.
func Start(ctx context.Context, opts Options) (*Server, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("start Redis: %w", ErrNoServer)
	}
	s, err := startChild(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("start Redis: %w", err)
	}
	return s, nil
}
