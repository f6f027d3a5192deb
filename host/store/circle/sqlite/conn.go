package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
)

// conn is a connection to a circle's database. Its guard looks at every
// statement of a job's.
type conn struct {
	*sqlite.Conn
	path  string
	file  fs.FileInfo
	guard guard
	since time.Time // when it was used last
	done  <-chan struct{}
}

// schemaVersion stands in PRAGMA user_version, and applicationID ("heng") in
// PRAGMA application_id, so that a backup can be told from any other file.
const (
	schemaVersion = 1
	applicationID = 0x68656e67
)

const schema = `
CREATE TABLE henge_job (
	dialect TEXT NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, run INTEGER NOT NULL, begun INTEGER NOT NULL,
	attempt INTEGER NOT NULL, done INTEGER NOT NULL, output BLOB, at INTEGER NOT NULL,
	PRIMARY KEY (dialect, queue, id, run, begun)
);
CREATE INDEX henge_job_at ON henge_job (at);
CREATE TABLE henge_kv (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, expires INTEGER);
CREATE INDEX henge_kv_expires ON henge_kv (expires) WHERE expires IS NOT NULL;
CREATE TABLE henge_member (caller TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE henge_publication (kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
`

// ownObjects is how many things of schema have names of henge's own; SQLite
// names the indexes of primary keys by itself.
const ownObjects = 6

// ErrNewer is returned for a database that a later henge has written.
var ErrNewer = errors.New("a newer henge wrote this database: update henge")

const pageSize = 4096

// openConn opens a database, which it makes where it is missing, and brings it
// to schemaVersion.
func openConn(ctx context.Context, path string, maxBytes int64) (*conn, error) {
	opened, err := connection.Open(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("open the circle's database: %w", err)
	}
	c := &conn{Conn: opened, path: path}
	c.interruptBy(ctx)
	for {
		err = c.prepare(maxBytes)
		// SQLite does not wait for a lock in the step to WAL.
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || !pause(ctx) {
			break
		}
	}
	if err == nil {
		c.file, err = os.Stat(path)
	}
	if err == nil {
		err = c.SetAuthorizer(&c.guard)
	}
	if err != nil {
		_ = c.close()
		return nil, fmt.Errorf("open the circle's database: %w", err)
	}
	return c, nil
}

// pause waits a little before another try, and says whether there is to be one.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(5 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *conn) prepare(maxBytes int64) (err error) {
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("version %d, this henge knows %d: %w", version, schemaVersion, ErrNewer)
	}
	// A commit that returned is on disk, hence synchronous: its job is told to
	// have succeeded.
	for _, pragma := range []string{
		"journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON",
		"cell_size_check = ON", "cache_size = -1024", "journal_size_limit = 16777216",
		fmt.Sprintf("max_page_count = %d", max(maxBytes/pageSize, 1)),
	} {
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	// SQLite's defensive mode stays off: the library (v1.4.2) turns it on with one
	// argument where SQLite takes two, and so has it write to wherever the memory
	// behind that one points. The guard refuses all that it would refuse.
	c.limit()
	if err := c.functions(); err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	end, err := sqlitex.ImmediateTransaction(c.Conn)
	if err != nil {
		return err
	}
	defer end(&err)
	// Another process may have made the tables while this one waited.
	if version, err = c.number("PRAGMA user_version"); err != nil || version == schemaVersion {
		return err
	}
	return sqlitex.ExecuteScript(c.Conn, fmt.Sprintf("PRAGMA application_id = %d; %s PRAGMA user_version = %d;", applicationID, schema, schemaVersion), nil)
}

// limit bounds what a statement may be. What a single function may work on
// (the length) counts most, since SQLite stops between its own instructions
// only.
func (c *conn) limit() {
	for id, n := range map[sqlite.Limit]int32{
		sqlite.LimitSQLLength:         256 << 10,
		sqlite.LimitColumn:            500,
		sqlite.LimitExprDepth:         200,
		sqlite.LimitCompoundSelect:    100,
		sqlite.LimitVDBEOp:            1_000_000,
		sqlite.LimitFunctionArg:       100,
		sqlite.LimitAttached:          0,
		sqlite.LimitLikePatternLength: 50, // LIKE takes the product of both lengths
		sqlite.LimitVariableNumber:    10_000,
		sqlite.LimitTriggerDepth:      20,
		sqlite.LimitWorkerThreads:     0,
	} {
		c.Limit(id, n)
	}
}

// longest is the longest value or row, in bytes, that a job's statement may have.
// A row of henge's own may have a whole result in it.
const longest = circle.MaxValue + 64<<10

// interruptBy has SQLite stop what it does when ctx ends.
func (c *conn) interruptBy(ctx context.Context) {
	if done := ctx.Done(); done != c.done {
		c.done = done
		c.SetInterrupt(done)
	}
}

func (c *conn) close() error { return connection.Close(c.Conn) }

// exec carries out a statement of henge's own.
func (c *conn) exec(query string, args ...any) error {
	return sqlitex.Execute(c.Conn, query, &sqlitex.ExecOptions{Args: args})
}

// each calls do for each row of a statement of henge's own.
func (c *conn) each(do func(row *sqlite.Stmt), query string, args ...any) error {
	return sqlitex.Execute(c.Conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(row *sqlite.Stmt) error {
		do(row)
		return nil
	}})
}

// number returns the one number that a statement of henge's own gives.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.each(func(row *sqlite.Stmt) { n = row.ColumnInt64(0) }, query, args...)
	return n, err
}
