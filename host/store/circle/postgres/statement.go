package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// longestStatement is how long a statement may be, in bytes.
const longestStatement = 256 << 10

// Query implements circle.Tx.
func (t *tx) Query(ctx context.Context, s circle.Statement, maxRows int) (abi.Rows, error) {
	if maxRows <= 0 || maxRows > circle.MaxRows {
		maxRows = circle.MaxRows
	}
	r := &reply{most: maxRows, rows: abi.Rows{Columns: []string{}, Rows: [][]abi.Value{}}}
	if _, err := t.guest(ctx, s, r); err != nil {
		return abi.Rows{}, err
	}
	return r.rows, nil
}

// Exec implements circle.Tx. There is no last id: RETURNING tells it.
func (t *tx) Exec(ctx context.Context, s circle.Statement) (abi.Changes, error) {
	n, err := t.guest(ctx, s, &reply{})
	return abi.Changes{Changes: n}, err
}

// reply are the rows that a statement gives, up to a number.
type reply struct {
	most  int
	rows  abi.Rows
	size  int
	named bool
}

// take adds the rows that the server sends. Those that are too many are read and
// dropped, since the connection goes on behind them.
func (r *reply) take(from *pgconn.ResultReader) (pgconn.CommandTag, error) {
	if !r.named && r.most > 0 {
		r.named = true
		for _, f := range from.FieldDescriptions() {
			r.rows.Columns = append(r.rows.Columns, f.Name)
		}
	}
	var failed error
	for from.NextRow() {
		switch {
		case failed != nil || r.most == 0:
			continue
		case len(r.rows.Rows) == r.most:
			r.rows.More = true
			continue
		}
		row := make([]abi.Value, len(from.Values()))
		for i, b := range from.Values() {
			v, n, err := value(from.FieldDescriptions()[i], b)
			if err != nil {
				failed = err
			}
			row[i] = v
			r.size += n
		}
		if r.size > circle.MaxReply {
			failed = refusal(abi.TooLarge, "the rows have more than %d bytes; ask for fewer, with LIMIT or max_rows", circle.MaxReply)
		}
		r.rows.Rows = append(r.rows.Rows, row)
	}
	tag, err := from.Close()
	if err == nil {
		err = failed
	}
	return tag, err
}

// guest carries out a script's statement, in the role of its circle, and
// returns how many rows it has changed. What fails takes back itself alone.
func (t *tx) guest(ctx context.Context, s circle.Statement, r *reply) (int64, error) {
	if t.broken != nil {
		return 0, t.broken
	}
	if len(s.SQL) > longestStatement {
		return 0, refusal(abi.TooLarge, "the statement is too long: it has at most %d bytes", longestStatement)
	}
	seen, err := t.store.guard.look(s.SQL, s.Access)
	if err != nil {
		return 0, err
	}
	if t.raw().ParameterStatus("standard_conforming_strings") != "on" {
		return 0, errors.New("the server reads strings otherwise than it was told to")
	}
	return t.carryOut(ctx, seen, s, r)
}

// carryOut carries out a statement that was looked at.
func (t *tx) carryOut(ctx context.Context, seen *looked, s circle.Statement, r *reply) (int64, error) {
	if !seen.writes {
		return 0, t.settled(ctx, t.read(ctx, seen, s, r), &s.Access)
	}
	err := t.write(ctx)
	// What a statement has written that failed takes room until the server has
	// cleaned up, and must not be added to again and again.
	if err == nil && t.before > 2*t.store.opts.MaxBytes && !seen.frees {
		err = t.full()
	}
	var changed int64
	if err == nil {
		changed, err = t.change(ctx, seen, s, r)
	}
	return changed, t.settled(ctx, err, &s.Access)
}

// firstPage is how many rows are asked for at first, and lastPage at the end:
// some may be long, and then they were asked for in vain.
const firstPage, lastPage = 32, 1024

// read carries out a statement that changes nothing, which the server sees to.
// It goes through a cursor, so that one with very many rows ends where they are
// enough.
func (t *tx) read(ctx context.Context, seen *looked, s circle.Statement, r *reply) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	err := t.simple(ctx, at(t.place, savepoint+"; SET TRANSACTION READ ONLY; SET LOCAL ROLE {place}"))
	if err != nil {
		return err
	}
	err = t.fetch(ctx, seen, s, r)
	if t.raw().IsClosed() {
		return err
	}
	return errors.Join(err, t.simple(ctx, undo))
}

