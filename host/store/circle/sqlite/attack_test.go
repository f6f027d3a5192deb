package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	zombie "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

var all = circle.Access{Read: true, Write: true}

func begin(t testing.TB, s *sqlite.Store, name string) circle.Tx {
	t.Helper()
	tx, err := s.Begin(t.Context(), &job.Job{Circle: name}, false)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tx.Close()) })
	return tx
}

func do(tx circle.Tx, access circle.Access, sql string, args ...any) (abi.Rows, error) {
	s := circle.Statement{SQL: sql, Access: access}
	if args != nil {
		s.Args.V = args
	}
	return tx.Query(context.Background(), s, 0)
}

// What would lead out of the circle's database, or into SQLite itself, is
// refused to the circle's owner too.
func TestWaysOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	other := begin(t, s, "other")
	_, err := do(other, all, "CREATE TABLE secret (a)")
	require.NoError(t, err)
	require.NoError(t, other.Commit(t.Context(), nil))
	target := filepath.Join(dir, "circle-other.db")
	for _, sql := range []string{
		"ATTACH '" + target + "' AS x", "ATTACH ':memory:' AS x", "DETACH main",
		"VACUUM", "VACUUM INTO '" + dir + "/out'", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')",
		"SELECT writefile('x', 'y')", "SELECT edit('x')", "SELECT fts3_tokenizer('x')",
		"PRAGMA writable_schema = 1", "PRAGMA journal_mode = DELETE", "PRAGMA journal_mode", "PRAGMA locking_mode = EXCLUSIVE",
		"PRAGMA foreign_keys = 0", "PRAGMA max_page_count = 1000000", "PRAGMA user_version = 9", "PRAGMA application_id = 9",
		"PRAGMA temp_store_directory = '/'", "PRAGMA wal_checkpoint", "PRAGMA database_list", "PRAGMA mmap_size = 1", "PRAGMA cache_size = 99999999",
		"PRAGMA synchronous = OFF", "PRAGMA integrity_check", "PRAGMA optimize", "PRAGMA secure_delete = 1", "PRAGMA trusted_schema", "PRAGMA main.user_version",
		"INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'x')", "UPDATE sqlite_schema SET sql = ''", "DELETE FROM sqlite_master",
		"CREATE VIRTUAL TABLE f USING fts5(a)", "CREATE VIRTUAL TABLE r USING rtree(a, b, c)", "CREATE VIRTUAL TABLE d USING dbstat",
		"SELECT * FROM dbstat", "SELECT * FROM sqlite_dbpage", "SELECT * FROM pragma_database_list", "SELECT * FROM pragma_journal_mode", "CREATE TEMP TABLE x (a)", "CREATE TEMP VIEW x AS SELECT 1",
		"ANALYZE", "BEGIN", "COMMIT", "SAVEPOINT x", "EXPLAIN ATTACH 'x' AS y",
		"CREATE TRIGGER x AFTER INSERT ON henge_kv BEGIN SELECT 1; END", "CREATE TRIGGER henge_x AFTER INSERT ON t BEGIN SELECT 1; END",
		"CREATE TABLE x (a REFERENCES henge_kv(key)); INSERT INTO x VALUES (1)",
		"SELECT 1 FROM (SELECT 'x' AS key) JOIN henge_kv USING (key)", "SELECT 1 FROM (SELECT 'x' AS caller) NATURAL JOIN henge_member",
	} {
		t.Run(sql, func(t *testing.T) {
			tx := begin(t, s, "acme")
			_, err := do(tx, all, sql)
			var said *abi.Error
			require.ErrorAs(t, err, &said)
			require.NotContains(t, said.Message, "sqlite:")
		})
	}
	require.NoFileExists(t, filepath.Join(dir, "out"))
	require.NoFileExists(t, "x")
}

