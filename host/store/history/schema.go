package history

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

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
func openConn(ctx context.Context, path string, busy time.Duration) (*sqlite.Conn, error) {
	conn, err := connection.Open(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	conn.SetInterrupt(ctx.Done())
	conn.SetBusyTimeout(busy)
	deadline := time.Now().Add(busy)
	for {
		err = prepare(conn)
		// SQLite does not wait for a lock in the step to WAL, where two that
		// wait for each other would never end.
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(deadline) {
			break
		}
		pause := time.NewTimer(5 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
	if err != nil {
		_ = connection.Close(conn)
		return nil, err
	}
	return conn, nil
}

func prepare(conn *sqlite.Conn) (err error) {
	version, err := userVersion(conn)
	if err != nil || version > schemaVersion {
		return refuseNewer(version, err)
	}
	// auto_vacuum has to be set before anything is written. A Put that
	// returned is on disk, hence synchronous.
	for _, pragma := range []string{"auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"} {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	if version == schemaVersion {
		return nil
	}
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	// Another process may have made the tables while this one waited.
	if version, err = userVersion(conn); err != nil || version > schemaVersion {
		return refuseNewer(version, err)
	}
	if version == schemaVersion {
		return nil
	}
	return sqlitex.ExecuteScript(conn, schema+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion), nil)
}

func refuseNewer(version int64, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("version %d, this henge knows %d: %w", version, schemaVersion, ErrNewer)
}

func userVersion(conn *sqlite.Conn) (version int64, err error) {
	err = sqlitex.ExecuteTransient(conn, "PRAGMA user_version", &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
		version = row.ColumnInt64(0)
		return nil
	}})
	return version, err
}
