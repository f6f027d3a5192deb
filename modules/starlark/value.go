package main

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/henge-run/henge/modules/goengine"
)

// levelsMost is the nesting that the contract allows. A script can also make a
// list that has itself inside.
const levelsMost = 64

// toHost is a value of a script for the host, or as a result.
func toHost(v starlark.Value) (any, error) { return atLevel(v, 0) }

func atLevel(v starlark.Value, level int) (any, error) {
	if level > levelsMost {
		return nil, wrong(fmt.Sprintf("a value has more than %d levels", levelsMost))
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		return goengine.Literal(v.String()), nil
	case starlark.Float:
		return float64(v), nil
	case starlark.String:
		return string(v), nil
	case starlark.Bytes:
		return []byte(v), nil
	case starlark.IterableMapping:
		return fieldsOf(v.Items(), level)
	case starlark.Iterable:
		list := []any{}
		for item := range starlark.Elements(v) {
			value, err := atLevel(item, level+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *starlarkstruct.Struct:
		var items []starlark.Tuple
		for _, name := range v.AttrNames() {
			field, err := v.Attr(name)
			if err != nil {
				return nil, err
			}
			items = append(items, starlark.Tuple{starlark.String(name), field})
		}
		return fieldsOf(items, level)
	}
	return nil, wrong(fmt.Sprintf("a value of type %s cannot leave the script", v.Type()))
}

func fieldsOf(items []starlark.Tuple, level int) (any, error) {
	fields := make(map[string]any, len(items))
	for _, item := range items {
		name, ok := starlark.AsString(item[0])
		if !ok {
			return nil, wrong(fmt.Sprintf("the keys of a map that leaves the script are texts, and not of type %s", item[0].Type()))
		}
		value, err := atLevel(item[1], level+1)
		if err != nil {
			return nil, err
		}
		fields[name] = value
	}
	return fields, nil
}

// toScript is what the host answered, for a script.
func toScript(v any) starlark.Value {
	switch v := v.(type) {
	case bool:
		return starlark.Bool(v)
	case int64:
		return starlark.MakeInt64(v)
	case float64:
		return starlark.Float(v)
	case string:
		return starlark.String(v)
	case []byte:
		return starlark.Bytes(v)
	case []any:
		items := make([]starlark.Value, len(v))
		for i, item := range v {
			items[i] = toScript(item)
		}
		return starlark.NewList(items)
	case map[string]any:
		dict := starlark.NewDict(len(v))
		for _, name := range goengine.Names(v) {
			// A new dict with keys that are texts takes all of them.
			_ = dict.SetKey(starlark.String(name), toScript(v[name]))
		}
		return dict
	}
	return starlark.None
}
