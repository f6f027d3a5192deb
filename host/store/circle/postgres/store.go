// Package postgres keeps a circle's database in a schema of PostgreSQL's, one
// for each circle in one database, with a role of its own that can reach
// nothing else. It knows no queue, and imports abi, host/job and the rooms of
// host/store.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// The defaults of Options.
const (
	DefaultMaxOpen  = 16
	DefaultMaxBytes = 256 << 20
	DefaultKeep     = 7 * 24 * time.Hour
	DefaultIdle     = 10 * time.Second
)

// lookups is how many connections there are beside those of jobs, to say who
// may do what. They are their own, since a job may ask while it holds one of
// the others.
const lookups = 4

// Options are the settings of Open. The zero value is ready to use.
type Options struct {
	// MaxOpen is how many connections jobs have at one time, whatever the
	// number of circles: as many as jobs run at once. Beyond it jobs wait. 0:
	// DefaultMaxOpen.
	MaxOpen int

	// MaxBytes is the largest size of a circle's schema, with its indexes. What
	// would make it larger is not committed. 0: DefaultMaxBytes.
	MaxBytes int64

	// Keep is how long the results of jobs are kept that changed something:
	// for as long as an attempt at one of them may follow. 0: DefaultKeep,
	// below 0: for ever.
	Keep time.Duration

	// Idle is how long a connection stays open that nobody uses. 0: DefaultIdle.
	Idle time.Duration

	// Log is told what the operator should do about the server. Nil: nobody.
	Log *slog.Logger

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Store is a database with a schema for each circle. Its methods are safe for
// concurrent use, and so are several of it, on any number of hosts.
type Store struct {
	opts        Options
	jobs, looks *pgxpool.Pool
	guard       *guard
	server      server

	mu     sync.Mutex
	places map[string]string // the schemas of circles that have one
}

var _ circle.Keeper = (*Store)(nil)

// Open connects to the database at url, checks that circles can be kept apart
// in it, and makes there what it needs. The user must not be a superuser, and
// may create roles and schemas.
func Open(ctx context.Context, url string, opts Options) (_ *Store, err error) {
	if opts.MaxOpen < 0 || opts.MaxBytes < 0 || opts.Idle < 0 {
		return nil, errors.New("open the circles' databases: MaxOpen, MaxBytes and Idle may not be negative")
	}
	opts.MaxOpen = cmp.Or(opts.MaxOpen, DefaultMaxOpen)
	opts.MaxBytes = cmp.Or(opts.MaxBytes, DefaultMaxBytes)
	opts.Keep = cmp.Or(opts.Keep, DefaultKeep)
	opts.Idle = cmp.Or(opts.Idle, DefaultIdle)
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Store{opts: opts, places: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the circles' databases: %w", err), s.Close())
		}
	}()
	if s.looks, err = connect(ctx, url, lookups, opts.Idle); err != nil {
		return nil, err
	}
	if s.jobs, err = connect(ctx, url, opts.MaxOpen, opts.Idle); err != nil {
		return nil, err
	}
	err = s.looks.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		if s.server, err = s.check(ctx, c.Conn()); err != nil {
			return err
		}
		functions, err := loadFunctions(ctx, c.Conn())
		s.guard = &guard{functions}
		return err
	})
	return s, err
}

// connect makes a pool, which connects when it is first used.
func connect(ctx context.Context, url string, most int, idle time.Duration) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MinConns, config.MinIdleConns = 0, 0
	config.MaxConns, config.MaxConnIdleTime, config.HealthCheckPeriod = int32(most), idle, idle
	// Statements name the circle's schema, so a cache of them would be of no use.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(2 * longest) // bytes come as text, two letters for each
		return f
	}
	for name, value := range settings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// longest is the longest row, in bytes, that is taken from the server.
const longest = circle.MaxReply + 64<<10

// settings are those of each connection. Scripts cannot change them.
var settings = map[string]string{
	"application_name":            "henge",
	"search_path":                 "",
	"standard_conforming_strings": "on",
	"bytea_output":                "hex",
	"DateStyle":                   "ISO, YMD",
	"IntervalStyle":               "iso_8601",
	"TimeZone":                    "UTC",
	"extra_float_digits":          "1",
	"client_min_messages":         "error",
	"xmloption":                   "content",
	"jit":                         "off", // compiling costs more than most statements

	// One processor for one job.
	"max_parallel_workers_per_gather":  "0",
	"max_parallel_maintenance_workers": "0",
}

// Close implements circle.Store.
func (s *Store) Close() error {
	for _, p := range []*pgxpool.Pool{s.jobs, s.looks} {
		if p != nil {
			p.Close()
		}
	}
	return nil
}

// place returns the schema of a circle, quoted, and whether it has one. It may
// have been removed since.
func (s *Store) place(ctx context.Context, name string) (schema string, found bool, err error) {
	name, err = filename.Canonical(name)
	if err != nil {
		return "", false, err
	}
	s.mu.Lock()
	schema, found = s.places[name]
	s.mu.Unlock()
	if found {
		return schema, true, nil
	}
	err = s.looks.QueryRow(ctx, "SELECT place FROM henge.circle WHERE name = $1", name).Scan(&schema)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, explain(ctx, fmt.Errorf("look for circle %s: %w", name, err), nil)
	}
	s.remember(name, schema)
	return schema, true, nil
}

// mostPlaces bounds the circles that are remembered; the others are asked for
// again.
const mostPlaces = 100_000

func (s *Store) remember(name, schema string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.places) > mostPlaces {
		clear(s.places)
	}
	s.places[name] = schema
}

// forget has a circle looked for again.
func (s *Store) forget(name string) {
	if canonical, err := filename.Canonical(name); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.places, canonical)
	}
}
