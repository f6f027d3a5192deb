package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/store/circle/postgres"
)

// withoutPublic takes from everybody what henge advises.
func withoutPublic(t *testing.T, admin string) {
	t.Helper()
	root := superuser(t, admin)
	for _, sql := range []string{
		"REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC", "REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC",
	} {
		_, err := root.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// programs change the role, and then do something in it: as several statements,
// or as one with others inside.
func programs(other string) [][]string {
	read := "SELECT a FROM " + other + ".secret"
	quoted := strings.ReplaceAll(read, "'", "''")
	all := [][]string{
		{"SELECT set_config('role', 'none', true), query_to_xml('" + quoted + "', true, true, '')"},
		{"SELECT set_config('role', '" + other + "', false)", read},
		{"SELECT query_to_xml('SELECT set_config(''role'', ''none'', true)', true, true, '')", read},
		{"SELECT query_to_xml('RESET ROLE', true, true, ''), query_to_xml('" + quoted + "', true, true, '')"},
		{"SELECT * FROM ts_stat('RESET ROLE')", read},
		{"DO $$ BEGIN EXECUTE 'RESET ROLE'; EXECUTE 'CREATE TABLE stolen AS " + read + "'; END $$", "SELECT a FROM stolen"},
		{"DO $$ BEGIN PERFORM set_config('role', 'none', true); EXECUTE 'CREATE TABLE stolen AS " + read + "'; END $$", "SELECT a FROM stolen"},
		{"DO LANGUAGE plpgsql $$ BEGIN EXECUTE 'SET SESSION AUTHORIZATION " + other + "'; END $$", read},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'RESET ROLE'; RETURN (" + read + "); END $$", "SELECT f()"},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (" + read + "); END $$", "SELECT f()"},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql SET role = 'none' AS '" + quoted + "'", "SELECT f()"},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE internal AS 'lo_import'", "SELECT f()"},
		// In front of what henge itself calls, in its own role.
		{"CREATE FUNCTION lower(name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE stolen AS " + read + "'; RETURN ''; END $$", "SELECT a FROM stolen"},
		{"CREATE FUNCTION to_regnamespace(varchar) RETURNS regnamespace LANGUAGE sql AS 'SELECT 1'", read},
		{"CREATE PROCEDURE p() LANGUAGE sql AS 'RESET ROLE'", "CALL p()", read},
		{"PREPARE x AS " + read, "EXECUTE x", "CREATE TABLE stolen AS EXECUTE x"},
		{"DECLARE x CURSOR WITH HOLD FOR " + read, "FETCH ALL FROM x"},
		{"EXPLAIN ANALYZE " + read}, {"COPY (" + read + ") TO STDOUT"}, {"COPY t FROM PROGRAM 'id'", "SELECT a FROM t"},
		{"CREATE VIEW x AS " + read, "SELECT a FROM x"}, {"CREATE RULE x AS ON INSERT TO t DO ALSO " + read, "INSERT INTO t VALUES ('x')"},
		{"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES " + other + ".secret (a)"}, {"CREATE TABLE x () INHERITS (" + other + ".secret)", "SELECT a FROM x"},
		{"ALTER ROLE CURRENT_USER SET role = 'none'", read}, {"GRANT " + other + " TO CURRENT_USER", read}, {"ALTER ROLE CURRENT_USER SUPERUSER", read},
		{"SET statement_timeout = 0", "SELECT current_setting('statement_timeout')"},
	}
	for _, change := range []string{
		"RESET ROLE", "SET ROLE NONE", "SET LOCAL ROLE NONE", "SET ROLE " + other, "SET LOCAL ROLE " + other, "SET ROLE henge", "RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION " + other,
		"SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "DISCARD ALL", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "ROLLBACK TO SAVEPOINT henge_statement", "RELEASE SAVEPOINT henge_statement", "SAVEPOINT henge_statement",
		"SET search_path = " + other, "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET standard_conforming_strings = off", "SET row_security = off",
	} {
		all = append(all, []string{change, read}, []string{change, "INSERT INTO " + other + ".secret VALUES ('x')"}, []string{change, "DROP TABLE " + other + ".secret"}, []string{change + "; " + read})
	}
	for _, sql := range ways(other) {
		all = append(all, []string{sql})
	}
	return all
}

