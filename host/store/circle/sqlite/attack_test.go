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

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
	"github.com/henge-run/henge/host/store/connection"
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

// Functions are known to be harmless, or are refused to scripts. A new version of
// SQLite brings others, which somebody has to look at; until then they are refused.
func TestFunctionsAreKnown(t *testing.T) {
	refused := strings.Fields(`
		base64 decimal decimal_add decimal_cmp decimal_exp decimal_mul decimal_pow2 decimal_sub decimal_sum ieee754
		ieee754_exponent ieee754_from_blob ieee754_from_int ieee754_inc ieee754_mantissa ieee754_to_blob ieee754_to_int
		json_array_insert json_patch jsonb_array_insert jsonb_patch match regexp regexpi unistr unistr_quote`)
	plain := memory(t)
	tx := begin(t, open(t, t.TempDir(), sqlite.Options{}), "acme")
	seen := 0
	require.NoError(t, plain.Each(func(row *sqlite3.Stmt) {
		seen++
		name, args := row.ColumnText(0), max(row.ColumnInt(1), 0)
		_, err := do(tx, all, fmt.Sprintf("SELECT %q(%s)", name, strings.TrimSuffix(strings.Repeat("1,", args), ",")))
		wasRefused := err != nil && strings.Contains(err.Error(), "the function "+name+" cannot be used here")
		if wasRefused != slices.Contains(refused, name) {
			t.Errorf("%s: refused %t. Is it harmless, and does it take long for long arguments?", name, wasRefused)
		}
	}, "SELECT DISTINCT name, narg FROM pragma_function_list"))
	require.Greater(t, seen, 100)
	for _, name := range []string{"readfile", "writefile", "load_extension", "edit", "fts3_tokenizer", "eval"} {
		n, err := plain.Number("SELECT count(*) FROM pragma_function_list WHERE name = ?", name)
		require.NoError(t, err)
		require.Zero(t, n, name)
	}
}

// Tables that are functions are known to be harmless, too.
func TestModulesAreKnown(t *testing.T) {
	require.NoError(t, memory(t).Each(func(row *sqlite3.Stmt) {
		name := row.ColumnText(0)
		if !strings.HasPrefix(name, "pragma_") && !slices.Contains([]string{"generate_series", "json_each", "json_tree"}, name) {
			t.Errorf("is the table %s harmless?", name)
		}
	}, "SELECT name FROM pragma_module_list"))
}

// memory opens a database that knows nothing of henge.
func memory(t *testing.T) *connection.Conn {
	t.Helper()
	conn, err := connection.Open(t.Context(), "plain", connection.InMemory)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
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

// Where each call takes milliseconds, SQLite stops after some calls all the same.
func TestLongCallsEnd(t *testing.T) {
	tx := begin(t, open(t, t.TempDir(), sqlite.Options{}), "acme")
	call := "hex(zeroblob(500000)) || i GLOB '*" + strings.Repeat("0", 40) + "1'"
	since := time.Now()
	_, err := do(tx, all, "SELECT "+call+" FROM (SELECT 1 AS i)")
	require.NoError(t, err)
	one := time.Since(since)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	since = time.Now()
	_, err = tx.Query(ctx, circle.Statement{SQL: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE " + call, Access: all}, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(since), 30*one+time.Second)
}

// Our functions do what SQLite's do.
func TestFunctionsAreSQLites(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	tx := begin(t, s, "acme")
	plain := memory(t)
	values := []string{"NULL", "''", "'a'", "'aba'", "'äbä'", "'bä'", "'abcabc'", "1", "121", "2.5", "x''", "x'6162'", "x'62'"}
	for _, a := range values {
		for _, b := range values {
			for _, call := range []string{"instr(%s, %s)", "replace(%s, %s, '<>')", "trim(%s, %s)", "ltrim(%s, %s)", "rtrim(%s, %s)"} {
				sql := "SELECT quote(" + fmt.Sprintf(call, a, b) + ")"
				rows, err := do(tx, all, sql)
				require.NoError(t, err, sql)
				want := ""
				require.NoError(t, plain.Each(func(row *sqlite3.Stmt) { want = row.ColumnText(0) }, sql))
				require.Equal(t, want, rows.Rows[0][0].V, sql)
			}
		}
	}
	_, err := do(tx, all, "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000)))")
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
	conn, err := connection.Open(t.Context(), file, connection.Existing)
	require.NoError(t, err)
	require.NoError(t, conn.Script(sql))
	require.NoError(t, conn.Close())
}
