package main

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/henge-run/henge/modules/goengine"
)

const (
	// chunk is what messages call the script.
	chunk = "script"

	// callsMost is how deep calls may nest. A value that waits in one of them
	// takes a slot: slotsFirst are there from the beginning, and slotsMost at
	// the end, which come slotsMore at a time.
	callsMost                        = 4096
	slotsFirst, slotsMore, slotsMost = 5120, 8192, 1 << 20
)

// rehearsal has what nearly every script has. It leaves no global behind.
const rehearsal = `
local list = {3, 1, 2}
table.sort(list, function(a, b) return a < b end)
local seen = {}
for word in ("to be or not to be"):gmatch("%a+") do
  seen[word] = (seen[word] or 0) + 1
end
pcall(error, "no")
local text = string.format("%d %s", seen.be + math.floor(2.5), table.concat(list, ","))
return {text = text, list = list}
`

// interpreter runs scripts. Its global variables live as long as it does, which
// is for one job, since the instance is put back after it.
type interpreter struct {
	host  goengine.Host
	state *lua.LState

	// refusals is the metatable of errors of the host.
	refusals *lua.LTable
}

// newInterpreter returns an interpreter whose libraries reach nothing outside of
// it but what the host gives.
func newInterpreter() *interpreter {
	i := &interpreter{state: lua.NewState(lua.Options{
		SkipOpenLibs: true, CallStackSize: callsMost,
		RegistrySize: slotsFirst, RegistryGrowStep: slotsMore, RegistryMaxSize: slotsMost,
	})}
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath, lua.OpenCoroutine, lua.OpenDebug, lua.OpenOs} {
		i.state.Push(i.state.NewFunction(open))
		i.state.Call(0, 0)
	}
	i.restrict()
	i.refusals = i.state.SetFuncs(i.state.NewTable(), map[string]lua.LGFunction{"__tostring": refusalText})
	for _, f := range i.host.Functions() {
		i.state.SetGlobal(f.Name, i.state.NewFunction(i.function(f)))
	}
	return i
}

// function is a function of the host as one of the language.
func (i *interpreter) function(f goengine.Function) lua.LGFunction {
	return func(l *lua.LState) int {
		args := make([]any, l.GetTop())
		for n := range args {
			var err error
			if args[n], err = toHost(l.Get(n + 1)); err != nil {
				i.raise(l, err)
			}
		}
		reply, err := f.Call(args)
		if err != nil {
			i.raise(l, err)
		}
		l.Push(toScript(l, reply))
		return 1
	}
}

// eval runs a script and returns the first of its values.
func (i *interpreter) eval(j *goengine.Job) (any, error) {
	i.state.SetGlobal("CONTEXT_ID", lua.LString(j.Circle))
	i.state.SetGlobal("CALLER_ID", lua.LString(j.Caller))
	function, err := i.state.Load(strings.NewReader(j.Script), chunk)
	if err != nil {
		return nil, unread(err)
	}
	i.state.Push(function)
	// With a function for errors the interpreter would not close the variables
	// of functions that an error ends, in a pcall of the script either.
	if err := i.state.PCall(0, 1, nil); err != nil {
		return nil, i.failure(err)
	}
	value := i.state.Get(-1)
	i.state.Pop(1)
	return toHost(value)
}