// A view and a trigger that would reach henge's own tables by a join that
// SQLite's authorizer is not asked about.
func TestOwnTablesThroughViewsAndTriggers(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	tx := begin(t, s, "acme")
	for _, sql := range []string{
		"CREATE TABLE probe (caller TEXT)", "CREATE TABLE found (a)",
		"CREATE VIEW v AS SELECT 1 FROM probe JOIN henge_member USING (caller)",
		"CREATE TRIGGER tr AFTER INSERT ON probe BEGIN INSERT INTO found SELECT 1 FROM probe JOIN henge_member USING (caller); END",
	} {
		_, err := do(tx, all, sql)
		require.NoError(t, err, sql)
	}
	for _, sql := range []string{"SELECT * FROM v", "INSERT INTO probe VALUES ('bob')"} {
		_, err := do(tx, all, sql)
		var said *abi.Error
		require.ErrorAs(t, err, &said, sql)
		require.Equal(t, abi.AccessDenied, said.Code)
	}
}

// Functions are known to be harmless, or not there for a script. A new version
// of SQLite brings others, which somebody has to look at.
func TestFunctionsAreKnown(t *testing.T) {
	known := strings.Fields(`
		-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling changes char coalesce concat concat_ws cos
		cosh count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value
		floor format fts5 fts5_get_locale fts5_insttoken fts5_locale fts5_source_id geopoly_area geopoly_bbox geopoly_blob
		geopoly_ccw geopoly_contains_point geopoly_debug geopoly_group_bbox geopoly_json geopoly_overlap geopoly_regular
		geopoly_svg geopoly_within geopoly_xform glob group_concat hex highlight if ifnull iif instr json json_array
		json_array_length json_error_position json_extract json_group_array json_group_object json_insert json_object
		json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array
		jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace
		jsonb_set julianday lag last_insert_rowid last_value lead length like likelihood likely ln load_extension log log10
		log2 lower ltrim match max min mod nth_value ntile nullif octet_length percent_rank pi pow power printf quote
		radians random randomblob rank regexp replace round row_number rtreecheck rtreedepth rtreenode rtrim sign sin sinh
		snippet soundex sqlite_compileoption_get sqlite_compileoption_used sqlite_log sqlite_offset sqlite_source_id
		sqlite_version sqrt strftime string_agg substr substring subtype sum tan tanh time timediff total total_changes trim
		trunc typeof unhex unicode unixepoch unlikely upper zeroblob`)
	conn, err := zombie.OpenConn(":memory:", zombie.OpenReadWrite|zombie.OpenCreate|zombie.OpenMemory)
	require.NoError(t, err)
	defer conn.Close()
	seen := 0
	require.NoError(t, sqlitex.ExecuteTransient(conn, "SELECT DISTINCT name FROM pragma_function_list", &sqlitex.ExecOptions{ResultFunc: func(row *zombie.Stmt) error {
		seen++
		if name := row.ColumnText(0); !slices.Contains(known, name) {
			t.Errorf("is the function %s harmless, and does it take long for long arguments?", name)
		}
		return nil
	}}))
	require.Greater(t, seen, 100)
}

// Calls of functions that SQLite cannot stop in their middle take no long time.
func TestFunctionsTakeNoLongTime(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	for sql, want := range map[string]any{
		"SELECT instr(hex(zeroblob(500000)), hex(zeroblob(250000)) || '1')":                            int64(0),
		"SELECT length(replace(hex(zeroblob(500000)), hex(zeroblob(250000)) || '1', ''))":              int64(1_000_000),
		"SELECT length(trim(hex(zeroblob(250000)), replace(hex(zeroblob(100000)), '00', 'é') || '0'))": int64(0),
	} {
		tx := begin(t, s, "acme")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		rows, err := tx.Query(ctx, circle.Statement{SQL: sql, Access: all}, 0)
		cancel()
		require.NoError(t, err, sql)
		require.Equal(t, want, rows.Rows[0][0].V, sql)
		require.NoError(t, tx.Close())
	}
}

