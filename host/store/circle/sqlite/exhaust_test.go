package sqlite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// tooLarge carries out a statement that must be refused for what it needs.
func tooLarge(t *testing.T, tx circle.Tx, sql, why string) {
	t.Helper()
	_, err := do(tx, all, sql)
	var said *abi.Error
	require.ErrorAs(t, err, &said)
	require.Equal(t, abi.TooLarge, said.Code)
	require.Contains(t, said.Message, why)
}

// A statement that needs too much memory is an error of the job's, which may go
// on, and the next job finds nothing of it.
func TestMemoryOfStatements(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{MaxOpen: 1})
	blob := "randomblob(1000000)"
	for name, sql := range map[string]string{
		"values of a row":    "SELECT " + strings.Repeat(blob+", ", 80) + "1",
		"a function of ours": "SELECT " + strings.Repeat("replace(hex(zeroblob(500000)), '0', '1'), ", 80) + "1",
		"what is sorted by":  "SELECT 1 FROM (SELECT 1 UNION SELECT 2) ORDER BY " + strings.Repeat(blob+", ", 80) + "1",
	} {
		t.Run(name, func(t *testing.T) {
			tx := begin(t, s, "acme")
			require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte(name), time.Time{}))
			tooLarge(t, tx, sql, "needs too much memory")
			rows, err := do(tx, all, "SELECT 1")
			require.NoError(t, err)
			require.Len(t, rows.Rows, 1)
			require.NoError(t, tx.Commit(t.Context(), nil))
			require.NoError(t, tx.Close())
			value, found, err := begin(t, s, "acme").Get(t.Context(), []byte("k"))
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, name, string(value))
		})
	}
}

// What needs much is sorted and kept on disk, and within its bounds it works.
func TestMuchIsSorted(t *testing.T) {
	tx := begin(t, open(t, t.TempDir(), sqlite.Options{}), "acme")
	for _, sql := range []string{
		"CREATE TABLE t (a)",
		"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400) SELECT randomblob(50000) FROM n",
		"SELECT length(a) FROM t ORDER BY a", "SELECT count(*) FROM (SELECT DISTINCT a FROM t)", "CREATE INDEX i ON t (a)",
		"UPDATE t SET a = randomblob(40000)", "DELETE FROM t",
	} {
		_, err := do(tx, all, sql)
		require.NoError(t, err, sql)
	}
}

// A statement that has SQLite run out of its stack costs the job its transaction,
// and nobody else anything.
func TestDeepNesting(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{MaxOpen: 2})
	other := begin(t, s, "other")
	tx := begin(t, s, "acme")
	_, err := do(tx, all, "CREATE VIEW v0 AS SELECT 1")
	require.NoError(t, err)
	for i := range 20 {
		_, err := do(tx, all, fmt.Sprintf("CREATE VIEW v%d AS %sSELECT * FROM v%d%s", i+1, strings.Repeat("SELECT * FROM (", 30), i, strings.Repeat(")", 30)))
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	for range 3 {
		tx = begin(t, s, "acme")
		require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("lost"), time.Time{}))
		tooLarge(t, tx, "SELECT * FROM v20", "nested too deep")
		_, err = do(tx, all, "SELECT 1")
		require.ErrorContains(t, err, "taken back")
		_, err = tx.Role(t.Context(), "bob")
		require.ErrorContains(t, err, "taken back")
		require.ErrorContains(t, tx.Commit(t.Context(), nil), "taken back")
		require.NoError(t, tx.Close())
	}
	tx = begin(t, s, "acme")
	_, found, err := tx.Get(t.Context(), []byte("k"))
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("v"), time.Time{}), "no lock is left")
	_, err = do(other, all, "SELECT 1")
	require.NoError(t, err)
}

// However deep a statement is nested, it works or is an error of the job's.
func TestNesting(t *testing.T) {
	s := open(t, t.TempDir(), sqlite.Options{})
	for name, parts := range map[string][4]string{
		"FROM":        {"", "SELECT * FROM (", "SELECT 1", ")"},
		"windows":     {"", "SELECT sum(1) OVER () FROM (", "SELECT 1", ")"},
		"groups":      {"", "SELECT count(*) FROM (", "SELECT 1", " GROUP BY 1 ORDER BY 1 LIMIT 1)"},
		"joins":       {"", "SELECT * FROM (SELECT 1) NATURAL JOIN (", "SELECT 1", ")"},
		"WITH":        {"", "WITH a AS (", "SELECT 1", ") SELECT * FROM a"},
		"parentheses": {"SELECT ", "(", "1", ")"},
		"subqueries":  {"", "SELECT (", "1", ")"},
		"EXISTS":      {"SELECT ", "EXISTS (SELECT 1 WHERE ", "1", ")"},
		"CASE":        {"SELECT ", "CASE WHEN ", "1", " THEN 1 END"},
		"a chain":     {"", "SELECT 1 UNION ", "SELECT 1", ""},
		"calls":       {"SELECT ", "abs(", "1", ")"},
		"JSON":        {"SELECT json_pretty('", "[", "1", "]"},
		"constraints": {"CREATE TABLE t (a CHECK (1", " IN (1", "", ")"},
		"plans":       {"EXPLAIN QUERY PLAN ", "SELECT * FROM (", "SELECT 1", ")"},
	} {
		for _, depth := range []int{10, 100, 250, 1000, 15_000} {
			sql := parts[0] + strings.Repeat(parts[1], depth) + parts[2] + strings.Repeat(parts[3], depth)
			switch name {
			case "JSON":
				sql += "')"
			case "constraints":
				sql += "))"
			}
			tx := begin(t, s, "acme")
			if _, err := do(tx, all, sql); err != nil {
				var said *abi.Error
				require.ErrorAs(t, err, &said, "%s, %d deep", name, depth)
			}
			require.NoError(t, tx.Close())
		}
	}
}
