package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

var circles = flag.Int("circles", 100, "how many circles have a database")

// openFiles counts the files of a folder that this process has open.
func openFiles(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not tell which files are open")
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// However many circles there are, so many files are open, and none when nobody
// uses them any more.
func TestManyCircles(t *testing.T) {
	const most = 16
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{MaxOpen: most, Idle: 100 * time.Millisecond})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	highest := 0
	for i := range *circles {
		tx, err := s.Begin(t.Context(), &job.Job{Circle: fmt.Sprint("c", i)}, false)
		require.NoError(t, err)
		require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("v"), time.Time{}))
		require.NoError(t, tx.Commit(t.Context(), nil))
		require.NoError(t, tx.Close())
		if i%50 == 0 {
			highest = max(highest, openFiles(t, dir))
		}
	}
	runtime.ReadMemStats(&after)
	require.LessOrEqual(t, highest, 3*most)
	t.Logf("%d circles: at most %d files open, heap %d KiB more", *circles, highest, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	require.Eventually(t, func() bool { return openFiles(t, dir) == 0 }, time.Minute, 10*time.Millisecond, "idle ones are closed")
}

// Connections are opened, used and closed by many at once, and what one of them
// does is seen by no other.
func TestManyAtOnce(t *testing.T) {
	const most, users, each = 8, 8, 400
	s := open(t, t.TempDir(), sqlite.Options{MaxOpen: most})
	var group errgroup.Group
	for user := range users {
		group.Go(func() error {
			for i := range each {
				// Nobody else has this circle, so nothing can be in its way.
				if err := writeOne(t.Context(), s, fmt.Sprintf("c%d-%d", user, i%20)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

func writeOne(ctx context.Context, s *sqlite.Store, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tx, err := s.Begin(ctx, &job.Job{Circle: name}, false)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Close()
	for _, statement := range []string{"CREATE TABLE IF NOT EXISTS t (a)", "INSERT INTO t VALUES (1)"} {
		if _, err := tx.Exec(ctx, circle.Statement{SQL: statement, Access: all}); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := tx.Commit(ctx, nil); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Jobs wait for room, and not for ever.
func TestRoomIsWaitedFor(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{MaxOpen: 1})
	first, err := s.Begin(t.Context(), &job.Job{Circle: "a"}, false)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = s.Begin(ctx, &job.Job{Circle: "b"}, false)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = s.Role(t.Context(), "a", "bob")
	require.NoError(t, err, "who may do what is told meanwhile")
	require.NoError(t, first.Close())
	begin(t, s, "b")
}

// A database that an operator removes or replaces while a job has it open gets
// nothing of that job.
func TestReplacedDatabase(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	tx := begin(t, s, "acme")
	require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("old"), time.Time{}))
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	tx = begin(t, s, "acme")
	require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("new"), time.Time{}))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.Remove(mustPath(t, s, "acme")+suffix))
	}
	require.ErrorContains(t, tx.Commit(t.Context(), nil), "replaced or removed")
	require.NoError(t, tx.Close())
	_, found, err := begin(t, s, "acme").Get(t.Context(), []byte("k"))
	require.NoError(t, err)
	require.False(t, found, "it begins with a new one")
}

func TestBackup(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{Idle: 10 * time.Millisecond})
	tx := begin(t, s, "acme")
	_, err := do(tx, all, "CREATE TABLE t (a)")
	require.NoError(t, err)
	require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("v"), time.Time{}))
	require.NoError(t, tx.SetMember(t.Context(), "bob", "admin"))
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	file := filepath.Join(t.TempDir(), "backup")
	require.NoError(t, s.Export(t.Context(), "acme", file))
	require.Error(t, s.Export(t.Context(), "acme", file), "it is there already")
	require.ErrorIs(t, s.Export(t.Context(), "nobody", file), os.ErrNotExist)

	require.ErrorIs(t, s.Import(t.Context(), "acme", file, false), circle.ErrExists)
	require.NoError(t, s.Import(t.Context(), "copy", file, false))
	value, found, err := begin(t, s, "copy").Get(t.Context(), []byte("k"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "v", string(value))

	// In use, and then not any more.
	tx = begin(t, s, "acme")
	_, err = do(tx, all, "INSERT INTO t VALUES (1)")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Remove(ctx, "acme"), circle.ErrInUse)
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.ErrorIs(t, s.Import(ctx, "acme", file, true), circle.ErrInUse)
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	require.NoError(t, s.Import(t.Context(), "acme", file, true))
	rows, err := do(begin(t, s, "acme"), all, "SELECT * FROM t")
	require.NoError(t, err)
	require.Empty(t, rows.Rows)
}

func TestForgedBackup(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	for name, sql := range map[string]string{
		"a trigger on henge's own":  "CREATE TRIGGER x AFTER INSERT ON henge_kv BEGIN DELETE FROM henge_member; END",
		"a table of henge's own":    "CREATE TABLE henge_more (a)",
		"a missing one":             "DROP TABLE henge_member",
		"of a later version":        "PRAGMA user_version = 99",
		"of something else":         "PRAGMA application_id = 1",
		"a column more":             "ALTER TABLE henge_member ADD COLUMN x",
		"an index that has a price": "CREATE INDEX x ON henge_job (output)",
		"a virtual table":           "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING fts5(a)')",
	} {
		t.Run(name, func(t *testing.T) {
			begin(t, s, "acme")
			file := filepath.Join(t.TempDir(), "backup")
			require.NoError(t, s.Export(t.Context(), "acme", file))
			forge(t, file, sql)
			require.Error(t, s.Import(t.Context(), "forged", file, false))
			require.NoFileExists(t, mustPath(t, s, "forged"))
		})
	}
}