// Random bytes without end are stopped too.
func TestRandomBytesEnd(t *testing.T) {
	tx := begin(t, open(t, t.TempDir(), sqlite.Options{}), "acme")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := tx.Query(ctx, circle.Statement{SQL: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE length(randomblob(1000000)) = 1", Access: all}, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// Our functions do what SQLite's do.
func TestFunctionsAreSQLites(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	tx := begin(t, s, "acme")
	conn, err := zombie.OpenConn(":memory:", zombie.OpenReadWrite|zombie.OpenCreate|zombie.OpenMemory)
	require.NoError(t, err)
	defer conn.Close()
	values := []string{"NULL", "''", "'a'", "'aba'", "'äbä'", "'bä'", "'abcabc'", "1", "121", "2.5", "x''", "x'6162'", "x'62'"}
	for _, a := range values {
		for _, b := range values {
			for _, call := range []string{"instr(%s, %s)", "replace(%s, %s, '<>')", "trim(%s, %s)", "ltrim(%s, %s)", "rtrim(%s, %s)"} {
				sql := "SELECT quote(" + fmt.Sprintf(call, a, b) + ")"
				rows, err := do(tx, all, sql)
				require.NoError(t, err, sql)
				want, err := sqlitex.ResultText(conn.Prep(sql))
				require.NoError(t, err)
				require.Equal(t, want, rows.Rows[0][0].V, sql)
			}
		}
	}
	_, err = do(tx, all, "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000)))")
	require.ErrorContains(t, err, "too long")
	_, err = do(tx, all, "SELECT json_patch('{}', '{}')")
	require.ErrorContains(t, err, "json_patch cannot be used")
	for _, sql := range []string{"CREATE TABLE t (a, b AS (instr(a, 'x')))", "CREATE INDEX i ON t (trim(a, 'x'))", "INSERT INTO t (a) VALUES ('axa')"} {
		_, err = do(tx, all, sql)
		require.NoError(t, err, sql)
	}
}

// A database that is full says so, keeps what it had, and works on.
func TestFullDatabase(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{MaxBytes: 1 << 20})
	tx := begin(t, s, "acme")
	_, err := do(tx, all, "CREATE TABLE t (a)")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	tx = begin(t, s, "acme")
	var said *abi.Error
	for err == nil {
		_, err = do(tx, all, "INSERT INTO t VALUES (randomblob(100000))")
	}
	require.ErrorAs(t, err, &said)
	require.Equal(t, abi.TooLarge, said.Code)
	require.Contains(t, said.Message, "1048576 bytes")
	require.NoError(t, tx.Close())
	info, err := os.Stat(filepath.Join(mustPath(t, s, "acme")))
	require.NoError(t, err)
	require.LessOrEqual(t, info.Size(), int64(1<<20))
	_, err = do(begin(t, s, "acme"), all, "INSERT INTO t VALUES (1)")
	require.NoError(t, err)
}

func mustPath(t *testing.T, s *sqlite.Store, name string) string {
	t.Helper()
	path, err := s.Path(name)
	require.NoError(t, err)
	return path
}

// A statement that takes the whole transaction back ends the job's work: what
// comes after it must not be committed by itself.
func TestTransactionThatIsTakenBack(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	tx := begin(t, s, "acme")
	_, err := do(tx, all, "CREATE TABLE t (a PRIMARY KEY)")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())

	tx = begin(t, s, "acme")
	_, err = do(tx, all, "INSERT INTO t VALUES (1)")
	require.NoError(t, err)
	_, err = do(tx, all, "INSERT OR ROLLBACK INTO t VALUES (1)")
	require.Error(t, err)
	_, err = do(tx, all, "INSERT INTO t VALUES (2)")
	require.ErrorContains(t, err, "taken back")
	require.ErrorContains(t, tx.Set(t.Context(), []byte("k"), nil, time.Time{}), "taken back")
	require.ErrorContains(t, tx.Commit(t.Context(), nil), "taken back")
	require.NoError(t, tx.Close())
	rows, err := do(begin(t, s, "acme"), all, "SELECT * FROM t")
	require.NoError(t, err)
	require.Empty(t, rows.Rows)
}

// forge changes a file as somebody would who has it.
func forge(t *testing.T, file, sql string) {
	t.Helper()
	conn, err := zombie.OpenConn(file, zombie.OpenReadWrite)
	require.NoError(t, err)
	require.NoError(t, sqlitex.ExecuteTransient(conn, sql, nil))
	require.NoError(t, conn.Close())
}
