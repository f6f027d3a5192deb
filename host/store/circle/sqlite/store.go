// Package sqlite keeps a circle's database in a file of SQLite's, one for each
// circle in one folder. It opens them on demand and closes those that nobody
// uses. It knows no queue, and imports abi, host/job and the rooms of
// host/store.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// The defaults of Options.
const (
	DefaultMaxOpen  = 64
	DefaultMaxBytes = 256 << 20
	DefaultKeep     = 7 * 24 * time.Hour
	DefaultIdle     = 10 * time.Second
)

// lookups is how many databases are open beside those of jobs, to say who may
// do what. They are their own, since a job may ask while it holds one of the
// others.
const lookups = 8

// Options are the settings of Open. The zero value is ready to use.
type Options struct {
	// MaxOpen is how many databases of running jobs are open at one time, each
	// with three file descriptors and some 2 MiB of memory, or up to
	// connection.MaxMemory where a statement needs it: as many as jobs run at
	// once, or more. Beyond it jobs wait. 0: DefaultMaxOpen.
	MaxOpen int

	// MaxBytes is the largest size of a circle's database. 0: DefaultMaxBytes.
	MaxBytes int64

	// Keep is how long the results of jobs are kept that changed something:
	// for as long as an attempt at one of them may follow. 0: DefaultKeep,
	// below 0: for ever.
	Keep time.Duration

	// Idle is how long a database stays open that nobody uses. 0: DefaultIdle.
	Idle time.Duration

	// Home is asked before a circle's database is used for the first time, and
	// refuses one that another host keeps. Nil refuses none.
	Home func(ctx context.Context, circle string) error

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Store is a folder of databases. Its methods are safe for concurrent use, and
// several processes of one host may have the same folder open.
type Store struct {
	dir         string
	opts        Options
	jobs, looks *pool

	mu    sync.Mutex
	turns map[string]*turn
	homes map[string]bool // circles for which Home had no objection
}

var _ circle.Keeper = (*Store)(nil)

// Open makes dir where it is missing, for this user alone.
func Open(dir string, opts Options) (*Store, error) {
	if opts.MaxOpen < 0 || opts.MaxBytes < 0 || opts.Idle < 0 {
		return nil, errors.New("open the circles' databases: MaxOpen, MaxBytes and Idle may not be negative")
	}
	if dir == "" {
		return nil, errors.New("open the circles' databases: no folder was given")
	}
	opts.MaxOpen = cmp.Or(opts.MaxOpen, DefaultMaxOpen)
	opts.MaxBytes = cmp.Or(opts.MaxBytes, DefaultMaxBytes)
	opts.Keep = cmp.Or(opts.Keep, DefaultKeep)
	opts.Idle = cmp.Or(opts.Idle, DefaultIdle)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the circles' databases: %w", err)
	}
	return &Store{
		dir: dir, opts: opts, turns: map[string]*turn{}, homes: map[string]bool{},
		jobs:  newPool(opts.MaxOpen, opts.Idle, opts.MaxBytes),
		looks: newPool(lookups, opts.Idle, opts.MaxBytes),
	}, nil
}

// Close implements circle.Store.
func (s *Store) Close() error { return errors.Join(s.jobs.close(), s.looks.close()) }

// Path returns the file of a circle's database, there or not.
func (s *Store) Path(name string) (string, error) {
	canonical, err := filename.Canonical(name)
	if err != nil {
		return "", err
	}
	return filepath.Join(s.dir, filename.Of(canonical)), nil
}

// place returns the file of a circle that may be used on this host.
func (s *Store) place(ctx context.Context, name string) (string, error) {
	path, err := s.Path(name)
	if err != nil || s.opts.Home == nil {
		return path, err
	}
	s.mu.Lock()
	known := s.homes[path]
	s.mu.Unlock()
	if known {
		return path, nil
	}
	if err := s.opts.Home(ctx, name); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.homes) > mostHomes {
		clear(s.homes)
	}
	s.homes[path] = true
	return path, nil
}

// mostHomes bounds the circles that are remembered; the others are asked for
// again.
const mostHomes = 100_000

// exists says whether a circle has a database already: a question about one
// that has none must not make it.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
