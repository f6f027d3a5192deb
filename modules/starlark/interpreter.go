package main

import (
	"go.starlark.net/lib/json"
	"go.starlark.net/lib/math"
	"go.starlark.net/lib/time"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	"github.com/henge-run/henge/modules/goengine"
)

const (
	// name is what messages call the script.
	name = "script"

	// result is the global that a script leaves its result in.
	result = "result"

	// callsMost is how deep calls may nest, and looks how many steps lie between
	// two looks at that: the language itself has no limit.
	callsMost, looks = 1000, 100
)

// rehearsal has what nearly every script has.
const rehearsal = `
def f(x, y = 1):
    return x + y

numbers = [f(i) for i in range(10) if i % 2]
names = {"a": 1, "b": numbers, "c": (1.5, None, True)}
for name, value in names.items():
    names[name] = "{}: {} %s".format(name, value) % len(name)
text = ", ".join(sorted(names.values(), key = lambda v: -len(v)))
result = {"text": text.upper().split(","), "n": 40 + 2}
`

// dialect is the language with what scripts of a few lines want: loops outside
// of functions, while, sets, and functions that call themselves.
func dialect() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}
}

// interpreter runs scripts. What a script defines goes with it.
type interpreter struct {
	host    goengine.Host
	dialect *syntax.FileOptions
	names   starlark.StringDict
}

// newInterpreter returns an interpreter whose scripts reach nothing outside of
// it but what the host gives.
func newInterpreter() *interpreter {
	i := &interpreter{dialect: dialect(), names: starlark.StringDict{
		"struct":  starlark.NewBuiltin("struct", starlarkstruct.Make),
		"json":    json.Module,
		"math":    math.Module,
		"time":    time.Module,
		"attempt": starlark.NewBuiltin("attempt", attempt),
		"fail":    starlark.NewBuiltin("fail", fail),
	}}
	for _, f := range i.host.Functions() {
		i.names[f.Name] = builtin(f)
	}
	return i
}

// builtin is a function of the host as one of the language.
func builtin(f goengine.Function) starlark.Value {
	return starlark.NewBuiltin(f.Name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, named []starlark.Tuple) (starlark.Value, error) {
		if len(named) > 0 {
			return nil, wrong(b.Name() + " takes no named arguments")
		}
		given := make([]any, len(args))
		for n, arg := range args {
			var err error
			if given[n], err = toHost(arg); err != nil {
				return nil, err
			}
		}
		reply, err := f.Call(given)
		if err != nil {
			return nil, err
		}
		return toScript(reply), nil
	})
}

// eval runs a script and returns what it leaves in its result.
func (i *interpreter) eval(j *goengine.Job) (any, error) {
	i.names["CONTEXT_ID"], i.names["CALLER_ID"] = starlark.String(j.Circle), starlark.String(j.Caller)
	thread := &starlark.Thread{
		Name:       name,
		Print:      func(_ *starlark.Thread, text string) { goengine.Print(text) },
		OnMaxSteps: look,
	}
	thread.SetMaxExecutionSteps(looks)
	globals, err := starlark.ExecFileOptions(i.dialect, thread, name, j.Script, i.names)
	if err != nil {
		return nil, failure(err)
	}
	value, there := globals[result]
	if !there {
		return nil, nil
	}
	return toHost(value)
}

// look ends a script whose calls nest too deeply.
func look(thread *starlark.Thread) {
	thread.SetMaxExecutionSteps(thread.Steps + looks)
	if thread.CallStackDepth() > callsMost {
		thread.Cancel("calls are nested too deeply")
	}
}
