package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
)

var all = circle.Access{Read: true, Write: true}

func begin(t testing.TB, s *postgres.Store, name string) circle.Tx {
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

// write has a circle with a few things in it.
func write(t testing.TB, s *postgres.Store, name string, statements ...string) {
	t.Helper()
	tx := begin(t, s, name)
	for _, sql := range statements {
		_, err := do(tx, all, sql)
		require.NoError(t, err, sql)
	}
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
}

// superuser returns a connection that may look at everything.
func superuser(t testing.TB, admin string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), admin)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

func placeOf(t testing.TB, conn *pgx.Conn, name string) (place string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT place FROM henge.circle WHERE name = $1", name).Scan(&place))
	return place
}

// ways lead out of the circle's schema and role, or into the server itself.
func ways(other string) []string {
	return []string{
		// Another role.
		"RESET ROLE", "SET ROLE NONE", "SET ROLE henge", "SET LOCAL ROLE NONE", "SET SESSION AUTHORIZATION DEFAULT", "RESET SESSION AUTHORIZATION",
		"SELECT set_config('role', 'none', true)", `SELECT "set_config"('role', 'none', false)`, "SELECT pg_catalog.set_config('role', 'none', true)",
		"SELECT set_config /* a */ -- b\n ('role', 'none', true)", "SELECT SET_CONFIG('role', 'none', true)", `SELECT U&"set\005fconfig"('role', 'none', true)`,
		`SELECT pg_catalog . "set_config" ('role', 'none', true)`, "VALUES (set_config('role', 'none', true))", "TABLE t; RESET ROLE",
		"CREATE TABLE x (a text DEFAULT set_config('role', 'none', true))", "CREATE TABLE x (a text CHECK (set_config('role', a, true) = ''))",
		"CREATE INDEX x ON t (set_config('role', 'none', true))", "CREATE VIEW x AS SELECT set_config('role', 'none', true)",
		"SELECT query_to_xml('SELECT set_config(''role'', ''none'', true)', true, true, '')", "SELECT ts_stat('SELECT 1')", "SELECT ts_rewrite('a', 'SELECT 1')",
		"SELECT E'\\' || set_config('role', 'none', true) || E'\\''", "SELECT $$ $$ || set_config('role', 'none', true)", "SELECT $a$ ' $a$, set_config('role', 'none', true)",
		"SELECT 1set_config('role', 'none', true)", "SELECT '\\', set_config('role', 'none', true), '\\'", "SELECT 'a'\n'b', set_config('role', 'none', true)",
		"SELECT /* /* */ ' */ set_config('role', 'none', true) -- '", "SELECT x'41', n'a', b'1', set_config('role', 'none', true)",
		"GRANT " + other + " TO CURRENT_USER", "ALTER ROLE CURRENT_USER SUPERUSER", "CREATE ROLE x", "DROP ROLE henge", "REASSIGN OWNED BY CURRENT_USER TO henge",
		"ALTER TABLE t OWNER TO henge", "ALTER TABLE t OWNER TO SESSION_USER", "ALTER TABLE t SET SCHEMA public", "ALTER TABLE t SET SCHEMA henge",
		// The transaction and the session.
		"COMMIT", "ROLLBACK", "ABORT", "END", "START TRANSACTION", "PREPARE TRANSACTION 'x'", "SET search_path = public", "SET statement_timeout = 0", "SHOW ALL",
		"DISCARD ALL", "LISTEN x", "NOTIFY x, 'y'", "UNLISTEN *", "SELECT pg_notify('x', 'y')", "LOCK TABLE t", "PREPARE x AS SELECT 1", "EXECUTE x", "DECLARE x CURSOR FOR SELECT 1", "FETCH ALL FROM x",
		"SET CONSTRAINTS ALL DEFERRED", "SELECT setseed(0)", "SELECT current_setting('is_superuser')", "EXPLAIN SELECT 1", "MOVE x", "CLOSE ALL",
		"SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_xact_lock(1)", "SELECT pg_sleep(1)", "SELECT pg_cancel_backend(1)", "SELECT pg_terminate_backend(1)",
		// Code.
		"DO $$ BEGIN END $$", "DO 'BEGIN END'", "CALL x()", "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE OR REPLACE FUNCTION x() RETURNS int LANGUAGE sql RETURN 1",
		"CREATE PROCEDURE x() LANGUAGE sql AS ''", "CREATE EXTENSION dblink", "CREATE LANGUAGE plpgsql", "CREATE AGGREGATE x (text) (SFUNC = textcat, STYPE = text)",
		"CREATE OPERATOR === (FUNCTION = textcat, LEFTARG = text, RIGHTARG = text)", "CREATE CAST (text AS int) WITH INOUT", "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION y()",
		"CREATE RULE x AS ON SELECT TO t DO INSTEAD SELECT 1", "CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION y()", "LOAD 'x'", "CREATE DOMAIN x AS int", "CREATE TYPE x AS (a int)",
		"SECURITY LABEL ON TABLE t IS 'x'", "COMMENT ON TABLE t IS 'x'", "CREATE STATISTICS x ON a, b FROM t", "CREATE POLICY x ON t",
		// Files and other servers.
		"COPY t TO '/tmp/henge-was-here'", "COPY t FROM '/etc/passwd'", "COPY t FROM PROGRAM 'id'", "COPY (SELECT 1) TO STDOUT", "SELECT pg_read_file('/etc/passwd')",
		"SELECT pg_ls_dir('.')", "SELECT lo_import('/etc/passwd')", "SELECT lo_export(1, '/tmp/henge-was-here')", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT loread(0, 1)",
		"SELECT dblink('', '')", "CREATE SERVER x FOREIGN DATA WRAPPER y", "CREATE FOREIGN TABLE x (a int) SERVER y", "CREATE TABLESPACE x LOCATION '/tmp'",
		"CREATE SUBSCRIPTION x CONNECTION '' PUBLICATION y", "CREATE PUBLICATION x FOR ALL TABLES",
		// Other circles, and what is shared.
		"SELECT * FROM " + other + ".secret", "SELECT * FROM \"" + other + "\".secret", "INSERT INTO " + other + ".secret VALUES ('x')", "DROP SCHEMA " + other + " CASCADE",
		"CREATE TABLE " + other + ".x (a int)", "CREATE SCHEMA x", "SELECT * FROM henge.circle", "SELECT * FROM henge.version", "UPDATE henge.circle SET name = 'x'", "CREATE TABLE henge.x (a int)", "CREATE TABLE public.x (a int)", "SELECT * FROM public.anything", `SELECT * FROM "public"."anything"`,
		"SELECT * FROM pg_class", "SELECT * FROM pg_catalog.pg_class", `SELECT * FROM "pg_class"`, "SELECT * FROM pg_authid", "SELECT * FROM pg_stat_activity", "SELECT * FROM pg_settings",
		"SELECT * FROM pg_locks", "SELECT * FROM information_schema.tables", "SELECT 16384::regclass::text", "SELECT '{16384}'::_regclass::text", "SELECT CAST(10 AS regrole)", "SELECT regclass '16384'",
		"SELECT '{16384}'::regclass[]", `SELECT 16384::"regclass"`, "SELECT to_regclass('x')", "SELECT 'a=r/b'::aclitem", "SELECT makeaclitem(10, 10, 'SELECT', true)", "SELECT has_table_privilege('t', 'select')",
		"SELECT satisfies_hash_partition(16384, 1, 0, 1)", "SELECT obj_description(16384)", "SELECT pg_relation_size('t')", "SELECT version()", "SELECT current_database()", "SELECT txid_current()", "SELECT inet_server_addr()",
		"SELECT lastval()", "SELECT currval('t')", "SELECT setval('t', 1)", "SELECT table_to_xml('t', true, true, '')", "SELECT database_to_xml(true, true, '')",
		"CREATE DATABASE x", "ALTER DATABASE postgres SET x = 1", "ALTER SYSTEM SET x = 1", "CHECKPOINT", "CLUSTER t", "ANALYZE t", "REINDEX TABLE t", "CREATE MATERIALIZED VIEW x AS SELECT 1", "REFRESH MATERIALIZED VIEW x",
		"CREATE TEMP TABLE x (a int)", "CREATE TEMPORARY TABLE x (a int)", "CREATE LOCAL TEMP TABLE x (a int)", "CREATE GLOBAL TEMPORARY TABLE x (a int)", "CREATE TABLE pg_temp.x (a int)", "CREATE TEMP VIEW x AS SELECT 1", "CREATE UNLOGGED TABLE x (a int)", "ALTER TABLE t SET UNLOGGED",
		"CREATE TEMP SEQUENCE x", "SELECT 1 AS a INTO x", "SELECT 1 INTO TEMP x", "SELECT 1 INTO UNLOGGED x", "CREATE TABLE x (a int) TABLESPACE pg_global",
		// henge's own.
		"SELECT * FROM henge_member", `SELECT * FROM "henge_member"`, "UPDATE henge_state SET writes = 0", "ALTER TABLE t RENAME TO henge_t", "CREATE TABLE x (LIKE henge_kv)", "CREATE TABLE x (a bytea REFERENCES henge_kv)", "GRANT ALL ON t TO PUBLIC", "REVOKE ALL ON t FROM PUBLIC",
	}
}

