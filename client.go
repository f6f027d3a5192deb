package henge

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/queue"
)

// The dialects: the wire formats that jobs have in Redis.
const (
	Hero     = queue.Hero
	Rhailib  = queue.Rhailib
	HeroJobs = queue.HeroJobs
	Henge    = queue.Henge
)

var (
	// ErrNotFound is returned for a job that is not there, or not any more.
	ErrNotFound = queue.ErrNotFound

	// ErrExists is returned by Submit for an id that is taken.
	ErrExists = queue.ErrExists

	// ErrEnded is returned by Cancel for a job that has ended.
	ErrEnded = queue.ErrEnded

	// ErrNotEnded is returned by Retry and Remove for a job that has not ended.
	ErrNotEnded = queue.ErrNotEnded

	// ErrEventsLost is among the Events where some are missing.
	ErrEventsLost = queue.ErrEventsLost
)

// Client submits jobs of one dialect and reads what became of them. It is safe
// for concurrent use; a program needs one for each dialect.
type Client struct {
	producer *queue.Producer
	close    func() error
}

// Connect returns a client with a connection pool of its own, for a URL such as
// redis://user:password@host:6379/0, rediss://host or unix:///path. It does not
// speak to Redis yet. Close it when done.
func Connect(url, dialect string) (*Client, error) {
	rdb, err := queue.Connect(url)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c, err := New(rdb, dialect)
	if err != nil {
		_ = rdb.Close()
		return nil, err
	}
	c.close = rdb.Close
	return c, nil
}

// New returns a client that uses a go-redis client of the caller's, for
// Sentinel, a Cluster (which only the dialect Henge runs on), or options that a
// URL cannot say. Make it with ContextTimeoutEnabled, so that a call that
// nobody waits for any more gives back its connection. Waits open one
// connection beside its pool, to the same address and with the same
// credentials.
func New(rdb redis.UniversalClient, dialect string) (*Client, error) {
	p, err := queue.NewProducer(rdb, dialect)
	if err != nil {
		return nil, err
	}
	return &Client{producer: p, close: func() error { return nil }}, nil
}

// Dialect returns the name of the client's dialect.
func (c *Client) Dialect() string { return c.producer.Dialect() }

// Close ends all that Wait, with an error, and closes the connections that
// Connect made, which ends all Events too. A go-redis client that was given to
// New stays open.
func (c *Client) Close() error { return errors.Join(c.producer.Close(), c.close()) }
