package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// BenchmarkStores compares both kinds of databases: a statement within a
// transaction, and a whole job that writes a row and commits with its result.
// PostgreSQL does not wait for its disk here, and SQLite does.
func BenchmarkStores(b *testing.B) {
	at, _ := servers.Database(b)
	files, err := sqlite.Open(b.TempDir(), sqlite.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, files.Close()) })
	for _, s := range []struct {
		name  string
		store circle.Store
	}{{"postgres", open(b, at, postgres.Options{})}, {"sqlite", files}} {
		exec := func(b *testing.B, tx circle.Tx, sql string) {
			_, err := tx.Query(b.Context(), circle.Statement{SQL: sql, Access: all}, 0)
			require.NoError(b, err)
		}
		begin := func(b *testing.B) circle.Tx {
			tx, err := s.store.Begin(b.Context(), &job.Job{ID: "j", Circle: "acme"}, true)
			require.NoError(b, err)
			return tx
		}
		tx := begin(b)
		exec(b, tx, "CREATE TABLE t (a INTEGER)")
		require.NoError(b, tx.Commit(b.Context(), nil))
		require.NoError(b, tx.Close())
		b.Run("select/"+s.name, func(b *testing.B) {
			tx := begin(b)
			defer tx.Close()
			for b.Loop() {
				exec(b, tx, "SELECT 1")
			}
		})
		b.Run("job/"+s.name, func(b *testing.B) {
			for b.Loop() {
				tx := begin(b)
				exec(b, tx, "INSERT INTO t VALUES (1)")
				require.NoError(b, tx.Commit(b.Context(), nil))
				require.NoError(b, tx.Close())
			}
		})
	}
}