// What would lead out is refused to the circle's owner too, and leaves nothing.
func TestWaysOut(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{})
	write(t, s, "other", "CREATE TABLE secret (a text)", "INSERT INTO secret VALUES ('marker')")
	write(t, s, "acme", "CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('x', 'y')")
	root := superuser(t, admin)
	place := placeOf(t, root, "acme")
	state := func() (text string) {
		require.NoError(t, root.QueryRow(t.Context(), `SELECT concat_ws(E'\n',
			(SELECT string_agg(n.nspname || '.' || c.relname || ' ' || c.relowner::regrole::text || c.relpersistence::text || coalesce(c.relacl::text, ''), ' ' ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname !~ '^pg_toast'),
			(SELECT string_agg(proname, ' ' ORDER BY oid) FROM pg_proc), (SELECT string_agg(nspname || nspacl::text, ' ' ORDER BY nspname) FROM pg_namespace),
			(SELECT string_agg(roleid || ' ' || member, ' ' ORDER BY 1) FROM pg_auth_members), (SELECT string_agg(rolname || rolsuper, ' ' ORDER BY 1) FROM pg_roles), (SELECT count(*) FROM pg_largeobject_metadata))`).Scan(&text))
		return text
	}
	before := state()
	for _, sql := range ways(placeOf(t, root, "other")) {
		tx := begin(t, s, "acme")
		_, err := do(tx, all, sql)
		var said *abi.Error
		require.ErrorAs(t, err, &said, sql)
		require.NotContains(t, said.Message, "marker", sql)
		// The session is still the circle's, whatever was tried.
		rows, err := do(tx, all, "SELECT CURRENT_USER::text, a FROM t")
		require.NoError(t, err, sql)
		require.Equal(t, [][]abi.Value{{{V: place}, {V: "x"}}}, rows.Rows, sql)
		_ = tx.Commit(t.Context(), nil)
		require.NoError(t, tx.Close(), sql)
	}
	require.Equal(t, before, state())
}

