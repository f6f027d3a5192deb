package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
)

// conn is a connection to a circle's database. Its guard looks at every
// statement of a job's.
type conn struct {
	*connection.Conn
	path  string
	file  fs.FileInfo
	guard guard
	since time.Time // when it was used last
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
	opened, err := connection.Open(ctx, path, connection.Create)
	if err != nil {
		return nil, fmt.Errorf("open the circle's database: %w", err)
	}
	c := &conn{Conn: opened, path: path}
	c.SetInterrupt(ctx)
	for {
		err = c.prepare(maxBytes)
		// SQLite does not wait for a lock in the step to WAL.
		if !errors.Is(err, sqlite3.BUSY) || !connection.Pause(ctx) {
			break
		}
	}
	if err == nil {
		c.file, err = os.Stat(path)
	}
	if err == nil {
		err = c.SetAuthorizer(c.guard.authorize)
	}
	if err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("open the circle's database: %w", err)
	}
	return c, nil
}

func (c *conn) prepare(maxBytes int64) error {
	version, err := c.Number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("version %d, this henge knows %d: %w", version, schemaVersion, ErrNewer)
	}
	// A commit that returned is on disk, hence synchronous: its job is told to
	// have succeeded.
	if err := c.Script(fmt.Sprintf(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
		PRAGMA cell_size_check = ON; PRAGMA cache_size = -1024; PRAGMA journal_size_limit = 16777216;
		PRAGMA max_page_count = %d`, max(maxBytes/pageSize, 1))); err != nil {
		return err
	}
	if err := c.configure(); err != nil {
		return err
	}
	if err := c.functions(); err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	return c.Immediate(func() error {
		// Another process may have made the tables while this one waited.
		if version, err = c.Number("PRAGMA user_version"); err != nil || version == schemaVersion {
			return err
		}
		return c.Script(fmt.Sprintf("PRAGMA application_id = %d; %s PRAGMA user_version = %d;", applicationID, schema, schemaVersion))
	})
}

// configure bounds what a statement may be, and has SQLite itself refuse some of
// what the guard refuses. What a single function may work on (the length) counts
// most, since SQLite stops between its own instructions only.
func (c *conn) configure() error {
	for id, n := range map[sqlite3.LimitCategory]int{
		sqlite3.LIMIT_SQL_LENGTH:          256 << 10,
		sqlite3.LIMIT_COLUMN:              500,
		sqlite3.LIMIT_EXPR_DEPTH:          200,
		sqlite3.LIMIT_COMPOUND_SELECT:     100,
		sqlite3.LIMIT_VDBE_OP:             1_000_000,
		sqlite3.LIMIT_FUNCTION_ARG:        100,
		sqlite3.LIMIT_ATTACHED:            0,
		sqlite3.LIMIT_LIKE_PATTERN_LENGTH: 50, // LIKE takes the product of both lengths
		sqlite3.LIMIT_VARIABLE_NUMBER:     10_000,
		sqlite3.LIMIT_TRIGGER_DEPTH:       20,
		sqlite3.LIMIT_WORKER_THREADS:      0,
		sqlite3.LIMIT_PARSER_DEPTH:        1000,
	} {
		c.Limit(id, n)
	}
	_, err := c.Config(sqlite3.DBCONFIG_DEFENSIVE, true)
	return err
}

// longest is the longest value or row, in bytes, that a job's statement may have.
// A row of henge's own may have a whole result in it.
const longest = circle.MaxValue + 64<<10
