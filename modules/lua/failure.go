package main

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	henge "github.com/henge-run/henge/guest/go"
	"github.com/henge-run/henge/modules/goengine"
)

// raise throws an error of the host: a table with code and message.
func (i *interpreter) raise(l *lua.LState, err error) {
	table := toScript(l, goengine.Described(err)).(*lua.LTable)
	table.Metatable = i.refusals
	l.Error(table, 0)
}

// refusalText is tostring of such a table.
func refusalText(l *lua.LState) int {
	code, message := described(l.CheckTable(1))
	l.Push(lua.LString(code + ": " + message))
	return 1
}

// described is the code and message of a table that a script or the host threw;
// both are empty where it is no such table.
func described(t *lua.LTable) (code, message string) {
	given, whole := t.RawGetString("code").(lua.LString)
	said, both := t.RawGetString("message").(lua.LString)
	if !whole || !both {
		return "", ""
	}
	return string(given), string(said)
}

// unread is how a job ends whose script cannot be read. It never will be, so it
// is not worth another attempt.
func unread(err error) error {
	words := err.Error()
	var api *lua.ApiError
	if errors.As(err, &api) {
		words = strings.TrimSpace(api.Object.String())
		var syntax *parse.Error
		var compile *lua.CompileError
		switch {
		case errors.As(api.Cause, &syntax) && syntax.Pos.Line == parse.EOF:
			words = fmt.Sprintf("%s: %s at the end", chunk, syntax.Message)
		case errors.As(api.Cause, &syntax):
			words = fmt.Sprintf("%s:%d: %s near '%s'", chunk, syntax.Pos.Line, syntax.Message, syntax.Token)
		case errors.As(api.Cause, &compile):
			words = fmt.Sprintf("%s:%d: %s", chunk, compile.Line, compile.Message)
		}
	}
	return &henge.Failure{Message: words, Code: goengine.ParseError, NoRetry: true}
}

// failure is how a job ends whose script did not catch an error. A text has its
// line already.
func (i *interpreter) failure(err error) error {
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return err
	}
	failure := &henge.Failure{Code: goengine.ScriptError}
	placed := func(message string) string { return place(api.StackTrace) + message }
	switch value := api.Object.(type) {
	case *lua.LTable:
		if code, message := described(value); code != "" {
			failure.Code = code
			failure.Message = placed(code + ": " + message)
			return failure
		}
		failure.Message = placed(i.state.ToStringMeta(value).String())
		if i.state.GetMetaField(value, "__tostring") == lua.LNil {
			failure.Message = placed("the script raised an error that is a table without code and message")
		}
	case lua.LString, lua.LNumber:
		failure.Message = strings.TrimSpace(value.String())
	case nil:
		failure.Message = strings.TrimSpace(err.Error()) // the interpreter's own
	default:
		failure.Message = placed("the script raised an error that is a " + value.Type().String())
	}
	if failure.Message == "" {
		failure.Message = placed("the script raised an error without a word")
	}
	return failure
}

// place is where an error was raised: the innermost line of the stack that is
// the script's, with a space behind. Functions of Go have no place.
func place(stack string) string {
	for line := range strings.Lines(stack) {
		if line = strings.TrimPrefix(line, "\t"); strings.HasPrefix(line, chunk+":") {
			if number, _, ok := strings.Cut(line[len(chunk)+1:], ":"); ok {
				return chunk + ":" + number + ": "
			}
		}
	}
	return ""
}
