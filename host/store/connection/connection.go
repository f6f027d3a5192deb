// Package connection opens and closes connections to SQLite's files, for the
// stores that keep their data in them. It imports nothing of henge.
package connection

import (
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// closing is held to close a connection. The library keeps the authorizer and the
// busy handler of each under its address, and forgets them after SQLite has freed
// it: a connection that was opened in between, at the same address, would lose
// its own. These tables are of the whole process, and so is the lock.
var closing sync.RWMutex

// Open opens a file. Close is the only way to close it again.
func Open(path string, flags ...sqlite.OpenFlags) (*sqlite.Conn, error) {
	closing.RLock()
	defer closing.RUnlock()
	return sqlite.OpenConn(path, flags...)
}

// Close closes a connection of Open. What SQLite would write then it writes
// before, since others cannot be opened meanwhile.
func Close(c *sqlite.Conn) error {
	c.SetInterrupt(nil)
	// Its errors come again from closing, or matter to nobody.
	_ = sqlitex.ExecuteTransient(c, "PRAGMA wal_checkpoint", nil)
	closing.Lock()
	defer closing.Unlock()
	return c.Close()
}