// Without any look at the statements, the server itself keeps circles apart, also
// where a script has changed its role before, and the next circle on the
// connection gets it as new.
func TestServerAlone(t *testing.T) {
	at, admin := servers.Database(t)
	withoutPublic(t, admin)
	s := open(t, at, postgres.Options{MaxOpen: 1})
	write(t, s, "other", "CREATE TABLE secret (a text UNIQUE)", "INSERT INTO secret VALUES ('marker')")
	write(t, s, "acme", "CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('x', 'y')")
	root := superuser(t, admin)
	mine, other := placeOf(t, root, "acme"), placeOf(t, root, "other")
	state := func() (text string) {
		require.NoError(t, root.QueryRow(t.Context(), `SELECT concat_ws(E'\n',
			(SELECT string_agg(concat_ws(' ', n.nspname, c.relname, c.relowner::regrole, c.relacl), E'\n' ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname !~ '^pg_toast' AND nspname <> $1),
			(SELECT string_agg(nspname || nspacl::text, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname <> $1), (SELECT string_agg(proname, ' ' ORDER BY oid) FROM pg_proc WHERE pronamespace <> to_regnamespace($1)),
			(SELECT string_agg(roleid || ' ' || member, ' ' ORDER BY 1) FROM pg_auth_members), (SELECT string_agg(rolname || rolsuper, ' ' ORDER BY 1) FROM pg_roles), (SELECT string_agg(name, ' ') FROM henge.circle))`, mine).Scan(&text))
		return text
	}
	before := state()
	for _, program := range programs(other) {
		for _, writes := range []bool{true, false} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			tx := begin(t, s, "acme")
			for _, sql := range program {
				rows, err := postgres.Unguarded(ctx, tx, sql, writes)
				require.NotContains(t, fmt.Sprint(rows.Rows, err), "marker", "%q", program)
			}
			_ = tx.Commit(ctx, nil)
			require.NoError(t, tx.Close(), "%q", program)
			cancel()

			tx = begin(t, s, "other")
			rows, err := do(tx, all, "SELECT CURRENT_USER::text, a FROM secret")
			require.NoError(t, err, "%q", program)
			require.Equal(t, [][]any{{other, "marker"}}, plain(rows.Rows), "%q", program)
			require.NoError(t, tx.Close())
			require.Equal(t, before, state(), "%q", program)
		}
	}
}

// Whatever a job left in its session, the next one on the connection finds none
// of it.
func TestNothingStaysInTheSession(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{MaxOpen: 1})
	root := superuser(t, admin)
	_, err := root.Exec(t.Context(), "GRANT TEMPORARY ON DATABASE "+root.Config().Database+" TO PUBLIC")
	require.NoError(t, err)
	tx := begin(t, s, "acme")
	pid := postgres.Raw(tx).PID()
	left := `SELECT pg_advisory_lock(1); SET SESSION search_path = public; SET SESSION statement_timeout = 3600000; SET SESSION ROLE ` + placeOf(t, root, "acme") + `;
		LISTEN x; PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1; CREATE TEMP TABLE mine (a int)`
	for _, sql := range strings.Split(left, ";") {
		_, err := postgres.Raw(tx).Exec(t.Context(), sql).ReadAll()
		require.NoError(t, err, sql)
	}
	_, err = postgres.Raw(tx).Exec(t.Context(), "COMMIT").ReadAll()
	require.NoError(t, err)
	require.NoError(t, tx.Close())

	tx = begin(t, s, "other")
	require.Equal(t, pid, postgres.Raw(tx).PID(), "it is the same connection")
	found, err := postgres.Raw(tx).Exec(t.Context(), `SELECT concat_ws(' ', session_user = current_user,
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_prepared_statements),
		(SELECT count(*) FROM pg_cursors), to_regclass('pg_temp.mine') IS NULL)`).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "t 0 0 0 0 t", string(found[0].Rows[0][0]))
	_, err = postgres.Raw(tx).Exec(t.Context(), "ROLLBACK").ReadAll()
	require.NoError(t, err)
	found, err = postgres.Raw(tx).Exec(t.Context(), "SELECT current_setting('search_path') || current_setting('statement_timeout')").ReadAll()
	require.NoError(t, err)
	require.Equal(t, "0", string(found[0].Rows[0][0]))
}

// What everybody may do is taken from them where our user can, and otherwise the
// operator is told how.
func TestRightsOfEverybody(t *testing.T) {
	at, admin := servers.Database(t)
	root := superuser(t, admin)
	temporary := func() (yes bool) {
		require.NoError(t, root.QueryRow(t.Context(), "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')").Scan(&yes))
		return yes
	}
	require.True(t, temporary(), "as the server makes databases")
	var log bytes.Buffer
	opts := postgres.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	open(t, at, opts)
	require.False(t, temporary())
	require.Contains(t, log.String(), "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC; REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC\"")
	withoutPublic(t, admin)
	log.Reset()
	open(t, at, opts)
	require.Empty(t, log.String())

	for _, sql := range []string{"GRANT TEMPORARY ON DATABASE %s TO PUBLIC", "ALTER DATABASE %s OWNER TO admin", "GRANT CREATE ON DATABASE %s TO henge"} {
		_, err := root.Exec(t.Context(), fmt.Sprintf(sql, root.Config().Database))
		require.NoError(t, err)
	}
	open(t, at, opts)
	require.Contains(t, log.String(), "REVOKE TEMPORARY ON DATABASE")
	require.True(t, temporary(), "it is not ours")
}
