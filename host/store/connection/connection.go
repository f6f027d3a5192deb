// Package connection opens connections to SQLite's files, for the stores that
// keep their data in them. Each has a memory of its own, which is bounded, and
// what goes wrong in there is an error here. It imports nothing of henge.
package connection

import (
	"context"
	"net/url"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// MaxMemory is the most bytes that SQLite uses for one connection, with its
// cache and all that a statement needs on its way.
const MaxMemory = 64 << 20

// The modes of Open.
const (
	ReadOnly = "ro"
	Existing = "rw"     // the file must be there
	Create   = "rwc"    // it is made where it is missing
	InMemory = "memory" // no file at all
)

// Conn is a connection. One goroutine at a time may use it.
type Conn struct {
	*sqlite3.Conn
	compiled map[string]*sqlite3.Stmt

	inside  *sqlite3.ExtEnv // SQLite's memory and files
	depth   int             // of calls of Do
	spoiled bool
	broken  error
}

// Open opens a file. A statement that finds it locked waits until the context
// ends that SetInterrupt has set.
func Open(ctx context.Context, path, mode string) (*Conn, error) {
	// Not the path itself, which SQLite could take for an address with settings.
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: "mode=" + mode}
	c := &Conn{compiled: map[string]*sqlite3.Stmt{}}
	err = c.Do(func() (err error) {
		if c.Conn, err = sqlite3.OpenContext(sqlite3.WithMaxMemory(ctx, MaxMemory), address.String()); err != nil {
			return err
		}
		if c.inside, err = extend(c.Conn); err != nil {
			return err
		}
		return c.BusyHandler(func(ctx context.Context, _ int) bool { return Pause(ctx) })
	})
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Pause waits a little before another try, and says whether there is to be one.
func Pause(ctx context.Context) bool {
	timer := time.NewTimer(5 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
