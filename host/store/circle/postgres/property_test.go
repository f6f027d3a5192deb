package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
)

// Whatever a statement is put together from, no call gets through that the
// guard does not allow, and nothing of another circle comes back: a call that is
// made gives the canary back, or leaves it in the session.
func TestNothingHides(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{MaxOpen: 1})
	const marker = "what the other circle hides"
	write(t, s, "other", "CREATE TABLE secret (a text)", "INSERT INTO secret VALUES ('"+marker+"')")
	write(t, s, "acme", "CREATE TABLE t (a text)", "INSERT INTO t VALUES ('x')")
	root := superuser(t, admin)
	place := placeOf(t, root, "other")
	calls := []string{
		"set_config('application_name', 'canary', false)", "(SELECT max(a) FROM " + place + ".secret)", "query_to_xml('SELECT set_config(''application_name'', ''canary'', false)', true, true, '')",
		`"set_config"('application_name', 'canary', false)`, "SET_CONFIG ('application_name', 'canary', false)", "pg_catalog.set_config('application_name', 'canary', false)",
	}
	// What begins or ends a text, a name or a comment, for us or for the server.
	pieces := []string{
		"'", "''", `"`, `""`, "E'", "e'", "\\", "\\'", "$$", "$a$", "$1", "?", ":a", "::text", "/*", "*/", "--", "--\n", "\n", "\r", "\f", "\v", "U&'", `U&"`, "UESCAPE '!'", "x'", "n'", "b'", "B'", "N'", "X'",
		"a", "1", "1e", "1_0", "0x1", ".", ",", "(", ")", "+", "-", "@-", "/", "*", "||", ";", " ", "\t", "\u00a0", "\u2028", "é", "SELECT", "FROM t", "AS", "a.b", "_", "e", "u&", "&", "[1]", "{", "`",
	}
	tried := func(r *rapid.T) {
		var sql strings.Builder
		sql.WriteString(rapid.SampledFrom([]string{"SELECT ", "SELECT 1, ", "VALUES (1), (", "INSERT INTO t SELECT ", "WITH x AS (SELECT 1) SELECT ", ""}).Draw(r, "begin"))
		for range rapid.IntRange(0, 4).Draw(r, "before") {
			sql.WriteString(rapid.SampledFrom(pieces).Draw(r, "piece"))
		}
		sql.WriteString(rapid.SampledFrom(calls).Draw(r, "call"))
		for range rapid.IntRange(0, 4).Draw(r, "after") {
			sql.WriteString(rapid.SampledFrom(pieces).Draw(r, "piece"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		tx, err := s.Begin(ctx, &job.Job{Circle: "acme"}, false)
		require.NoError(r, err)
		defer tx.Close() // also when this fails
		rows, err := tx.Query(ctx, circle.Statement{SQL: sql.String(), Access: all}, 0)
		if err != nil {
			var said *abi.Error
			require.True(r, errors.As(err, &said), "%q: %v", sql.String(), err)
		}
		for _, row := range plain(rows.Rows) {
			for _, v := range row {
				if text, ok := v.(string); ok {
					require.NotContains(r, text, marker, sql.String())
					require.NotEqual(r, "canary", text, sql.String())
				}
			}
		}
		_ = tx.Commit(ctx, nil)
		require.NoError(r, tx.Close())
		var canaries int
		require.NoError(r, root.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'canary'").Scan(&canaries))
		require.Zero(r, canaries, sql.String())
	}
	for range 20 { // most are refused at once
		rapid.Check(t, tried)
	}
}
