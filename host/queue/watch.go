package queue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// errNotOffered is returned by watchKeys when another try would end the same.
var errNotOffered = errors.New("not offered by this server")

const (
	watchSetup = 5 * time.Second // to connect and be answered
	watchIdle  = 5 * time.Second // without a message, the connection is tried
)

// watchKeys connects as opts say, asks to be told about every change of a key
// that may mean work, and calls changed with the names until the connection
// ends. A nil list means all keys. ready is called once it listens.
//
// go-redis hands out such messages only together with the answer to a later
// command, so this is a connection of our own.
func watchKeys(ctx context.Context, opts *redis.Options, prefixes []string, ready func(), changed func(keys []any)) error {
	tracking := []string{"CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP"}
	for _, prefix := range prefixes {
		tracking = append(tracking, "PREFIX", prefix)
	}
	conn, r, err := openRESP3(ctx, opts, "henge-waker", tracking)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	ready()
	return readChanges(conn, r, changed)
}

// openRESP3 connects as opts say, under a name, and runs commands. It returns
// errNotOffered when the server does not know one of them, or refuses it to this
// user.
func openRESP3(ctx context.Context, opts *redis.Options, name string, commands ...[]string) (net.Conn, *bufio.Reader, error) {
	hello, err := helloArgs(ctx, opts, name)
	if err != nil {
		return nil, nil, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, watchSetup)
	defer cancel()
	conn, err := opts.Dialer(dialCtx, opts.Network, opts.Addr)
	if err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r := bufio.NewReader(conn)
	if err := setUp(conn, r, append([][]string{hello}, commands...)); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, r, nil
}

func setUp(conn net.Conn, r *bufio.Reader, commands [][]string) error {
	if err := conn.SetDeadline(time.Now().Add(watchSetup)); err != nil {
		return err
	}
	for _, command := range commands {
		if err := writeRESP(conn, command...); err != nil {
			return err
		}
		answer, err := readRESP(r)
		if err != nil {
			return err
		}
		if refused, ok := answer.(respError); ok {
			if text := strings.ToLower(string(refused)); strings.Contains(text, "unknown") || strings.HasPrefix(text, "noproto") || strings.HasPrefix(text, "noperm") {
				return fmt.Errorf("%w: %s", errNotOffered, refused)
			}
			return refused
		}
	}
	return conn.SetDeadline(time.Time{})
}

// readChanges reads messages, and tries the connection when none comes: one
// that is half open would never end by itself.
func readChanges(conn net.Conn, r *bufio.Reader, changed func([]any)) error {
	asked := false
	for {
		if err := conn.SetReadDeadline(time.Now().Add(watchIdle)); err != nil {
			return err
		}
		if _, err := r.Peek(1); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) || asked {
				return err
			}
			asked = true
			if err := conn.SetWriteDeadline(time.Now().Add(watchIdle)); err != nil {
				return err
			}
			if err := writeRESP(conn, "PING"); err != nil {
				return err
			}
			continue
		}
		asked = false
		v, err := readRESP(r)
		if err != nil {
			return err
		}
		if p, ok := v.(push); ok && len(p) == 2 && p[0] == "invalidate" {
			keys, _ := p[1].([]any)
			changed(keys)
		}
	}
}

func helloArgs(ctx context.Context, opts *redis.Options, name string) ([]string, error) {
	user, password := opts.Username, opts.Password
	switch {
	case opts.StreamingCredentialsProvider != nil:
		return nil, fmt.Errorf("%w: credentials that change are not supported here", errNotOffered)
	case opts.CredentialsProviderContext != nil:
		var err error
		if user, password, err = opts.CredentialsProviderContext(ctx); err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
	case opts.CredentialsProvider != nil:
		user, password = opts.CredentialsProvider()
	}
	hello := []string{"HELLO", "3"}
	if password != "" {
		if user == "" {
			user = "default"
		}
		hello = append(hello, "AUTH", user, password)
	}
	return append(hello, "SETNAME", name), nil
}
