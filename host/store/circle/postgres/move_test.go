package postgres_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
)

// rich is a circle with something of all that there can be.
var rich = []string{
	"CREATE SEQUENCE numbers START 5 INCREMENT 3",
	`CREATE TABLE people (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE, "Odd ""name" TEXT COLLATE "C" DEFAULT 'it''s \n', rate NUMERIC(10, 2) CHECK (rate >= 0), raw BYTEA, extra JSONB, twice NUMERIC GENERATED ALWAYS AS (rate * 2) STORED, tags TEXT[])`,
	"CREATE TABLE visits (id BIGINT GENERATED ALWAYS AS IDENTITY, person INT REFERENCES people (id) ON DELETE CASCADE, n INT DEFAULT nextval('numbers'))",
	"CREATE UNIQUE INDEX by_name ON people (lower(name)) WHERE rate > 1", "CREATE INDEX ON visits (person, n DESC)",
	`INSERT INTO people (name, "Odd ""name", rate, raw, extra, tags) VALUES ('Ann', 'a	b\\.', 1.5, '\x00ff', '{"a": [1]}', ARRAY['x', NULL]), ('Bob', NULL, NULL, NULL, NULL, NULL)`,
	"INSERT INTO visits (person) SELECT 1 FROM generate_series(1, 10)",
	"CREATE VIEW inner_one AS SELECT name, rate FROM people WHERE rate > 0", "CREATE VIEW outer_one (who, day) AS SELECT name, date_trunc('day', now()) FROM inner_one JOIN visits ON true",
	"CREATE TABLE empty ()",
}

func TestMove(t *testing.T) {
	at, _ := servers.Database(t)
	s := open(t, at, postgres.Options{})
	write(t, s, "acme", rich...)
	tx, err := s.Begin(t.Context(), &job.Job{ID: "j", Circle: "acme", Dialect: "hero", Queue: "q", Run: 1, Attempt: 2}, true)
	require.NoError(t, err)
	require.NoError(t, tx.Set(t.Context(), []byte("\x00k"), []byte("\xffv"), time.Time{}))
	require.NoError(t, tx.Set(t.Context(), []byte("empty"), nil, time.Now().Add(time.Hour)))
	require.NoError(t, tx.SetMember(t.Context(), "bob", "admin"))
	require.NoError(t, tx.Publish(t.Context(), circle.KindTable, "people"))
	require.NoError(t, tx.Commit(t.Context(), &job.Result{End: job.Success, Output: []byte("out")}))
	require.NoError(t, tx.Close())

	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	require.NoError(t, s.Export(t.Context(), "acme", first))
	require.ErrorIs(t, s.Export(t.Context(), "acme", first), os.ErrExist)
	require.ErrorIs(t, s.Export(t.Context(), "nobody", second), os.ErrNotExist)

	elsewhere, _ := servers.Database(t)
	other := open(t, elsewhere, postgres.Options{})
	require.NoError(t, other.Import(t.Context(), "copy", first, false))
	require.ErrorIs(t, other.Import(t.Context(), "copy", first, false), circle.ErrExists)
	require.NoError(t, other.Import(t.Context(), "copy", first, true))
	require.NoError(t, other.Export(t.Context(), "copy", second))
	a, err := os.ReadFile(first)
	require.NoError(t, err)
	b, err := os.ReadFile(second)
	require.NoError(t, err)
	require.ElementsMatch(t, strings.Split(string(a), "\n"), strings.Split(string(b), "\n"))
	r, err := other.Recall(t.Context(), &job.Job{ID: "j", Circle: "copy", Dialect: "hero", Queue: "q", Run: 1, Attempt: 3})
	require.NoError(t, err)
	require.Equal(t, "out", string(r.Output))
	write(t, other, "copy", "INSERT INTO people (name) VALUES ('Eve')", "INSERT INTO visits (person) VALUES (3)")
	look := begin(t, other, "copy")
	rows, err := do(look, all, "SELECT max(p.id), max(v.id), max(n) FROM people p, visits v")
	require.NoError(t, err)
	require.NoError(t, look.Close())
	require.Equal(t, "[[3 11 35]]", fmt.Sprint(plain(rows.Rows)), "sequences go on where they were")

	require.NoError(t, other.Remove(t.Context(), "copy"))
	require.NoError(t, other.Remove(t.Context(), "copy"))
	names, err := other.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	write(t, other, "copy", "CREATE TABLE people (a int)")
}

