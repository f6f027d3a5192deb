package sqlite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

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

// authorize is called by SQLite with what it would do, and with the names that
// belong to it.
func (g *guard) authorize(action sqlite3.AuthorizerActionCode, name3rd, name4th, _, inner string) sqlite3.AuthorizerReturnCode {
	if !g.guest {
		return sqlite3.AUTH_OK
	}
	g.seen = true
	if err := g.look(action, name3rd, name4th, inner); err != nil {
		if g.refused == nil {
			g.refused = err
		}
		return sqlite3.AUTH_DENY
	}
	return sqlite3.AUTH_OK
}

func (g *guard) look(action sqlite3.AuthorizerActionCode, name3rd, name4th, inner string) error {
	switch action {
	case sqlite3.AUTH_SELECT, sqlite3.AUTH_RECURSIVE:
		return nil
	case sqlite3.AUTH_FUNCTION:
		return function(name4th)
	case sqlite3.AUTH_READ:
		return g.read(name3rd)
	case sqlite3.AUTH_PRAGMA:
		return g.pragma(name3rd, name4th)
	case sqlite3.AUTH_INSERT, sqlite3.AUTH_UPDATE, sqlite3.AUTH_DELETE:
		if !isSchema(name3rd) {
			g.changes = true
			g.inserts = g.inserts || action == sqlite3.AUTH_INSERT && inner == ""
		}
		return g.write(name3rd)
	case sqlite3.AUTH_CREATE_TABLE, sqlite3.AUTH_CREATE_INDEX, sqlite3.AUTH_CREATE_VIEW, sqlite3.AUTH_CREATE_TRIGGER,
		sqlite3.AUTH_DROP_TABLE, sqlite3.AUTH_DROP_INDEX, sqlite3.AUTH_DROP_VIEW, sqlite3.AUTH_DROP_TRIGGER, sqlite3.AUTH_REINDEX:
		return g.write(name3rd, name4th)
	case sqlite3.AUTH_ALTER_TABLE:
		g.alters = true
		return g.write(name4th)
	case sqlite3.AUTH_TRANSACTION, sqlite3.AUTH_SAVEPOINT:
		return denied("a job is one transaction, which is committed when it succeeds and taken back when it fails: %s cannot be used", name3rd)
	case sqlite3.AUTH_ATTACH, sqlite3.AUTH_DETACH:
		return denied("a job has one database alone: ATTACH and DETACH cannot be used")
	case sqlite3.AUTH_CREATE_VTABLE, sqlite3.AUTH_DROP_VTABLE:
		return denied("virtual tables cannot be used")
	}
	return denied("this statement cannot be used here (%s)", cmp.Or(others[action], "unknown"))
}

// others are the names of what else a script could ask for.
var others = map[sqlite3.AuthorizerActionCode]string{
	sqlite3.AUTH_ANALYZE: "analyze", sqlite3.AUTH_CREATE_TEMP_TABLE: "create_temp_table", sqlite3.AUTH_CREATE_TEMP_INDEX: "create_temp_index",
	sqlite3.AUTH_CREATE_TEMP_VIEW: "create_temp_view", sqlite3.AUTH_CREATE_TEMP_TRIGGER: "create_temp_trigger",
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

func (g *guard) pragma(name, argument string) error {
	takes, known := pragmas[strings.ToLower(name)]
	if !known || argument != "" && !takes {
		return denied("PRAGMA %s cannot be used here", name)
	}
	if !g.access.Read {
		return circle.ErrInsufficient
	}
	return nil
}

func denied(format string, args ...any) error {
	return refusal(abi.AccessDenied, format, args...)
}
