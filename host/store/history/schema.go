package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/connection"
)

// schemaVersion stands in PRAGMA user_version. A database with a higher one is
// refused, since what a later version means by its columns is unknown here.
const schemaVersion = 1

// The table highest outlives the jobs that it counts, so that ids are not
// given out again after Prune.
const schema = `
CREATE TABLE job (
	dialect TEXT NOT NULL, queue TEXT NOT NULL, id TEXT NOT NULL, run INTEGER NOT NULL,
	topic TEXT NOT NULL, type TEXT NOT NULL, caller TEXT NOT NULL, worker TEXT NOT NULL,
	status TEXT NOT NULL, end INTEGER NOT NULL, error TEXT NOT NULL, attempt INTEGER NOT NULL,
	created INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
	cut INTEGER NOT NULL, cost TEXT NOT NULL, output BLOB, payload BLOB, raw BLOB,
	UNIQUE (dialect, id, queue, run)
);
CREATE INDEX job_ended ON job (ended);
CREATE TABLE highest (topic TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
`

// openConn opens a database and brings it to schemaVersion.
func openConn(ctx context.Context, path string, busy time.Duration) (*connection.Conn, error) {
	conn, err := connection.Open(ctx, path, connection.Create)
	if err != nil {
		return nil, err
	}
	conn.SetInterrupt(ctx)
	err = conn.BusyTimeout(busy)
	deadline := time.Now().Add(busy)
	for err == nil {
		err = prepare(conn)
		// SQLite does not wait for a lock in the step to WAL, where two that
		// wait for each other would never end.
		if !errors.Is(err, sqlite3.BUSY) || time.Now().After(deadline) || !connection.Pause(ctx) {
			break
		}
		err = nil
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func prepare(conn *connection.Conn) error {
	version, err := userVersion(conn)
	if err != nil {
		return err
	}
	// auto_vacuum has to be set before anything is written. A Put that
	// returned is on disk, hence synchronous.
	if err := conn.Script("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	return conn.Immediate(func() error {
		// Another process may have made the tables while this one waited.
		if version, err = userVersion(conn); err != nil || version == schemaVersion {
			return err
		}
		return conn.Script(schema + fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion))
	})
}

// userVersion returns the version of a database that this henge knows.
func userVersion(conn *connection.Conn) (int64, error) {
	version, err := conn.Number("PRAGMA user_version")
	if err == nil && version > schemaVersion {
		err = fmt.Errorf("version %d, this henge knows %d: %w", version, schemaVersion, ErrNewer)
	}
	return version, err
}
