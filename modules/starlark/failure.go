package main

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	henge "github.com/henge-run/henge/guest/go"
	"github.com/henge-run/henge/modules/goengine"
)

// raised is an error that a script has raised itself.
type raised struct{ code, message string }

func (r *raised) Error() string {
	if r.code == goengine.ScriptError {
		return r.message
	}
	return r.code + ": " + r.message
}

// fail is fail(text, ..., sep = " ", code = "mine"), and fail(error) for one
// that attempt gave.
func fail(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, named []starlark.Tuple) (starlark.Value, error) {
	sep, code := " ", goengine.ScriptError
	if err := starlark.UnpackArgs(b.Name(), nil, named, "sep?", &sep, "code?", &code); err != nil {
		return nil, err
	}
	if len(args) == 1 {
		if e, ok := args[0].(*starlarkstruct.Struct); ok {
			code, message := attribute(e, "code"), attribute(e, "message")
			if code != "" && message != "" {
				return nil, &raised{code, message}
			}
		}
	}
	parts := make([]string, len(args))
	for i, arg := range args {
		text, ok := starlark.AsString(arg)
		if !ok {
			text = arg.String()
		}
		parts[i] = text
	}
	return nil, &raised{code, strings.Join(parts, sep)}
}

func attribute(s *starlarkstruct.Struct, name string) string {
	v, _ := s.Attr(name)
	text, _ := starlark.AsString(v)
	return text
}

// attempt is attempt(function, argument, ...): the language has no exceptions,
// and a script may want to go on after a refusal. It returns a struct of value
// and error, which has code and message, or is None.
func attempt(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, named []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 {
		return nil, wrong("attempt takes a function, and then its arguments")
	}
	value, err := starlark.Call(thread, args[0], args[1:], named)
	fields := starlark.StringDict{"value": value, "error": starlark.None}
	if err != nil {
		code, message := described(err)
		fields["value"] = starlark.None
		fields["error"] = starlarkstruct.FromStringDict(starlarkstruct.Default, starlark.StringDict{
			"code": starlark.String(code), "message": starlark.String(message),
		})
	}
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields), nil
}

// described is the code and the message of an error of a running script.
func described(err error) (code, message string) {
	var own *raised
	if errors.As(err, &own) {
		return own.code, own.message
	}
	var refusal *henge.Error
	if errors.As(err, &refusal) {
		return refusal.Code.String(), refusal.Message
	}
	return goengine.ScriptError, err.Error()
}

// failure is how a job ends whose script was not read, or did not catch an
// error: its place, both counted from one, and the words. A script that cannot
// be read, or names what nobody has defined, never will run, so it is not worth
// another attempt.
func failure(err error) error {
	var syntaxError syntax.Error
	if errors.As(err, &syntaxError) {
		return unread(syntaxError.Pos, syntaxError.Msg)
	}
	var names resolve.ErrorList
	if errors.As(err, &names) && len(names) > 0 {
		return unread(names[0].Pos, names[0].Msg)
	}
	code, message := described(err)
	if code != goengine.ScriptError {
		message = code + ": " + message
	}
	var running *starlark.EvalError
	if errors.As(err, &running) {
		// Innermost is the function of the host, which has no place.
		for i := range running.CallStack {
			if frame := running.CallStack.At(i); frame.Pos.IsValid() && frame.Pos.Filename() == name {
				message = fmt.Sprintf("%s: %s", frame.Pos, message)
				break
			}
		}
	}
	return &henge.Failure{Message: message, Code: code}
}

func unread(at syntax.Position, words string) error {
	return &henge.Failure{Message: fmt.Sprintf("%s: %s", at, words), Code: goengine.ParseError, NoRetry: true}
}

func wrong(message string) error {
	return &henge.Error{Code: henge.InvalidArgument, Message: message}
}
