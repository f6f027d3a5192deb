package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/connection"
	"github.com/henge-run/henge/host/store/filename"
)

// canonical is filename.Canonical, with an error that callers know.
func canonical(circle string) (string, error) {
	circle, err := filename.Canonical(circle)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return circle, nil
}

func (s *Store) path(circle string) string { return filepath.Join(s.dir, filename.Of(circle)) }

// file is one circle's database. Users take turns, since a connection serves
// one goroutine at a time.
type file struct {
	circle string
	users  int    // under Store.mu
	used   uint64 // under Store.mu: Store.clock at the last use
	turn   chan struct{}
	conn   *connection.Conn // of the user whose turn it is; nil until opened
}

// with calls do with the circle's database, which it makes where create says
// so; otherwise a circle without one is left out, without an error. The end of
// ctx interrupts what SQLite is doing.
func (s *Store) with(ctx context.Context, circle string, create bool, do func(*connection.Conn) error) error {
	err := s.use(ctx, circle, create, do)
	if err == nil || errors.Is(err, ErrClosed) {
		return err
	}
	if ctx.Err() != nil && (errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, sqlite3.BUSY)) {
		err = ctx.Err()
	}
	return fmt.Errorf("history of circle %s: %w", circle, err)
}

func (s *Store) use(ctx context.Context, circle string, create bool, do func(*connection.Conn) error) error {
	// A question about a circle that nobody knows must not leave a file.
	if !create {
		if _, err := os.Stat(s.path(circle)); errors.Is(err, fs.ErrNotExist) {
			return ctx.Err()
		}
	}
	f, err := s.acquire(ctx, circle)
	if err != nil {
		return err
	}
	defer s.release(f)
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.turn }()
	if f.conn == nil {
		if f.conn, err = openConn(ctx, s.path(circle), s.opts.BusyWait); err != nil {
			return err
		}
	}
	f.conn.SetInterrupt(ctx)
	defer f.conn.SetInterrupt(context.Background())
	err = do(f.conn)
	if f.conn.Spoiled() { // the next user gets another one
		_ = f.conn.Close()
		f.conn = nil
	}
	return err
}

// acquire returns the circle's file, once there is room for one more.
func (s *Store) acquire(ctx context.Context, circle string) (*file, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrClosed
		}
		f := s.files[circle]
		if f == nil && len(s.files)+s.closing < s.opts.MaxOpen {
			f = &file{circle: circle, turn: make(chan struct{}, 1)}
			s.files[circle] = f
		}
		if f != nil {
			s.clock++
			f.users++
			f.used = s.clock
			s.mu.Unlock()
			return f, nil
		}
		victim, changed := s.takeIdle(), s.changed
		s.mu.Unlock()
		if victim != nil {
			// The victim's records are on disk; a failed close loses none.
			_ = s.shut(victim)
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (s *Store) release(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.users--
	s.tell()
}

// takeIdle takes the file unused for longest out of the map, nil where all are
// in use. The caller holds s.mu, and must shut the file.
func (s *Store) takeIdle() *file {
	var idle *file
	for _, f := range s.files {
		if f.users == 0 && (idle == nil || f.used < idle.used) {
			idle = f
		}
	}
	if idle != nil {
		delete(s.files, idle.circle)
		s.closing++
	}
	return idle
}

// shut closes a file that takeIdle returned. It counts as open until then.
func (s *Store) shut(f *file) error {
	var err error
	if f.conn != nil {
		err = f.conn.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing--
	s.tell()
	return err
}

// tell wakes all who wait for a change. The caller holds s.mu.
func (s *Store) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}