// Without the guard the server itself keeps circles apart: a role has nothing of
// another's, of henge's own or of the server's, and cannot become another one
// where set_config is taken from it as henge advises.
func TestPrivilegesAlone(t *testing.T) {
	at, admin := servers.Database(t)
	root := superuser(t, admin)
	withoutPublic(t, admin)
	s := open(t, at, postgres.Options{})
	write(t, s, "other", "CREATE TABLE secret (a text)", "INSERT INTO secret VALUES ('marker')")
	write(t, s, "acme", "CREATE TABLE t (a text)")
	place, other := placeOf(t, root, "acme"), placeOf(t, root, "other")
	conn, err := pgx.Connect(t.Context(), at)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, sql := range []string{
		"SELECT * FROM " + other + ".secret", "CREATE TABLE " + other + ".x (a int)", "DROP SCHEMA " + other + " CASCADE", "SELECT * FROM henge.circle", "CREATE TABLE henge.x (a int)",
		"SELECT * FROM " + place + ".henge_member", "UPDATE " + place + ".henge_state SET writes = 0", "DROP TABLE " + place + ".henge_kv", "ALTER TABLE " + place + ".henge_job OWNER TO " + place,
		"CREATE TABLE public.x (a int)", "CREATE SCHEMA x", "CREATE ROLE x", "GRANT " + other + " TO " + place, "ALTER TABLE " + place + ".t OWNER TO henge",
		"SELECT set_config('role', 'none', true)", "SELECT pg_read_file('/etc/passwd')", "COPY " + place + ".t FROM PROGRAM 'id'", "COPY " + place + ".t TO '/tmp/henge-was-here'", "SELECT * FROM pg_authid",
		"CREATE EXTENSION dblink", "SET temp_file_limit = -1", "ALTER ROLE " + place + " SUPERUSER",
	} {
		t.Run(sql, func(t *testing.T) {
			err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "SET LOCAL ROLE "+place)
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), sql)
				return err
			})
			require.ErrorContains(t, err, "SQLSTATE 42501", sql)
		})
	}
}

