package main

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	henge "github.com/henge-run/henge/guest/go"
	"github.com/henge-run/henge/modules/goengine"
)

// restrict takes out of the libraries what looks for files, the environment or
// a process, of which there are none, and what prints the interpreter's insides,
// and binds output, clock and random numbers to the host.
func (i *interpreter) restrict() {
	l := i.state
	for _, name := range []string{"dofile", "loadfile", "module", "require", "_printregs"} {
		l.SetGlobal(name, lua.LNil)
	}
	os := l.GetGlobal("os").(*lua.LTable)
	for _, name := range []string{"execute", "exit", "getenv", "remove", "rename", "setenv", "setlocale", "tmpname"} {
		os.RawSetString(name, lua.LNil)
	}
	l.SetFuncs(os, map[string]lua.LGFunction{"clock": i.clock})
	l.SetFuncs(l.GetGlobal("math").(*lua.LTable), map[string]lua.LGFunction{"random": i.random, "randomseed": randomSeed})
	l.SetGlobal("print", l.NewFunction(printLine))
}

func printLine(l *lua.LState) int {
	parts := make([]string, l.GetTop())
	for n := range parts {
		parts[n] = l.ToStringMeta(l.Get(n + 1)).String()
	}
	goengine.Print(strings.Join(parts, "\t"))
	return 0
}

// clock is the time since the job began, in seconds. The library's own counts
// from before the snapshot.
func (i *interpreter) clock(l *lua.LState) int {
	since, err := henge.Monotonic()
	if err != nil {
		i.raise(l, err)
	}
	l.Push(lua.LNumber(since.Seconds()))
	return 1
}

// random is math.random of nothing, of the largest number, or of the smallest
// and the largest.
func (i *interpreter) random(l *lua.LState) int {
	if l.GetTop() == 0 {
		fraction, err := goengine.Fraction()
		if err != nil {
			i.raise(l, err)
		}
		l.Push(lua.LNumber(fraction))
		return 1
	}
	from, to := int64(1), l.CheckInt64(1)
	if l.GetTop() > 1 {
		from, to = to, l.CheckInt64(2)
	}
	if from > to {
		l.ArgError(l.GetTop(), "interval is empty")
	}
	n, err := goengine.Within(from, to)
	if err != nil {
		i.raise(l, err)
	}
	l.Push(lua.LNumber(n))
	return 1
}

// randomSeed does nothing: the host's numbers have no seed, and a script that
// takes the time for one means to get new ones.
func randomSeed(*lua.LState) int { return 0 }
