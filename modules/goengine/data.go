package goengine

import (
	"fmt"

	henge "github.com/henge-run/henge/guest/go"
)

// rowsMost is how many rows and keys a script gets without saying how many it
// wants, as in Rhai. Part of an answer that looks like all of it would be found
// too late, so more are an error.
const rowsMost = 10_000

func dataFunctions() []Function {
	return []Function{
		{"sql_query", query, 1, 3},
		{"sql_exec", exec, 1, 2},
		{"kv_get", kvGet, 1, 1},
		{"kv_set", kvSet, 2, 3},
		{"kv_delete", func(args []any) (any, error) {
			key, err := raw("a key", args[0])
			if err != nil {
				return nil, err
			}
			return nil, henge.KVDelete(key)
		}, 1, 1},
		{"kv_list", kvList, 0, 3},
		{"role", func([]any) (any, error) { return henge.CircleRole() }, 0, 0},
		{"publish", publishing(henge.CirclePublish), 2, 2},
		{"unpublish", publishing(henge.CircleUnpublish), 2, 2},
	}
}

// statement reads a statement and its arguments.
func statement(args []any) (string, any, error) {
	sql, err := text("a statement", args[0])
	if err != nil || len(args) < 2 {
		return sql, nil, err
	}
	switch args[1].(type) {
	case nil, []any, map[string]any:
		return sql, args[1], nil
	}
	return "", nil, wrong(fmt.Sprintf("the arguments of a statement are a list or a map, and not %s", kind(args[1])))
}

func query(args []any) (any, error) {
	sql, values, err := statement(args)
	if err != nil {
		return nil, err
	}
	most, err := count("the number of rows", args, 2)
	if err != nil {
		return nil, err
	}
	all := len(args) < 3 || args[2] == nil
	if all {
		most = rowsMost
	}
	found, err := henge.SQLQuery(sql, values, most)
	if err != nil {
		return nil, err
	}
	if found.More && all {
		return nil, tooMany("rows", "add a LIMIT, or say as the third argument how many you want")
	}
	rows := make([]any, len(found.Rows))
	for i, cells := range found.Rows {
		row := make(map[string]any, len(cells))
		for j, column := range found.Columns[:min(len(cells), len(found.Columns))] {
			row[column] = cells[j]
		}
		rows[i] = row
	}
	return rows, nil
}

func exec(args []any) (any, error) {
	sql, values, err := statement(args)
	if err != nil {
		return nil, err
	}
	done, err := henge.SQLExec(sql, values)
	return map[string]any{"changes": done.Changes, "last_id": done.LastID}, err
}

func kvGet(args []any) (any, error) {
	key, err := raw("a key", args[0])
	if err != nil {
		return nil, err
	}
	value, there, err := henge.KVGet(key)
	if err != nil || !there {
		return nil, err
	}
	return fromBytes(value), nil
}

func kvSet(args []any) (any, error) {
	for i, what := range []string{"a key", "a value"} {
		if _, err := raw(what, args[i]); err != nil {
			return nil, err
		}
	}
	ttl, err := count("the time to live", args, 2)
	if err != nil {
		return nil, err
	}
	return nil, henge.KVSet(args[0], args[1], ttl)
}

// kvList gives all keys that begin with a prefix, or a page of them.
func kvList(args []any) (any, error) {
	prefix := any("")
	if len(args) > 0 {
		if _, err := raw("a prefix", args[0]); err != nil {
			return nil, err
		}
		prefix = args[0]
	}
	if len(args) > 1 {
		limit, err := count("the number of keys", args, 2)
		if err != nil {
			return nil, err
		}
		keys, _, err := henge.KVList(prefix, args[1], limit)
		return keys, err
	}
	all := []any{}
	for after := any(nil); ; {
		keys, more, err := henge.KVList(prefix, after, 0)
		if err != nil {
			return nil, err
		}
		if all = append(all, keys...); len(all) > rowsMost {
			return nil, tooMany("keys", "ask for them with kv_list(prefix, after, limit)")
		}
		if !more || len(keys) == 0 {
			return all, nil
		}
		after = keys[len(keys)-1]
	}
}

func publishing(do func(kind, name string) error) func([]any) (any, error) {
	return func(args []any) (any, error) {
		kind, err := text("what is published", args[0])
		if err != nil {
			return nil, err
		}
		name, err := text("a name", args[1])
		if err != nil {
			return nil, err
		}
		return nil, do(kind, name)
	}
}

func tooMany(what, wayOut string) error {
	return &henge.Error{Code: henge.TooLarge, Message: fmt.Sprintf("there are more than %d %s: %s", rowsMost, what, wayOut)}
}
