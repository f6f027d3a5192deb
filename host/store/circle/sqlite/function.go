package sqlite

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/abi"
)

// known are the functions that a script may use: they lead nowhere, and none takes
// long for long arguments. The last are those that SQLite itself calls for ALTER
// TABLE, and lets nobody else call.
var known = words(`
	-> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling changes char coalesce concat concat_ws cos
	cosh count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value
	floor format glob group_concat hex if ifnull iif instr json json_array json_array_length json_error_position
	json_extract json_group_array json_group_object json_insert json_object json_pretty json_quote json_remove
	json_replace json_set json_type json_valid jsonb jsonb_array jsonb_extract jsonb_group_array jsonb_group_object
	jsonb_insert jsonb_object jsonb_remove jsonb_replace jsonb_set julianday lag last_insert_rowid last_value lead
	length like likelihood likely ln log log10 log2 lower ltrim max min mod nth_value ntile nullif octet_length
	percent_rank pi pow power printf quote radians random randomblob rank replace round row_number rtrim sign sin sinh
	soundex sqlite_compileoption_get sqlite_compileoption_used sqlite_log sqlite_source_id sqlite_version sqrt
	strftime string_agg substr substring subtype sum tan tanh time timediff total total_changes trim trunc typeof
	unhex unicode unixepoch unlikely upper zeroblob
	sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// function says whether a script may use a function, in any case of letters.
func function(name string) error {
	if known[strings.ToLower(name)] {
		return nil
	}
	return refusal(abi.InvalidArgument, "the function %s cannot be used here", name)
}

// functions are in place of SQLite's own of the same name. SQLite stops what it
// does between its instructions, and a call of a function is one: these take a
// time that grows with the product of their arguments' lengths, seconds for
// 100 kB, and a job could not be stopped at its deadline.
func (c *conn) functions() error {
	for _, f := range []struct {
		name string
		args int
		do   func(sqlite3.Context, []sqlite3.Value) error
	}{
		{"instr", 2, instr},
		{"replace", 3, replace},
		{"trim", 2, trim(strings.TrimFunc)},
		{"ltrim", 2, trim(strings.TrimLeftFunc)},
		{"rtrim", 2, trim(strings.TrimRightFunc)},
	} {
		err := c.Function(f.name, f.args, func(result sqlite3.Context, args []sqlite3.Value) error {
			for _, a := range args {
				if a.Type() == sqlite3.NULL {
					return nil
				}
			}
			return f.do(result, args)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func instr(result sqlite3.Context, args []sqlite3.Value) error {
	if args[0].Type() == sqlite3.BLOB && args[1].Type() == sqlite3.BLOB {
		result.ResultInt(bytes.Index(args[0].RawBlob(), args[1].RawBlob()) + 1)
		return nil
	}
	text := args[0].Text()
	at := strings.Index(text, args[1].Text())
	if at >= 0 {
		at = utf8.RuneCountInString(text[:at])
	}
	result.ResultInt(at + 1)
	return nil
}

func replace(result sqlite3.Context, args []sqlite3.Value) error {
	text, old, by := args[0].Text(), args[1].Text(), args[2].Text()
	if old == "" {
		result.ResultText(text)
		return nil
	}
	if size := len(text) + strings.Count(text, old)*(len(by)-len(old)); size > longest {
		return sqlite3.TOOBIG
	}
	result.ResultText(strings.ReplaceAll(text, old, by))
	return nil
}

func trim(by func(string, func(rune) bool) string) func(sqlite3.Context, []sqlite3.Value) error {
	return func(result sqlite3.Context, args []sqlite3.Value) error {
		set := map[rune]bool{}
		for _, r := range args[1].Text() {
			set[r] = true
		}
		result.ResultText(by(args[0].Text(), func(r rune) bool { return set[r] }))
		return nil
	}
}
