package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

func members(t *testing.T, s suite) {
	key := strings.Repeat("AB", 33)
	role, err := s.Role(t.Context(), "acme", "bob")
	require.NoError(t, err)
	require.Empty(t, role, "of a circle that has nothing")
	tx := s.begin(t, newJob("j", 1), false)
	require.NoError(t, tx.SetMember(t.Context(), "bob", "reader"))
	require.NoError(t, tx.SetMember(t.Context(), "bob", "writer"))
	require.NoError(t, tx.SetMember(t.Context(), key, "admin"))
	requireCode(t, abi.InvalidArgument, tx.SetMember(t.Context(), "../x", "admin"))
	require.NoError(t, tx.Publish(t.Context(), circle.KindTable, "b"))
	require.NoError(t, tx.Publish(t.Context(), circle.KindTable, "a"))
	require.NoError(t, tx.Publish(t.Context(), circle.KindTable, "a"))
	require.NoError(t, tx.Publish(t.Context(), circle.KindPrefix, "a:"))
	for kind, name := range map[string]string{"table": "henge_kv", "TABLE": "a", "prefix": "", "": "a"} {
		requireCode(t, abi.InvalidArgument, tx.Publish(t.Context(), kind, name), kind)
	}
	requireCode(t, abi.InvalidArgument, tx.Publish(t.Context(), circle.KindTable, "SQLITE_master"))
	requireCode(t, abi.InvalidArgument, tx.Publish(t.Context(), circle.KindPrefix, strings.Repeat("x", circle.MaxName+1)))
	commit(t, tx)

	for caller, want := range map[string]string{"bob": "writer", key: "admin", strings.ToLower(key): "admin", "eve": "", "": "", "' OR 1=1 --": ""} {
		role, err := s.Role(t.Context(), "acme", caller)
		require.NoError(t, err)
		require.Equal(t, want, role, caller)
		role, err = s.Role(t.Context(), "other", caller)
		require.NoError(t, err)
		require.Empty(t, role)
	}
	names, err := s.Published(t.Context(), "acme", circle.KindTable)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, names)

	tx = s.begin(t, newJob("j", 1), false)
	all, err := tx.Members(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]string{"bob": "writer", strings.ToLower(key): "admin"}, all)
	require.NoError(t, tx.SetMember(t.Context(), "bob", ""))
	require.NoError(t, tx.Unpublish(t.Context(), circle.KindTable, "a"))
	require.NoError(t, tx.Unpublish(t.Context(), circle.KindTable, "never"))
	commit(t, tx)
	names, err = s.Published(t.Context(), "acme", circle.KindTable)
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, names)
	role, err = s.Role(t.Context(), "acme", "bob")
	require.NoError(t, err)
	require.Empty(t, role)
}

