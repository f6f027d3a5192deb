package main

import (
	"fmt"
	"math"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	henge "github.com/henge-run/henge/guest/go"
	"github.com/henge-run/henge/modules/goengine"
)

// levelsMost is the nesting that the contract allows. A script can also make a
// table that has itself inside.
const levelsMost = 64

// toHost is a value of a script for the host, or as a result. A string that is
// no text is bytes; a number without a fraction is an integer.
func toHost(v lua.LValue) (any, error) { return atLevel(v, 0) }

func atLevel(v lua.LValue, level int) (any, error) {
	if level > levelsMost {
		return nil, wrong(fmt.Sprintf("a value has more than %d levels", levelsMost))
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		f := float64(v)
		if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
			return int64(f), nil
		}
		return f, nil
	case lua.LString:
		if utf8.ValidString(string(v)) {
			return string(v), nil
		}
		return []byte(v), nil
	case *lua.LTable:
		return tableToHost(v, level)
	}
	return nil, wrong(fmt.Sprintf("a value of type %s cannot leave the script", v.Type()))
}

// tableToHost is a list where the keys are 1 to the table's length, or there are
// none, and a map where all of them are strings.
func tableToHost(t *lua.LTable, level int) (any, error) {
	length := t.MaxN()
	list, fields := make([]any, length), map[string]any{}
	numbers := 0
	var failed error
	t.ForEach(func(key, v lua.LValue) {
		if failed != nil {
			return
		}
		var value any
		if value, failed = atLevel(v, level+1); failed != nil {
			return
		}
		switch key := key.(type) {
		case lua.LString:
			fields[string(key)] = value
		case lua.LNumber:
			if at := int(key); lua.LNumber(at) == key && at >= 1 && at <= length {
				list[at-1] = value
				numbers++
				return
			}
			failed = gap()
		default:
			failed = wrong(fmt.Sprintf("the keys of a table that leaves the script are strings, or those of a list, and not of type %s", key.Type()))
		}
	})
	switch {
	case failed != nil:
		return nil, failed
	case numbers != length:
		return nil, gap()
	case len(fields) == 0:
		return list, nil
	case length == 0:
		return fields, nil
	}
	return nil, wrong("a table that leaves the script is a list or a map, and not both")
}

func gap() error {
	return wrong("the keys of a list that leaves the script are 1, 2, 3 and so on, without a gap")
}

// toScript is what the host answered, for a script. An integer beyond 2^53 is
// not exact, since the language has none.
func toScript(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []byte:
		return lua.LString(v)
	case []any:
		t := l.CreateTable(len(v), 0)
		for n, item := range v {
			t.RawSetInt(n+1, toScript(l, item))
		}
		return t
	case map[string]any:
		t := l.CreateTable(0, len(v))
		for _, name := range goengine.Names(v) {
			t.RawSetString(name, toScript(l, v[name]))
		}
		return t
	}
	return lua.LNil
}

func wrong(message string) error {
	return &henge.Error{Code: henge.InvalidArgument, Message: message}
}
