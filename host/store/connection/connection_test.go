package connection_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/store/connection"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, path, mode string) *connection.Conn {
	t.Helper()
	c, err := connection.Open(t.Context(), path, mode)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?mode=memory#b%41 é.db")
	_, err := connection.Open(t.Context(), path, connection.Existing)
	require.ErrorIs(t, err, sqlite3.CANTOPEN)
	require.NoFileExists(t, path)
	require.NoError(t, open(t, path, connection.Create).Script("CREATE TABLE t (a)"))
	require.FileExists(t, path)
	require.NoError(t, open(t, path, connection.Existing).Exec("INSERT INTO t VALUES (?)", "x"))
	reader := open(t, path, connection.ReadOnly)
	require.ErrorIs(t, reader.Exec("DELETE FROM t"), sqlite3.READONLY)
	n, err := reader.Number("SELECT count(*) FROM t")
	require.NoError(t, err)
	require.Equal(t, int64(1), n)
}

func TestArguments(t *testing.T) {
	c := open(t, "a", connection.InMemory)
	for range 2 {
		var got []string
		require.NoError(t, c.Each(func(row *sqlite3.Stmt) {
			for i := range row.ColumnCount() {
				got = append(got, row.ColumnText(i))
			}
		}, "SELECT typeof(?1), ?1, typeof(?2), ?2, typeof(?3), ?3, typeof(?4), typeof(?5), ?6", "é\x00b", int64(-1), true, []byte{}, nil, 7))
		require.Equal(t, []string{"text", "é\x00b", "integer", "-1", "integer", "1", "blob", "null", "7"}, got)
	}
	require.ErrorContains(t, c.Exec("SELECT ?", 1.5), "float64")
}

func TestImmediate(t *testing.T) {
	c := open(t, filepath.Join(t.TempDir(), "a"), connection.Create)
	require.NoError(t, c.Script("CREATE TABLE t (a)"))
	ctx, cancel := context.WithCancel(t.Context())
	c.SetInterrupt(ctx)
	require.ErrorIs(t, c.Immediate(func() error {
		defer cancel()
		return c.Exec("INSERT INTO t VALUES (1)")
	}), sqlite3.INTERRUPT)
	c.SetInterrupt(t.Context())
	require.True(t, c.GetAutocommit(), "it is taken back, though the context has ended")
	require.NoError(t, c.Immediate(func() error { return c.Exec("INSERT INTO t VALUES (2)") }))
	n, err := c.Number("SELECT sum(a) FROM t")
	require.NoError(t, err)
	require.Equal(t, int64(2), n)
}

// A statement waits for a lock until its context ends.
func TestLockIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	one, other := open(t, path, connection.Create), open(t, path, connection.Create)
	require.NoError(t, one.Exec("BEGIN IMMEDIATE"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	other.SetInterrupt(ctx)
	require.ErrorIs(t, other.Exec("BEGIN IMMEDIATE"), sqlite3.BUSY)
	require.Error(t, ctx.Err())
	other.SetInterrupt(t.Context())
	freed := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() { freed <- one.Rollback() })
	require.NoError(t, other.Exec("BEGIN IMMEDIATE"))
	require.NoError(t, <-freed)
}

// A statement that needs too much memory ends in an error, and the connection can
// be closed.
func TestMemoryIsBounded(t *testing.T) {
	c := open(t, filepath.Join(t.TempDir(), "a"), connection.Create)
	blobs := strings.TrimSuffix(strings.Repeat("randomblob(1000000),", connection.MaxMemory/1_000_000+1), ",")
	require.False(t, c.Spoiled())
	require.ErrorIs(t, c.Exec("SELECT "+blobs), sqlite3.NOMEM)
	require.True(t, c.Spoiled())
	require.NoError(t, c.Broken())
	require.ErrorIs(t, c.Exec("SELECT ?", strings.Repeat("x", connection.MaxMemory)), sqlite3.NOMEM)
	n, err := c.Number("SELECT 7")
	require.NoError(t, err)
	require.Equal(t, int64(7), n)
}

// deep has SQLite run out of its stack.
func deep(t *testing.T, c *connection.Conn) error {
	t.Helper()
	const levels = 20
	require.NoError(t, c.Script("CREATE TEMP VIEW v0 AS SELECT 1"))
	for i := range levels {
		require.NoError(t, c.Script(fmt.Sprintf("CREATE TEMP VIEW v%d AS %sSELECT * FROM v%d%s", i+1, strings.Repeat("SELECT * FROM (", 30), i, strings.Repeat(")", 30))))
	}
	return c.Exec(fmt.Sprintf("SELECT * FROM v%d", levels))
}

// Where SQLite would leave its stack, its connection alone is lost: its file is
// free again, and so is its memory.
func TestBrokenConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	sound := open(t, path, connection.Create)
	require.NoError(t, sound.Script("PRAGMA journal_mode = WAL; CREATE TABLE t (a)"))
	before := addresses(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 100 {
		c, err := connection.Open(t.Context(), path, connection.Create)
		require.NoError(t, err)
		c.SetInterrupt(ctx)
		require.NoError(t, c.Script("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)"))
		require.ErrorIs(t, deep(t, c), connection.ErrBroken)
		require.True(t, c.Spoiled())
		require.ErrorIs(t, c.Broken(), connection.ErrBroken)
		require.ErrorIs(t, c.Exec("SELECT 1"), connection.ErrBroken)
		require.NoError(t, c.Rollback())
		require.NoError(t, c.Close())
	}
	require.Less(t, addresses(t)-before, 50*connection.MaxMemory)
	n, err := sound.Number("SELECT count(*) FROM t")
	require.NoError(t, err)
	require.Zero(t, n, "it is as if the process had ended")
	require.NoError(t, sound.Exec("INSERT INTO t VALUES (2)"), "no lock is left")
}

// addresses is how many bytes of addresses this process has taken.
func addresses(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system does not tell")
	}
	var pages int
	_, err = fmt.Sscan(string(statm), &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// A function that finds no memory for its result leaves SQLite as it was, however
// often.
func TestMemoryOfFunctions(t *testing.T) {
	c := open(t, "a", connection.InMemory)
	long := strings.Repeat("x", connection.MaxMemory)
	require.NoError(t, c.Function("long", 0, func(result sqlite3.Context, _ []sqlite3.Value) error {
		result.ResultText(long)
		return nil
	}))
	for range 1000 {
		require.ErrorIs(t, c.Exec("SELECT long()"), sqlite3.NOMEM)
	}
}

// A panic of what is called is no error of SQLite's where SQLite is among the
// callers: it must not go on.
func TestPanicsWithinFunctions(t *testing.T) {
	c := open(t, "a", connection.InMemory)
	require.NoError(t, c.Function("broken", 0, func(sqlite3.Context, []sqlite3.Value) error { panic("a defect") }))
	require.ErrorIs(t, c.Exec("SELECT broken()"), connection.ErrBroken)
	require.ErrorContains(t, c.Broken(), "a defect")
}
