package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localpostgres/postgrestest"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
)

// A database that is full says so, keeps what it had, and lets data be deleted.
func TestFullDatabase(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{MaxBytes: 2 << 20})
	write(t, s, "acme", "CREATE TABLE t (a text)")
	const filling = "INSERT INTO t SELECT string_agg(md5(i::text || random()), '') FROM generate_series(1, 20000) i"
	full := func(err error) {
		t.Helper()
		var said *abi.Error
		require.ErrorAs(t, err, &said)
		require.Equal(t, abi.TooLarge, said.Code, said.Message)
		require.Contains(t, said.Message, "2097152 bytes")
	}
	tx := begin(t, s, "acme")
	var err error
	for err == nil {
		_, err = do(tx, all, filling)
	}
	full(err)
	require.NoError(t, tx.Commit(t.Context(), nil), "what there was room for")
	require.NoError(t, tx.Close())
	tx = begin(t, s, "acme")
	err = nil
	for i := 0; err == nil; i++ {
		err = tx.Set(t.Context(), fmt.Append(nil, i), []byte(random(t, superuser(t, admin), 1<<20)), time.Time{})
		require.Less(t, i, 20)
	}
	full(err)
	require.NoError(t, tx.Close())
	tx = begin(t, s, "acme")
	_, err = do(tx, all, filling)
	full(err)
	require.NoError(t, tx.Close())
	write(t, s, "acme", "DELETE FROM t WHERE a = ''", "TRUNCATE t")
	// What was taken back is there until the server cleans up, which it does by
	// itself some time later.
	_, err = superuser(t, admin).Exec(t.Context(), "VACUUM")
	require.NoError(t, err)
	write(t, s, "acme", "INSERT INTO t VALUES ('a')")
}

// The catalogs and the locks are shared by all circles, so one has not very many
// tables.
func TestManyTables(t *testing.T) {
	at, _ := servers.Database(t)
	s := open(t, at, postgres.Options{})
	tx := begin(t, s, "acme")
	var err error
	for i := 0; err == nil && i < 200; i++ {
		_, err = do(tx, all, fmt.Sprint("CREATE TABLE many", i, " (a int UNIQUE, b int UNIQUE, c int UNIQUE, d int UNIQUE, e int UNIQUE, f int UNIQUE, g int UNIQUE)"))
	}
	require.ErrorContains(t, err, "500")
}

// random returns text that cannot be made shorter.
func random(t testing.TB, conn *pgx.Conn, n int) (text string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT string_agg(md5(random()::text), '') FROM generate_series(1, $1)", n/32).Scan(&text))
	return text
}

// A row that is too long does not come into our memory.
func TestLongRow(t *testing.T) {
	at, _ := servers.Database(t)
	s := open(t, at, postgres.Options{})
	for _, sql := range []string{"SELECT repeat('x', 20000000)", "SELECT repeat('x', 10000000)", "SELECT repeat('x', 1000000) FROM generate_series(1, 10000)"} {
		_, err := do(begin(t, s, "acme"), all, sql)
		var said *abi.Error
		require.ErrorAs(t, err, &said, sql)
		require.Equal(t, abi.TooLarge, said.Code, said.Message)
	}
	_, err := do(begin(t, s, "acme"), all, "SELECT 1")
	require.NoError(t, err)
}

// Jobs of any number of circles share few connections, which are closed when
// nobody uses them.
func TestManyCircles(t *testing.T) {
	at, admin := servers.Database(t)
	const most = 3
	s := open(t, at, postgres.Options{MaxOpen: most, Idle: 200 * time.Millisecond})
	root := superuser(t, admin)
	connections := func() (n int) {
		require.NoError(t, root.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'henge'").Scan(&n))
		return n
	}
	highest := 0
	for i := range *circles {
		tx := begin(t, s, fmt.Sprint("c", i))
		require.NoError(t, tx.Set(t.Context(), []byte("k"), []byte("v"), time.Time{}))
		require.NoError(t, tx.Commit(t.Context(), nil))
		require.NoError(t, tx.Close())
		highest = max(highest, connections())
	}
	require.LessOrEqual(t, highest, most+4)
	names, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, names, *circles)
	require.Eventually(t, func() bool { return connections() == 0 }, time.Minute, 10*time.Millisecond, "idle ones are closed")
	t.Logf("%d circles: at most %d connections", *circles, highest)
}

