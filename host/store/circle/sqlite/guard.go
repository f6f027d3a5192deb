package sqlite

import (
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// guard is asked by SQLite about each thing that a statement would do, when it
// is compiled. What is not on its lists is refused.
type guard struct {
	guest  bool // a script's statement; henge's own may do all
	access circle.Access

	// What was seen of the statement.
	seen    bool  // SQLite has asked about it
	writes  bool  // it changes something
	changes bool  // it changes rows of a table, which are counted
	inserts bool  // it inserts rows
	alters  bool  // it gives a table another name, perhaps
	refused error // why it may not run
}

// begin has the guard look at a script's statement.
func (g *guard) begin(access circle.Access) { *g = guard{guest: true, access: access} }

// end has it let henge's own statements pass again.
func (g *guard) end() { g.guest = false }

// Authorize implements sqlite.Authorizer.
func (g *guard) Authorize(a sqlite.Action) sqlite.AuthResult {
	if !g.guest {
		return sqlite.AuthResultOK
	}
	g.seen = true
	if err := g.look(a); err != nil {
		if g.refused == nil {
			g.refused = err
		}
		return sqlite.AuthResultDeny
	}
	return sqlite.AuthResultOK
}

func (g *guard) look(a sqlite.Action) error {
	switch a.Type() {
	case sqlite.OpSelect, sqlite.OpRecursive, sqlite.OpFunction:
		return nil // which functions there are is decided when a database is opened
	case sqlite.OpRead:
		return g.read(a.Table())
	case sqlite.OpPragma:
		return g.pragma(a)
	case sqlite.OpInsert, sqlite.OpUpdate, sqlite.OpDelete:
		if !isSchema(a.Table()) {
			g.changes = true
			g.inserts = g.inserts || a.Type() == sqlite.OpInsert && a.Accessor() == ""
		}
		return g.write(a.Table())
	case sqlite.OpCreateTable, sqlite.OpCreateIndex, sqlite.OpCreateView, sqlite.OpCreateTrigger,
		sqlite.OpDropTable, sqlite.OpDropIndex, sqlite.OpDropView, sqlite.OpDropTrigger, sqlite.OpReindex:
		return g.write(a.Table(), a.Index(), a.View(), a.Trigger())
	case sqlite.OpAlterTable:
		g.alters = true
		return g.write(a.Table())
	case sqlite.OpTransaction, sqlite.OpSavepoint:
		return denied("a job is one transaction, which is committed when it succeeds and taken back when it fails: %s cannot be used", a.Operation())
	case sqlite.OpAttach, sqlite.OpDetach:
		return denied("a job has one database alone: ATTACH and DETACH cannot be used")
	case sqlite.OpCreateVTable, sqlite.OpDropVTable:
		return denied("virtual tables cannot be used")
	}
	return denied("this statement cannot be used here (%s)", strings.ToLower(strings.TrimPrefix(a.Type().String(), "SQLITE_")))
}

// read says whether a table may be read. Who reads through a view needs to be
// allowed its tables too: by which view SQLite comes to a table is told by a
// name that a script can give to a common table expression as well.
func (g *guard) read(table string) error {
	switch {
	case circle.IsOwn(table), strings.EqualFold(table, "dbstat"), strings.EqualFold(table, "sqlite_dbpage"):
		return denied("%s is henge's own and cannot be used", table)
	case g.access.Read, listed(g.access.Tables, table):
		return nil
	}
	return circle.ErrInsufficient
}

// write says whether what has these names may be changed.
func (g *guard) write(names ...string) error {
	if !g.access.Write {
		return circle.ErrInsufficient
	}
	if slices.ContainsFunc(names, circle.IsOwn) {
		return denied("names that begin with %s are henge's own and cannot be used", circle.OwnPrefix)
	}
	g.writes = true
	return nil
}

// isSchema says whether a table is the one that has the schema. SQLite itself
// lets nobody write to it but by CREATE, DROP and ALTER.
func isSchema(table string) bool {
	return table == "sqlite_master" || table == "sqlite_schema"
}

// pragmas are those that tell something and change nothing, with whether they
// take an argument.
var pragmas = map[string]bool{
	"table_info": true, "table_xinfo": true, "table_list": true, "index_list": true, "index_info": true,
	"index_xinfo": true, "foreign_key_list": true, "foreign_key_check": true,
	"foreign_keys": false, "encoding": false, "page_count": false, "page_size": false, "data_version": false,
}

func (g *guard) pragma(a sqlite.Action) error {
	takes, known := pragmas[strings.ToLower(a.Pragma())]
	if !known || a.PragmaArg() != "" && !takes {
		return denied("PRAGMA %s cannot be used here", a.Pragma())
	}
	if !g.access.Read {
		return circle.ErrInsufficient
	}
	return nil
}

func denied(format string, args ...any) error {
	return refusal(abi.AccessDenied, format, args...)
}
