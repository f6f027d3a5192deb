// Package circle says what a circle's database is to those who use it: one
// transaction for each attempt at a job, in which its tables, its small values
// and the word on who may do what stand side by side. How it is kept is in the
// folders below. It knows no queue and no session, and imports abi and host/job
// alone.
package circle

import (
	"context"
	"errors"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
)

// Errors on which callers decide. What is for the author of a script is an
// *abi.Error, and anything else is for the operator.
var (
	// ErrConflict says that somebody else has committed since the attempt's
	// first read. Nothing can be written in this transaction any more.
	ErrConflict = errors.New("somebody else has changed the circle's database since the job first read it")

	// ErrInsufficient says that the caller may not do what was tried.
	ErrInsufficient = errors.New("insufficient authorization")

	// ErrClosed is returned by a store that was closed.
	ErrClosed = errors.New("the store is closed")
)

// Store keeps a database for each circle. It is safe for concurrent use.
type Store interface {
	// Begin begins the transaction of an attempt, whose circle's database is
	// made where it is missing. With lock it may write before it reads
	// anything, and so meets no conflict; it then waits for other writers, until
	// ctx ends. Close the transaction in any case.
	Begin(ctx context.Context, j *job.Job, lock bool) (Tx, error)

	// Recall is asked before an attempt that is not a job's first. It returns
	// the result of an earlier one that was committed, so that the job does not
	// run again; or nil, and from then on no earlier attempt can commit.
	Recall(ctx context.Context, j *job.Job) (*job.Result, error)

	// Role returns what a member is to a circle; empty for anybody else.
	Role(ctx context.Context, circle, caller string) (string, error)

	// Published returns the names of a kind that were published, sorted.
	Published(ctx context.Context, circle, kind string) ([]string, error)

	// Close waits for the transactions under way and closes all databases.
	Close() error
}

// Tx is one transaction. It is one goroutine's. Nothing of it stays unless it
// is committed. ctx ends a call that takes too long.
type Tx interface {
	// Query returns the rows of a statement, at most maxRows, and as many as
	// the store gives at most where that is 0 or more than these.
	Query(ctx context.Context, s Statement, maxRows int) (abi.Rows, error)

	// Exec carries out a statement. Its rows, if it has any, are left out.
	Exec(ctx context.Context, s Statement) (abi.Changes, error)

	// Get returns the value of a key, and false when there is none.
	Get(ctx context.Context, key []byte) ([]byte, bool, error)

	// Set keeps a value, until expires where that is not the zero time.
	Set(ctx context.Context, key, value []byte, expires time.Time) error

	// Delete forgets a key. One that is not there is no error.
	Delete(ctx context.Context, key []byte) error

	// List returns at most limit keys with a prefix behind after, in the order
	// of their bytes, and whether there are more.
	List(ctx context.Context, prefix, after []byte, limit int) (keys [][]byte, more bool, err error)

	// Role and Published are those of the Store, as the transaction sees them.
	Role(ctx context.Context, caller string) (string, error)
	Published(ctx context.Context, kind string) ([]string, error)

	// Publish lets anybody read what has this name, Unpublish takes that back.
	Publish(ctx context.Context, kind, name string) error
	Unpublish(ctx context.Context, kind, name string) error

	// Members returns all members by name, each with its role.
	Members(ctx context.Context) (map[string]string, error)

	// SetMember makes caller a member with a role, or none where role is
	// empty.
	SetMember(ctx context.Context, caller, role string) error

	// Dirty says whether others' writes wait for this transaction to end, as
	// they do once it has written.
	Dirty() bool

	// Commit makes lasting what was written, together with the result of the
	// job's attempt, which Recall returns from then on. It returns
	// job.ErrLeaseLost when a later attempt was begun. What wrote nothing
	// leaves nothing, and neither does the result of a job that no queue knows.
	Commit(ctx context.Context, r *job.Result) error

	// Close takes back what was not committed.
	Close() error
}

// Statement is one SQL statement, its parameters, and what it may touch.
type Statement struct {
	SQL string

	// Args are the parameters: nil for none, a list, or a map by name.
	Args abi.Value

	// Access is what the caller may do. The zero value allows nothing.
	Access Access
}

// Access is what a statement may touch. henge's own tables it never may.
type Access struct {
	// Read allows to read all tables, Write to change data and schema too.
	Read, Write bool

	// Tables are those that may be read where Read is not set.
	Tables []string
}