func (t *tx) fetch(ctx context.Context, seen *looked, s circle.Statement, r *reply) error {
	if _, err := t.run(ctx, "DECLARE henge_cursor NO SCROLL CURSOR FOR "+seen.sql, seen, s, &reply{}); err != nil {
		return err
	}
	if err := t.opened(ctx, s.Access); err != nil {
		return err
	}
	for page := firstPage; ; page = min(2*page, lastPage) {
		ask := page
		if r.most > 0 {
			ask = min(page, r.most+1-len(r.rows.Rows))
		}
		got, err := r.take(t.raw().ExecParams(ctx, fmt.Sprintf("FETCH %d FROM henge_cursor", ask), nil, nil, nil, nil))
		if err != nil || r.rows.More || got.RowsAffected() < int64(ask) {
			return err
		}
	}
}

// change carries out a statement that may write.
func (t *tx) change(ctx context.Context, seen *looked, s circle.Statement, r *reply) (int64, error) {
	if err := t.simple(ctx, at(t.place, savepoint+"; SET LOCAL ROLE {place}")); err != nil {
		return 0, err
	}
	t.altered = t.altered || seen.models
	done, err := t.run(ctx, seen.sql, seen, s, r)
	if err == nil {
		if err = t.simple(ctx, "SET LOCAL ROLE NONE"); err == nil {
			err = t.checkSize(ctx)
		}
	}
	if err != nil {
		if t.raw().IsClosed() {
			return 0, err
		}
		return 0, errors.Join(explain(ctx, err, &s.Access), t.simple(ctx, undo))
	}
	if err := t.simple(ctx, keep); err != nil {
		return 0, err
	}
	if !seen.counts {
		return 0, nil
	}
	return done.RowsAffected(), nil
}

// run has the server look at a statement, which tells the types of its
// parameters, and carry it out with them. There is one statement in it and no
// more: the server takes no other this way.
func (t *tx) run(ctx context.Context, sql string, seen *looked, s circle.Statement, r *reply) (pgconn.CommandTag, error) {
	if len(seen.names) == 0 { // nothing to be told
		if _, err := bind(nil, nil, s.Args.V); err != nil {
			return pgconn.CommandTag{}, err
		}
		return r.take(t.raw().ExecParams(ctx, sql, nil, nil, nil, nil))
	}
	described, err := t.raw().Prepare(ctx, "", sql, nil)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	p, err := bind(seen.names, described.ParamOIDs, s.Args.V)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return r.take(t.raw().ExecPrepared(ctx, "", p.values, p.formats, nil))
}

// opened looks at the statement that was opened, whose tables are locked. None of
// its rows was made yet.
func (t *tx) opened(ctx context.Context, access circle.Access) error {
	if t.writes && access.Read {
		return nil
	}
	if err := t.simple(ctx, "SET LOCAL ROLE NONE"); err != nil {
		return err
	}
	if err := t.unchanged(ctx); err != nil {
		return err
	}
	if !access.Read {
		if err := t.onlyListed(ctx, access.Tables); err != nil {
			return err
		}
	}
	return t.simple(ctx, at(t.place, "SET LOCAL ROLE {place}"))
}

// onlyListed says whether the statement that was opened would read other tables
// than these. The server has locked each, also those behind a view and those
// that it will not look into.
func (t *tx) onlyListed(ctx context.Context, tables []string) error {
	names := []string{}
	for _, name := range tables {
		names = append(names, strings.ToLower(name))
	}
	var others int64
	err := t.conn.QueryRow(ctx, `
		SELECT count(*) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
		WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
			AND c.relkind NOT IN ('i', 'I', 't') AND c.relnamespace <> 'pg_catalog'::regnamespace
			AND NOT (c.relnamespace = to_regnamespace($1) AND (lower(c.relname) = ANY($2) OR c.relname ^@ 'henge_'))`, t.place, names).Scan(&others)
	if err == nil && others > 0 {
		return circle.ErrInsufficient
	}
	return err
}
