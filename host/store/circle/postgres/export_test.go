package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// Unguarded carries out a script's statement that nobody has looked at, as one
// that writes or as one that reads.
func Unguarded(ctx context.Context, of circle.Tx, sql string, writes bool) (abi.Rows, error) {
	t := of.(*tx)
	if t.broken != nil {
		return abi.Rows{}, t.broken
	}
	r := &reply{most: circle.MaxRows}
	s := circle.Statement{SQL: sql, Access: circle.Access{Read: true, Write: true}}
	seen := &looked{lexed: &lexed{sql: strings.ToValidUTF8(sql, "?")}, writes: writes}
	_, err := t.carryOut(ctx, seen, s, r)
	return r.rows, err
}

// Raw returns the connection of a transaction.
func Raw(of circle.Tx) *pgconn.PgConn { return of.(*tx).raw() }