// Statements that people write pass the guard.
func TestOrdinaryStatements(t *testing.T) {
	at, _ := servers.Database(t)
	s := open(t, at, postgres.Options{})
	tx := begin(t, s, "acme")
	for _, sql := range []string{
		"CREATE TABLE IF NOT EXISTS people (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE, born DATE, at TIMESTAMP(3) DEFAULT now(), rate NUMERIC(10, 2) CHECK (rate >= 0), raw BYTEA, extra JSONB DEFAULT '{}')",
		"CREATE TABLE visits (id BIGINT GENERATED ALWAYS AS IDENTITY, person INT REFERENCES people (id) ON DELETE CASCADE, n INT DEFAULT 0, UNIQUE (person, n))",
		"CREATE UNIQUE INDEX by_name ON people (lower(name))", "CREATE INDEX ON visits USING btree (n DESC)",
		"INSERT INTO people (name, born, rate) VALUES ('Ann', '2000-01-31', 1.5), ('Bob', NULL, 2) ON CONFLICT (name) DO UPDATE SET rate = excluded.rate RETURNING id",
		"insert into visits(person,n) select id, generate_series(1, 3) from people", "UPDATE people SET extra = jsonb_build_object('a', rate) WHERE name LIKE 'A%'",
		"SELECT p.name, count(*) FILTER (WHERE v.n > 1), sum(v.n), avg(v.n), string_agg(v.n::text, ',' ORDER BY v.n) FROM people AS p LEFT JOIN visits v ON v.person = p.id GROUP BY p.name HAVING count(*) > 0 ORDER BY 1 LIMIT 10 OFFSET 0",
		"WITH x (a) AS (SELECT 1), y AS MATERIALIZED (SELECT * FROM x) SELECT * FROM x JOIN y USING (a)", "(SELECT 1) UNION ALL (SELECT 2)", "VALUES (1, 'a'), (2, 'b')", "TABLE people",
		"SELECT row_number() OVER (PARTITION BY person ORDER BY n), lag(n) OVER w FROM visits WINDOW w AS (ORDER BY id)", "SELECT coalesce(NULL, 1), nullif(1, 2), greatest(1, 2), CASE WHEN 1 IN (1, 2) THEN 'x' END",
		"SELECT extract(year FROM born), to_char(at, 'YYYY'), date_trunc('day', at), at + interval '1 day', CURRENT_TIMESTAMP FROM people", "SELECT substring('abc' FROM 2), trim(both ' ' from ' a '), position('a' in 'b'), upper('x') || left('abc', 2), 'it''s'",
		"SELECT extra -> 'a', extra ->> 'a', extra #>> '{a}', extra @> '{}' FROM people", "SELECT (ARRAY[1, 2, 3])[1:2], (ARRAY[1, 2])[1], unnest(ARRAY[1, 2])", "SELECT 'abc' ~ '^a', regexp_replace('abc', 'b', 'x')",
		"DELETE FROM visits USING people WHERE people.id = visits.person AND name = 'Bob'", "MERGE INTO visits v USING people p ON v.person = p.id WHEN MATCHED THEN UPDATE SET n = v.n + 10 WHEN NOT MATCHED THEN INSERT (person) VALUES (p.id)",
		"CREATE OR REPLACE VIEW adults AS SELECT id FROM people WHERE born < now()", "ALTER TABLE people ADD COLUMN note TEXT", "ALTER TABLE people ALTER COLUMN note SET DEFAULT 'x', ALTER COLUMN name TYPE TEXT", "ALTER TABLE visits RENAME TO calls",
		"WITH gone AS (DELETE FROM calls RETURNING n) SELECT count(*) FROM gone", "CREATE TABLE copied AS SELECT * FROM people", "TRUNCATE copied", "DROP VIEW adults", "DROP TABLE calls, copied CASCADE", "DROP INDEX IF EXISTS by_name", "SELECT gen_random_uuid(), random(), md5('x') -- the end",
	} {
		_, err := do(tx, all, sql)
		require.NoError(t, err, sql)
	}
	require.NoError(t, tx.Commit(t.Context(), nil))
}