// A statement ends on the server too when its job's time is over, and the
// connection is given back.
func TestDeadlineEndsOnTheServer(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{MaxOpen: 1})
	root := superuser(t, admin)
	tx := begin(t, s, "acme")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := tx.Query(ctx, circle.Statement{SQL: "SELECT count(*) FROM generate_series(1, 1000000000000)", Access: all}, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, tx.Close())
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, root.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = 'henge' AND datname = current_database() AND state = 'active'").Scan(&n))
		return n == 0
	}, 10*time.Second, 10*time.Millisecond)
	_, err = do(begin(t, s, "acme"), all, "SELECT 1")
	require.NoError(t, err)
}

// A superuser, and a user who cannot make roles, are refused with what to do.
func TestUsersThatWillNotDo(t *testing.T) {
	at, admin := servers.Database(t)
	_, err := postgres.Open(t.Context(), admin, postgres.Options{})
	require.ErrorContains(t, err, "CREATE ROLE henge LOGIN CREATEROLE")
	_, err = superuser(t, admin).Exec(t.Context(), "GRANT CREATE ON SCHEMA public TO PUBLIC")
	require.NoError(t, err)
	_, err = postgres.Open(t.Context(), at, postgres.Options{})
	require.ErrorContains(t, err, "REVOKE CREATE ON SCHEMA public")
	_, err = superuser(t, admin).Exec(t.Context(), "CREATE ROLE plain LOGIN")
	require.NoError(t, err)
	u, err := url.Parse(admin)
	require.NoError(t, err)
	q := u.Query()
	q.Set("user", "plain")
	u.RawQuery = q.Encode()
	_, err = postgres.Open(t.Context(), u.String(), postgres.Options{})
	require.ErrorContains(t, err, "CREATEROLE")
}

// Who changes or empties a table does not wait for those who have read it, and
// they are told when they read on: what they saw is not there any more.
func TestTablesThatChange(t *testing.T) {
	at, _ := servers.Database(t)
	s := open(t, at, postgres.Options{})
	write(t, s, "acme", "CREATE TABLE t (a int)", "CREATE TABLE u (a int)", "INSERT INTO t VALUES (1)")
	for _, sql := range []string{"TRUNCATE t", "ALTER TABLE t ALTER COLUMN a TYPE text", "DROP TABLE t"} {
		reader, late := begin(t, s, "acme"), begin(t, s, "acme")
		_, err := do(reader, all, "SELECT * FROM u")
		require.NoError(t, err)
		_, err = late.Role(t.Context(), "bob")
		require.NoError(t, err, "which is its first read")
		write(t, s, "acme", "CREATE TABLE IF NOT EXISTS v (a int)", "INSERT INTO u VALUES (1)")
		rows, err := do(reader, all, "SELECT * FROM u")
		require.NoError(t, err)
		require.Empty(t, rows.Rows, "rows that came are not seen")
		write(t, s, "acme", sql)
		for _, tx := range []circle.Tx{reader, late} {
			_, err = do(tx, all, "SELECT * FROM u")
			require.ErrorIs(t, err, circle.ErrConflict, sql)
			_, err = do(tx, all, "INSERT INTO u VALUES (1)")
			require.ErrorIs(t, err, circle.ErrConflict, sql)
			require.NoError(t, tx.Close())
		}
		write(t, s, "acme", "DELETE FROM u")
	}
}

// A server that is gone is something that a script may wait for, and no fault of
// its own.
func TestServerThatIsGone(t *testing.T) {
	var own postgrestest.Servers
	at, _ := own.Database(t)
	s := open(t, at, postgres.Options{})
	write(t, s, "acme", "CREATE TABLE t (a int)")
	tx := begin(t, s, "acme")
	require.NoError(t, own.Close())
	_, err := do(tx, all, "SELECT * FROM t")
	require.Error(t, err)
	require.NoError(t, tx.Close())
	_, err = s.Begin(t.Context(), &job.Job{Circle: "acme"}, false)
	var said *abi.Error
	require.ErrorAs(t, err, &said)
	require.Equal(t, abi.Unavailable, said.Code)
	require.NotContains(t, said.Message, "sock")
}

// A server that is started anew has ended all connections, of which those that
// were used a moment ago are not looked at before they are used again.
func TestConnectionsThatWereCut(t *testing.T) {
	at, admin := servers.Database(t)
	const most = 4
	s := open(t, at, postgres.Options{MaxOpen: most})
	root := superuser(t, admin)
	for range 5 {
		var open []circle.Tx
		for range most {
			open = append(open, begin(t, s, "acme"))
		}
		for _, tx := range open {
			require.NoError(t, tx.Close())
		}
		_, err := root.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND query LIKE '%DISCARD ALL%'", root.Config().Database)
		require.NoError(t, err)
		write(t, s, "acme", "CREATE TABLE IF NOT EXISTS t (a text)")
	}
}
