package conformance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

func values(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, a BIGINT, b DOUBLE PRECISION, c TEXT)")
	tx := s.begin(t, newJob("j", 1), false)
	for i, v := range []any{"plain", "Ünicode\U0001F600", "", nil} {
		changes := exec(t, tx, "INSERT INTO t (id, a, b, c) VALUES (?, ?, ?, ?)", int64(i+1), int64(1)<<62, 1.5, v)
		require.EqualValues(t, 1, changes.Changes)
	}
	require.EqualValues(t, 4, exec(t, tx, "UPDATE t SET b = b * 2").Changes)
	require.Equal(t, [][]any{
		{int64(1), int64(1) << 62, 3.0, "plain"}, {int64(2), int64(1) << 62, 3.0, "Ünicode\U0001F600"},
		{int64(3), int64(1) << 62, 3.0, ""}, {int64(4), int64(1) << 62, 3.0, nil},
	}, query(t, tx, "SELECT id, a, b, c FROM t ORDER BY id"))
	rows, err := tx.Query(t.Context(), statement(all, "SELECT id AS one, c AS two FROM t WHERE id = 9"), 0)
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, rows.Columns)
	require.NotNil(t, rows.Rows)
	require.Zero(t, exec(t, tx, "CREATE TABLE other (a INTEGER)").Changes, "of the last statement, and not of one before")
}

func parameters(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a TEXT)")
	tx := s.begin(t, newJob("j", 1), false)
	nasty := `'); DROP TABLE t; --`
	exec(t, tx, "INSERT INTO t VALUES (?)", nasty)
	require.Equal(t, [][]any{{nasty}}, query(t, tx, "SELECT a FROM t"))
	rows, err := tx.Query(t.Context(), circle.Statement{SQL: "SELECT :a || :b", Access: all, Args: abi.Value{V: map[string]any{"a": "x", ":b": "y"}}}, 0)
	require.NoError(t, err)
	require.Equal(t, [][]any{{"xy"}}, plain(rows))
	for name, args := range map[string]any{
		"too few":       []any{},
		"too many":      []any{"a", "b"},
		"none":          nil,
		"another name":  map[string]any{"b": "x"},
		"more names":    map[string]any{"a": "x", "b": "y"},
		"a list in it":  []any{[]any{"a"}},
		"a map in it":   []any{map[string]any{}},
		"no collection": "a",
	} {
		_, err := tx.Query(t.Context(), circle.Statement{SQL: "SELECT :a", Access: all, Args: abi.Value{V: args}}, 0)
		requireCode(t, abi.InvalidArgument, err, name)
	}
	many := make([]any, 100_000)
	_, err = tx.Query(t.Context(), statement(all, "SELECT 1", many...), 0)
	requireCode(t, abi.InvalidArgument, err)
}

func bounds(t *testing.T, s suite) {
	tx := s.begin(t, newJob("j", 1), false)
	const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n"
	for asked, want := range map[int]int{0: circle.MaxRows, 3: 3, circle.MaxRows + 1: circle.MaxRows} {
		rows, err := tx.Query(t.Context(), statement(all, numbers), asked)
		require.NoError(t, err)
		require.Len(t, rows.Rows, want)
		require.True(t, rows.More)
	}
	rows, err := tx.Query(t.Context(), statement(all, "SELECT 1"), 1)
	require.NoError(t, err)
	require.False(t, rows.More)

	exec(t, tx, "CREATE TABLE t (a TEXT)")
	long := strings.Repeat("x", circle.MaxValue)
	for range circle.MaxReply/circle.MaxValue + 1 {
		exec(t, tx, "INSERT INTO t VALUES (?)", long)
	}
	_, err = tx.Query(t.Context(), statement(all, "SELECT a FROM t"), 0)
	requireCode(t, abi.TooLarge, err)
	require.Equal(t, [][]any{{int64(9)}}, query(t, tx, "SELECT count(*) FROM t"), "and the transaction goes on")
	_, err = tx.Exec(t.Context(), statement(all, "INSERT INTO t VALUES (?)", long+long+long))
	requireCode(t, abi.TooLarge, err)
	_, err = tx.Query(t.Context(), statement(all, "SELECT "+strings.Repeat(" ", 1<<20)+"1"), 0)
	requireCode(t, abi.TooLarge, err)
	_, err = tx.Query(t.Context(), statement(all, "SELECT "+strings.Repeat("1 + ", 5000)+"1"), 0)
	requireCode(t, abi.InvalidArgument, err)
}

func mistakes(t *testing.T, s suite) {
	tx := s.begin(t, newJob("j", 1), false)
	exec(t, tx, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
	exec(t, tx, "INSERT INTO t VALUES (1)")
	for name, sql := range map[string]string{
		"no statement":     "",
		"a comment":        "-- nothing",
		"two":              "SELECT 1; SELECT 2",
		"a hidden second":  "SELECT 1; DROP TABLE t",
		"NUL":              "SELECT 1\x00; DROP TABLE t",
		"no SQL":           "SELEKT 1",
		"no such table":    "SELECT * FROM nothing",
		"a constraint":     "INSERT INTO t VALUES (1)",
		"a file as output": "VACUUM INTO '/tmp/henge-was-here'",
	} {
		_, err := tx.Exec(t.Context(), statement(all, sql))
		requireCode(t, abi.InvalidArgument, err, name)
	}
	require.Equal(t, [][]any{{int64(1)}}, query(t, tx, "SELECT count(*) FROM t;\n"), "the transaction goes on")
}

// idle are statements that find nothing to do.
func idle(t *testing.T, s suite) {
	tx := s.begin(t, newJob("j", 1), false)
	exec(t, tx, "CREATE TABLE t (a INTEGER)")
	for range 2 {
		exec(t, tx, "CREATE TABLE IF NOT EXISTS t (a INTEGER)")
		exec(t, tx, "CREATE INDEX IF NOT EXISTS i ON t (a)")
	}
	for _, kind := range []string{"TABLE", "INDEX", "VIEW"} {
		exec(t, tx, "DROP "+kind+" IF EXISTS missing")
	}
	commit(t, tx)
	tx = s.begin(t, newJob("k", 1), false)
	exec(t, tx, "INSERT INTO t VALUES (1)")
	_, err := tx.Exec(t.Context(), statement(circle.Access{Read: true}, "DROP TABLE IF EXISTS missing"))
	require.ErrorIs(t, err, circle.ErrInsufficient)
}

// deadline has statements that would never end.
func deadline(t *testing.T, s suite) {
	for name, sql := range map[string]string{
		"a recursion": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
		"a product":   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT count(*) FROM n a, n b, n c WHERE a.i + b.i + c.i = 0",
	} {
		tx := s.begin(t, newJob("j", 1), false)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := tx.Query(ctx, statement(all, sql), 0)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.NoError(t, tx.Close())
	}
	tx := s.begin(t, newJob("j", 1), false)
	require.Equal(t, [][]any{{int64(1)}}, query(t, tx, "SELECT 1"), "what was stopped is whole")
}
