package sqlite

import (
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// checkOpened looks at which tables the code opens that SQLite would run for a
// script's statement. The guard alone is not enough: SQLite does not ask it
// about the columns that JOIN … USING and NATURAL JOIN compare, which would
// tell a stranger whether a table holds a value. What ALTER TABLE and the like
// read of henge's own tables they are not told.
func (c *conn) checkOpened(query string, access circle.Access) error {
	c.guard.guest = false
	defer func() { c.guard.guest = true }()
	tables := map[int64]string{1: "sqlite_schema"}
	err := c.Each(func(row *sqlite3.Stmt) { tables[row.ColumnInt64(0)] = row.ColumnText(1) },
		"SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0")
	if err != nil {
		return err
	}
	plan, _, err := c.Prepare("EXPLAIN " + query)
	if err != nil {
		if access.Read && errors.Is(err, sqlite3.ERROR) {
			return nil // an EXPLAIN, which runs nothing
		}
		return circle.ErrInsufficient
	}
	defer plan.Close()
	for plan.Step() {
		if err := opens(plan, tables, access); err != nil {
			return err
		}
	}
	return plan.Err()
}

// checkUnasked looks at a statement that SQLite has not asked the guard about: it
// found nothing to do, as DROP TABLE IF EXISTS may, or it is one like VACUUM. The
// former says whether something is there, so it is for those who may change it.
func (c *conn) checkUnasked(query string, access circle.Access) error {
	c.guard.guest = false
	defer func() { c.guard.guest = true }()
	plan, _, err := c.Prepare("EXPLAIN " + query)
	if err != nil {
		return err
	}
	defer plan.Close()
	for plan.Step() {
		switch plan.ColumnText(opcode) {
		case "Init", "Goto", "Halt", "Transaction", "JournalMode": // which asks for the mode
		default:
			return refusal(abi.InvalidArgument, "this statement cannot be used here")
		}
	}
	if err := plan.Err(); err != nil {
		return err
	}
	if !access.Write {
		return circle.ErrInsufficient
	}
	return nil
}

// Columns of EXPLAIN.
const opcode, p2, p5 = 1, 3, 6

// fromRegister is the flag with which an instruction opens what the same
// statement has just made.
const fromRegister = 0x10

// opens says whether an instruction may be carried out.
func opens(instruction *sqlite3.Stmt, tables map[int64]string, access circle.Access) error {
	switch instruction.ColumnText(opcode) {
	case "OpenRead", "OpenWrite", "ReopenIdx":
		if instruction.ColumnInt64(p5)&fromRegister != 0 {
			return nil
		}
		table := tables[instruction.ColumnInt64(p2)]
		if circle.IsOwn(table) && instruction.ColumnText(opcode) != "OpenWrite" {
			return denied("%s is henge's own and cannot be used", table)
		}
		if !access.Read && !listed(access.Tables, table) {
			return circle.ErrInsufficient
		}
	case "VOpen":
		if !access.Read {
			return circle.ErrInsufficient
		}
	}
	return nil
}

// listed says whether a table is among names, in any case.
func listed(names []string, table string) bool {
	for _, name := range names {
		if strings.EqualFold(name, table) {
			return true
		}
	}
	return false
}
