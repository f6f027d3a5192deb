// Package postgrestest gives tests a PostgreSQL server of their own. It is for
// tests only, and no other code may import it.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/host/localpostgres"
)

// Servers starts one server for all tests of a package, when the first asks.
// The zero value is ready to use. It is safe for concurrent use.
type Servers struct {
	once   sync.Once
	server *localpostgres.Server
	err    error

	mu    sync.Mutex
	count int
}

// Database is New for a test, which is skipped where PostgreSQL is not
// installed.
func (s *Servers) Database(t testing.TB) (url, admin string) {
	t.Helper()
	url, admin, err := s.New()
	if errors.Is(err, localpostgres.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return url, admin
}

// New makes an empty database, owned by a user henge with the rights that henge
// needs and no more, and returns its URL and the one of the server's superuser.
func (s *Servers) New() (url, admin string, err error) {
	s.once.Do(func() {
		s.server, s.err = localpostgres.Start(context.Background(), "fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "max_connections=60")
		if s.err == nil {
			s.err = s.exec("postgres", "CREATE ROLE henge LOGIN CREATEROLE")
		}
	})
	if s.err != nil {
		return "", "", s.err
	}
	s.mu.Lock()
	s.count++
	name := fmt.Sprint("d", s.count)
	s.mu.Unlock()
	if err := s.exec("postgres", "CREATE DATABASE "+name+" OWNER henge"); err != nil {
		return "", "", err
	}
	return s.server.URL("henge", name), s.server.URL("admin", name), nil
}

func (s *Servers) exec(database, sql string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.server.URL("admin", database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// Close stops the server, if there is one: for TestMain.
func (s *Servers) Close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}
