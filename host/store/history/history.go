// Package history keeps finished jobs on disk, after the queue has let go of
// them: one SQLite database for each circle in one folder. It knows nothing of
// Redis, and imports host/job and the rooms of host/store.
package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/henge-run/henge/host/store/filename"
)

// The defaults of Options.
const (
	DefaultMaxOpen  = 32
	DefaultMaxField = 1 << 20
	DefaultBusyWait = 10 * time.Second
)

// ErrClosed is returned by the methods of a Store after Close.
var ErrClosed = errors.New("the history is closed")

// ErrNewer is returned for a database that a later henge has written.
var ErrNewer = errors.New("a newer henge wrote this history: update henge, or give it another folder")

// ErrRefused is returned for a record or a circle that cannot be kept as it is.
// The same call fails in the same way when it is tried again.
var ErrRefused = errors.New("refused")

// Options are the settings of Open. The zero value is ready to use.
type Options struct {
	// MaxOpen is the most databases that are open at one time, each with
	// three file descriptors. Those unused for longest are closed first.
	// 0: DefaultMaxOpen.
	MaxOpen int

	// MaxField is the most bytes kept of each of Output, Payload, Raw, Error
	// and Cost. 0: DefaultMaxField.
	MaxField int

	// BusyWait is how long a call waits while another process writes to the
	// same circle. 0: DefaultBusyWait.
	BusyWait time.Duration

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Store is a folder of histories. Its methods are safe for concurrent use, and
// several processes may have the same folder open.
type Store struct {
	dir  string
	opts Options

	mu      sync.Mutex
	files   map[string]*file // open or about to be, by circle
	closing int              // taken out of files, not yet closed
	clock   uint64           // counts uses
	changed chan struct{}    // closed and replaced when a file is let go
	closed  bool
}

// Open makes dir where it is missing, for this user alone, since jobs may hold
// secrets. Databases are opened when they are first used.
func Open(dir string, opts Options) (*Store, error) {
	if opts.MaxOpen < 0 || opts.MaxField < 0 || opts.BusyWait < 0 {
		return nil, fmt.Errorf("open the history: MaxOpen, MaxField and BusyWait may not be negative")
	}
	if dir == "" {
		return nil, errors.New("open the history: no folder was given")
	}
	opts.MaxOpen = cmp.Or(opts.MaxOpen, DefaultMaxOpen)
	opts.MaxField = cmp.Or(opts.MaxField, DefaultMaxField)
	opts.BusyWait = cmp.Or(opts.BusyWait, DefaultBusyWait)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	return &Store{dir: dir, opts: opts, files: map[string]*file{}, changed: make(chan struct{})}, nil
}

// Close waits for the calls under way and closes all databases. Calls after
// the first return nil.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var failed []error
	for {
		s.mu.Lock()
		victim := s.takeIdle()
		left, changed := len(s.files)+s.closing, s.changed
		s.mu.Unlock()
		switch {
		case victim != nil:
			failed = append(failed, s.shut(victim))
		case left == 0:
			return errors.Join(failed...)
		default:
			<-changed
		}
	}
}

// Circles returns the circles that have a history, sorted.
func (s *Store) Circles(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	return filename.Circles(s.dir)
}