// A database that jobs have open is not removed under them, and those that other
// workers remember are begun anew.
func TestRemoveWhileInUse(t *testing.T) {
	at, _ := servers.Database(t)
	s, other := open(t, at, postgres.Options{}), open(t, at, postgres.Options{})
	write(t, s, "acme", "CREATE TABLE t (a int)")
	write(t, other, "acme", "INSERT INTO t VALUES (1)")
	tx := begin(t, other, "acme")
	_, err := do(tx, all, "INSERT INTO t VALUES (2)")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Remove(ctx, "acme"), circle.ErrInUse)
	require.NoError(t, tx.Commit(t.Context(), nil))
	require.NoError(t, tx.Close())
	require.NoError(t, s.Remove(t.Context(), "acme"))
	role, err := other.Role(t.Context(), "acme", "bob")
	require.NoError(t, err)
	require.Empty(t, role)
	write(t, other, "acme", "CREATE TABLE t (b text)")
	write(t, s, "acme", "INSERT INTO t VALUES ('x')")
}

func TestForgedBackup(t *testing.T) {
	at, admin := servers.Database(t)
	s := open(t, at, postgres.Options{MaxBytes: 1 << 20})
	write(t, s, "other", "CREATE TABLE secret (a text)")
	place := placeOf(t, superuser(t, admin), "other")
	rows := func(table, column, data string) string {
		return fmt.Sprintf(`{"rows":{"table":%q,"columns":[%q],"data":%q}}`, table, column, base64.StdEncoding.EncodeToString([]byte(data)))
	}
	for name, text := range map[string]string{
		"empty":                  ``,
		"something else":         `{"a":1}`,
		"a later version":        `{"henge_postgres":99}{"end":true}`,
		"cut off":                `{"henge_postgres":1}`,
		"a role":                 `{"henge_postgres":1}{"do":"SET ROLE NONE"}{"end":true}`,
		"a function":             `{"henge_postgres":1}{"do":"CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'"}{"end":true}`,
		"two statements":         `{"henge_postgres":1}{"do":"CREATE TABLE t (a int); RESET ROLE"}{"end":true}`,
		"a view of others":       `{"henge_postgres":1}{"later":"CREATE VIEW v AS SELECT * FROM ` + place + `.secret"}{"end":true}`,
		"rows of henge's own":    `{"henge_postgres":1}` + rows("henge_member", "role", "admin\n") + `{"end":true}`,
		"rows of others":         `{"henge_postgres":1}` + rows(place+".secret", "a", "x\n") + `{"end":true}`,
		"rows as a program":      `{"henge_postgres":1}{"do":"CREATE TABLE t (a text)"}` + rows(`t" FROM PROGRAM 'id' --`, "a", "x\n") + `{"end":true}`,
		"a column as a way out":  `{"henge_postgres":1}{"do":"CREATE TABLE t (a text)"}` + rows("t", `a") FROM PROGRAM 'id' --`, "x\n") + `{"end":true}`,
		"a counter of others":    `{"henge_postgres":1}{"counter":{"sequence":"x.y","last":1}}{"end":true}`,
		"a member with a path":   `{"henge_postgres":1}{"member":{"caller":"../x","role":"admin"}}{"end":true}`,
		"a long key":             `{"henge_postgres":1}{"kv":{"key":"` + strings.Repeat("aaaa", 1000) + `","value":""}}{"end":true}`,
		"more than there may be": `{"henge_postgres":1}{"do":"CREATE TABLE t AS SELECT repeat(md5(i::text), 10) FROM generate_series(1, 10000) i"}{"end":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "forged")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			require.Error(t, s.Import(t.Context(), "forged", file, false))
			_, found, err := s.Find(t.Context(), "forged")
			require.NoError(t, err)
			require.False(t, found, "nothing of it stays")
		})
	}
}
