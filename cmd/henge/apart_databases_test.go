package main

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// databases are a kind of databases that two circles have on one worker.
type databases struct {
	circle.Keeper

	// schema is all that there is in a circle's database beside its rows.
	schema func(t require.TestingT, circle string) string

	// statements try to leave it. In each % stands for a name.
	statements []string

	// names are those of things of a circle, made of where its database is.
	names func(place string) []string
}

// place makes a circle's database and returns where it is.
func (d databases) place(t testing.TB, name string) string {
	t.Helper()
	tx, err := d.Begin(t.Context(), &job.Job{Circle: name}, true)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	kept, found, err := d.Find(t.Context(), name)
	require.NoError(t, err)
	require.True(t, found, name)
	return kept.Place
}

// anyDatabase are the statements that both kinds know.
var anyDatabase = []string{
	"SELECT * FROM %", `SELECT * FROM "%"`, "SELECT '%'", "CREATE TABLE IF NOT EXISTS % (a text)", "INSERT INTO % VALUES (1)", "DELETE FROM %", "DROP TABLE %", "UPDATE % SET a = 1", "%",
	"CREATE VIEW v AS SELECT * FROM %", "CREATE TEMP VIEW v AS SELECT * FROM %",
}

func inSQLite(t *testing.T) databases {
	dir := t.TempDir()
	s, err := sqlite.Open(dir, sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return databases{
		Keeper: s,
		schema: func(t require.TestingT, name string) string {
			tx, err := s.Begin(context.Background(), &job.Job{Circle: name}, false)
			require.NoError(t, err)
			defer tx.Close()
			rows, err := tx.Query(context.Background(), circle.Statement{SQL: "SELECT name, sql FROM sqlite_schema ORDER BY name", Access: circle.Access{Read: true}}, 0)
			require.NoError(t, err)
			return fmt.Sprint(rows.Rows)
		},
		statements: append([]string{
			"ATTACH '%' AS o", "ATTACH DATABASE ? AS o", "SELECT * FROM pragma_database_list", "VACUUM INTO '%'", "PRAGMA %", "PRAGMA temp_store_directory = '%'", "SELECT readfile('%')",
			"SELECT writefile('%', 'x')", "SELECT load_extension('%')", "CREATE VIRTUAL TABLE x USING %", "DETACH main",
		}, anyDatabase...),
		names: func(file string) []string {
			return []string{file, filepath.Base(file), "../" + filepath.Base(file), "file:" + file + "?mode=rw", "'; ATTACH '" + file + "' AS o; --"}
		},
	}
}

func inPostgres(t *testing.T) databases {
	servers := &postgrestest.Servers{}
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	url, admin := servers.Database(t)
	s, err := postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	root, err := pgx.Connect(t.Context(), admin)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, root.Close(context.Background())) })
	return databases{
		Keeper: s,
		schema: func(t require.TestingT, name string) (text string) {
			require.NoError(t, root.QueryRow(context.Background(), `
				SELECT concat_ws(E'\n', n.nspacl::text, (SELECT count(*) FROM pg_largeobject_metadata), (SELECT string_agg(roleid::regrole || ' ' || member::regrole, ' ' ORDER BY 1) FROM pg_auth_members),
					(SELECT string_agg(concat_ws(' ', c.relname, c.relkind, c.relowner::regrole, c.relacl, (SELECT string_agg(a.attname || ' ' || a.atttypid || coalesce(a.attacl::text, ''), ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)), E'\n' ORDER BY c.relname)
						FROM pg_class c WHERE c.relnamespace = n.oid))
				FROM pg_namespace n JOIN henge.circle k ON k.place = n.nspname WHERE k.name = $1`, name).Scan(&text))
			return text
		},
		statements: append([]string{
			"SELECT * FROM %.secret", "INSERT INTO %.secret VALUES ('x')", "TRUNCATE %.secret", "CREATE TABLE x (LIKE %.secret INCLUDING ALL)", "CREATE TABLE %.x (a int)", "ALTER TABLE secret SET SCHEMA %",
			"DROP SCHEMA % CASCADE", "SELECT query_to_xml('SELECT * FROM %.secret', true, true, '')", "SELECT table_to_xml('%.secret', true, true, '')", "SELECT '%.secret'::regclass", "SELECT nextval('%.henge_models')",
			"SET ROLE %", "SET LOCAL ROLE %", "RESET ROLE", "SET SESSION AUTHORIZATION %", "SELECT set_config('role', '%', true)", "SELECT set_config('search_path', '%', false)", "SET search_path = %",
			"GRANT % TO CURRENT_USER", "ALTER ROLE % SUPERUSER", "ALTER TABLE secret OWNER TO %", "REASSIGN OWNED BY % TO CURRENT_USER", "DROP OWNED BY %",
			"DO 'BEGIN EXECUTE ''RESET ROLE''; END'", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "COPY % TO STDOUT", "COPY %.secret TO PROGRAM 'cat'", "SELECT pg_read_file('%')", "SELECT lo_get(1)",
			"LISTEN %", "NOTIFY x, '%'", "SELECT pg_advisory_lock(1)", "SELECT * FROM pg_stat_activity", "SELECT * FROM pg_class WHERE relname = '%'", "LOCK TABLE %.henge_state",
		}, anyDatabase...),
		names: func(schema string) []string {
			return []string{schema, schema + ".secret", schema + ".henge_kv", `"` + schema + `"."secret"`, "henge", "henge.circle", "'; RESET ROLE; --", "x') FROM " + schema + ".secret --"}
		},
	}
}