func strangers(t *testing.T, s suite) {
	s.script(t,
		"CREATE TABLE shared (id INTEGER, a TEXT)", "INSERT INTO shared VALUES (1, 'public')",
		"CREATE TABLE secret (id INTEGER, b TEXT)", "INSERT INTO secret VALUES (1, 'private')",
		"CREATE VIEW window_on AS SELECT * FROM secret", "CREATE VIEW fair AS SELECT * FROM shared",
	)
	public := circle.Access{Tables: []string{"shared", "window_on", "fair"}}
	tx := s.begin(t, newJob("j", 1), false)
	for _, sql := range []string{"SELECT a FROM shared", "SELECT a FROM SHARED", "SELECT a FROM fair", "SELECT x.a FROM shared x, shared y"} {
		rows, err := tx.Query(t.Context(), statement(public, sql), 0)
		require.NoError(t, err, sql)
		require.Equal(t, [][]any{{"public"}}, plain(rows), sql)
	}
	for _, sql := range []string{
		"SELECT * FROM secret", "SELECT count(*) FROM secret", "SELECT 1 FROM secret", "SELECT b FROM secret AS shared",
		"SELECT a FROM shared WHERE EXISTS (SELECT 1 FROM secret)", "SELECT a FROM shared UNION SELECT b FROM secret",
		"SELECT a FROM shared JOIN secret USING (id)", "SELECT a FROM shared NATURAL JOIN secret",
		"SELECT (SELECT max(b) FROM secret)", "SELECT a FROM shared WHERE id IN (SELECT id FROM secret)", "SELECT a FROM shared ORDER BY (SELECT b FROM secret)",
		"WITH shared AS (SELECT * FROM secret) SELECT * FROM shared", "WITH window_on AS (SELECT b FROM secret) SELECT b FROM window_on",
		"SELECT b FROM (SELECT b FROM secret) AS shared", "SELECT * FROM window_on",
		"INSERT INTO shared VALUES (2, 'x')", "UPDATE shared SET a = ''", "DELETE FROM shared", "DROP TABLE shared", "CREATE TABLE mine (a INTEGER)",
		"INSERT INTO shared SELECT * FROM secret", "CREATE VIEW v AS SELECT 1", "ALTER TABLE shared ADD COLUMN c TEXT",
	} {
		_, err := tx.Query(t.Context(), statement(public, sql), 0)
		require.ErrorIs(t, err, circle.ErrInsufficient, sql)
	}
	_, err := tx.Query(t.Context(), statement(circle.Access{}, "SELECT a FROM shared"), 0)
	require.ErrorIs(t, err, circle.ErrInsufficient)
	rows, err := tx.Query(t.Context(), statement(circle.Access{}, "SELECT 1"), 0)
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(1)}}, plain(rows))
}

func reading(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
	tx := s.begin(t, newJob("j", 1), false)
	access := circle.Access{Read: true}
	rows, err := tx.Query(t.Context(), statement(access, "SELECT a FROM t"), 0)
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(1)}}, plain(rows))
	for _, sql := range []string{
		"INSERT INTO t VALUES (1)", "UPDATE t SET a = 2", "DELETE FROM t", "DROP TABLE t", "CREATE TABLE u (a INTEGER)",
		"CREATE INDEX i ON t (a)", "ALTER TABLE t RENAME TO u", "INSERT INTO t VALUES (2) RETURNING a", "CREATE VIEW v AS SELECT 1",
	} {
		_, err := tx.Query(t.Context(), statement(access, sql), 0)
		require.ErrorIs(t, err, circle.ErrInsufficient, sql)
	}
	require.NoError(t, tx.Close())
	require.Equal(t, [][]any{{int64(1)}}, query(t, s.begin(t, newJob("j", 1), false), "SELECT a FROM t"))
}

func own(t *testing.T, s suite) {
	s.script(t, "CREATE TABLE t (a INTEGER)")
	for _, sql := range []string{
		"SELECT * FROM henge_member", "SELECT * FROM HENGE_job", "INSERT INTO henge_member VALUES ('eve', 'admin')",
		"UPDATE henge_job SET attempt = 0", "DELETE FROM henge_kv", "DROP TABLE henge_kv", "ALTER TABLE henge_member RENAME TO m",
		"CREATE TABLE henge_mine (a INTEGER)", "CREATE TABLE Henge_Mine (a INTEGER)", "CREATE INDEX henge_i ON t (a)", "CREATE VIEW henge_v AS SELECT 1",
		"CREATE INDEX i ON henge_member (role)", "CREATE TABLE copied AS SELECT * FROM henge_member", "INSERT INTO t SELECT attempt FROM henge_job",
	} {
		tx := s.begin(t, newJob("j", 1), false)
		_, err := tx.Exec(t.Context(), statement(all, sql))
		requireCode(t, abi.AccessDenied, err, sql)
		require.NoError(t, tx.Close())
	}
	// What is not seen when it is done is seen when it is to stay.
	tx := s.begin(t, newJob("j", 1), false)
	_, err := tx.Exec(t.Context(), statement(all, "ALTER TABLE t RENAME TO henge_t"))
	if err == nil {
		err = tx.Commit(t.Context(), nil)
	}
	requireCode(t, abi.AccessDenied, err)
	require.NoError(t, tx.Close())
	require.Empty(t, query(t, s.begin(t, newJob("j", 1), false), "SELECT * FROM t"))
}
