package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// Query implements circle.Tx.
func (t *tx) Query(ctx context.Context, s circle.Statement, maxRows int) (abi.Rows, error) {
	if maxRows <= 0 || maxRows > circle.MaxRows {
		maxRows = circle.MaxRows
	}
	rows := abi.Rows{Columns: []string{}, Rows: [][]abi.Value{}}
	size := 0
	err := t.guest(ctx, s, func(stmt *sqlite3.Stmt) error {
		for i := range stmt.ColumnCount() {
			rows.Columns = append(rows.Columns, strings.ToValidUTF8(stmt.ColumnName(i), "\uFFFD"))
		}
		return nil
	}, func(stmt *sqlite3.Stmt) (bool, error) {
		if len(rows.Rows) == maxRows {
			rows.More = true
			// What writes is carried out to its end.
			return !t.conn.guard.writes, nil
		}
		row := make([]abi.Value, stmt.ColumnCount())
		for i := range row {
			v, n := value(stmt, i)
			row[i] = v
			size += n
		}
		if size > circle.MaxReply {
			return false, refusal(abi.TooLarge, "the rows have more than %d bytes; ask for fewer, with LIMIT or max_rows", circle.MaxReply)
		}
		rows.Rows = append(rows.Rows, row)
		return false, nil
	})
	if err != nil {
		return abi.Rows{}, err
	}
	return rows, nil
}

// Exec implements circle.Tx.
func (t *tx) Exec(ctx context.Context, s circle.Statement) (abi.Changes, error) {
	var changes abi.Changes
	err := t.guest(ctx, s, nil, nil)
	if err != nil {
		return changes, err
	}
	if t.conn.guard.changes {
		changes.Changes = t.conn.Changes()
	}
	if t.conn.guard.inserts && changes.Changes > 0 {
		changes.LastID = t.conn.LastInsertRowID()
	}
	return changes, nil
}

// guest carries out a script's statement: first is called before it runs, and
// each for each row, until it says that it is done.
func (t *tx) guest(ctx context.Context, s circle.Statement, first func(*sqlite3.Stmt) error, each func(*sqlite3.Stmt) (done bool, err error)) error {
	if err := t.use(ctx); err != nil {
		return err
	}
	t.conn.guard.begin(s.Access)
	err := t.conn.Do(func() error {
		defer t.conn.Limit(sqlite3.LIMIT_LENGTH, t.conn.Limit(sqlite3.LIMIT_LENGTH, longest))
		return t.carryOut(ctx, s, first, each)
	})
	t.conn.guard.end()
	t.altered = t.altered || t.conn.guard.alters
	return t.settled(ctx, err)
}

func (t *tx) carryOut(ctx context.Context, s circle.Statement, first func(*sqlite3.Stmt) error, each func(*sqlite3.Stmt) (bool, error)) error {
	if strings.ContainsRune(s.SQL, 0) {
		return refusal(abi.InvalidArgument, "a statement is text without NUL")
	}
	// Never one that was compiled before: the guard is asked when it is.
	stmt, rest, err := t.conn.Prepare(s.SQL)
	if err != nil {
		return located(s.SQL, err)
	}
	defer stmt.Close()
	if strings.Trim(rest, " \t\r\n;") != "" {
		return refusal(abi.InvalidArgument, "there is more than one statement; a call takes one")
	}
	if stmt == nil {
		return refusal(abi.InvalidArgument, "there is no statement")
	}
	if !t.conn.guard.seen {
		return t.conn.checkUnasked(s.SQL, s.Access)
	}
	if err := t.conn.checkOpened(s.SQL, s.Access); err != nil {
		return err
	}
	if t.conn.guard.writes {
		t.conn.guard.guest = false
		err := t.write(ctx)
		t.conn.guard.guest = true
		if err != nil {
			return err
		}
	}
	if err := bind(stmt, s.Args.V); err != nil {
		return err
	}
	if first != nil {
		if err := first(stmt); err != nil {
			return err
		}
	}
	for stmt.Step() {
		if each != nil {
			if done, err := each(stmt); done || err != nil {
				return err
			}
		}
	}
	return stmt.Err()
}

// bind gives a statement its parameters.
func bind(stmt *sqlite3.Stmt, args any) error {
	n := stmt.BindCount()
	switch args := args.(type) {
	case nil:
		if n > 0 {
			return refusal(abi.InvalidArgument, "the statement has %d parameters and got none", n)
		}
	case []any:
		if len(args) != n {
			return refusal(abi.InvalidArgument, "the statement has %d parameters and got %d", n, len(args))
		}
		for i, v := range args {
			if err := bindOne(stmt, i+1, v, i+1); err != nil {
				return err
			}
		}
	case map[string]any:
		if len(args) > n {
			return refusal(abi.InvalidArgument, "the statement has %d parameters and got %d", n, len(args))
		}
		for i := 1; i <= n; i++ {
			name := stmt.BindName(i)
			v, ok := args[name]
			if !ok && name != "" {
				v, ok = args[name[1:]]
			}
			if !ok {
				return refusal(abi.InvalidArgument, "there is no value for the parameter %.80q", name)
			}
			if err := bindOne(stmt, i, v, fmt.Sprintf("%.80q", name)); err != nil {
				return err
			}
		}
	default:
		return refusal(abi.InvalidArgument, "parameters are a list or a map")
	}
	return nil
}

func bindOne(stmt *sqlite3.Stmt, i int, v, name any) error {
	switch v := v.(type) {
	case nil:
		return stmt.BindNull(i)
	case bool:
		return stmt.BindBool(i, v)
	case int64:
		return stmt.BindInt64(i, v)
	case float64:
		return stmt.BindFloat(i, v)
	case string:
		return stmt.BindText(i, v)
	case []byte:
		return stmt.BindBlob(i, v)
	}
	return refusal(abi.InvalidArgument, "parameter %v: a list or a map is no value of a table; write it as JSON", name)
}

// value returns a column and about how many bytes it takes.
func value(stmt *sqlite3.Stmt, i int) (abi.Value, int) {
	switch stmt.ColumnType(i) {
	case sqlite3.INTEGER:
		return abi.Value{V: stmt.ColumnInt64(i)}, 16
	case sqlite3.FLOAT:
		return abi.Value{V: stmt.ColumnFloat(i)}, 16
	case sqlite3.TEXT:
		b := column(stmt, i)
		return abi.TextOrBytes(b), 16 + len(b)
	case sqlite3.BLOB:
		b := column(stmt, i)
		return abi.Value{V: b}, 16 + len(b)
	}
	return abi.Value{}, 16
}

// column returns a copy of the bytes of a column.
func column(stmt *sqlite3.Stmt, i int) []byte {
	return stmt.ColumnBlob(i, []byte{})
}