// Values of the server's types come as the few that there are.
func TestTypes(t *testing.T) {
	at, _ := servers.Database(t)
	tx := begin(t, open(t, at, postgres.Options{}), "acme")
	rows, err := do(tx, all, "SELECT true, 1::smallint, 2::bigint, 1.5::real, 1.25::numeric, 3::numeric, '\\x00ff'::bytea, 'x'::varchar, '2020-01-02'::date, '[1, 2]'::jsonb, NULL::int, '1e400'::numeric / 3 > 1")
	require.NoError(t, err)
	var got []any
	for _, v := range rows.Rows[0] {
		got = append(got, v.V)
	}
	require.Equal(t, []any{true, int64(1), int64(2), 1.5, 1.25, int64(3), []byte{0, 255}, "x", "2020-01-02", "[1, 2]", nil, true}, got)

	_, err = do(tx, all, "CREATE TABLE t (a int, b text, c bytea, d boolean, e double precision, f numeric)")
	require.NoError(t, err)
	for _, args := range [][]any{
		{int64(1), "x", []byte{0, 255}, true, 1.5, 2.5}, {1.0, int64(5), "bytes", int64(1), int64(2), int64(3)}, {"7", 1.5, nil, "false", "2.5", "1e3"}, {true, true, []byte{}, false, false, true},
	} {
		_, err := do(tx, all, "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", args...)
		require.NoError(t, err, args)
	}
	for _, args := range [][]any{{"x", nil}, {1.5, nil}, {nil, "\x00"}, {nil, []byte("x")}, {int64(1) << 40, nil}} {
		_, err := do(tx, all, "INSERT INTO t (a, b) VALUES (?, ?)", args...)
		var said *abi.Error
		require.ErrorAs(t, err, &said, args)
		require.Equal(t, abi.InvalidArgument, said.Code, args)
	}
}

func plain(rows [][]abi.Value) (out [][]any) {
	for _, row := range rows {
		var values []any
		for _, v := range row {
			values = append(values, v.V)
		}
		out = append(out, values)
	}
	return out
}
