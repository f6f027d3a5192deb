//go:build wasip1

package main

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// chunk is what error messages call the script.
const chunk = "script"

// warmUpScript exercises what nearly every script uses, so that what the
// interpreter makes at first use is there before the first job.
const warmUpScript = `
local list = {3, 1, 2}
table.sort(list, function(a, b) return a < b end)
local seen = {}
for word in ("to be or not to be"):gmatch("%a+") do
  seen[word] = (seen[word] or 0) + 1
end
pcall(error, "no")
return string.format("%d %s", seen.be + math.floor(2.5), table.concat(list, ","))
`

// interpreter runs scripts. Its global variables live as long as it does.
type interpreter struct{ state *lua.LState }

// newInterpreter returns an interpreter whose libraries reach nothing outside
// of it but the log, to which print writes.
func newInterpreter() *interpreter {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		state.Push(state.NewFunction(open))
		state.Call(0, 0)
	}
	// These look for files, and the last one prints the interpreter's insides.
	for _, name := range []string{"dofile", "loadfile", "module", "require", "_printregs"} {
		state.SetGlobal(name, lua.LNil)
	}
	return &interpreter{state}
}

// eval runs a script and returns the text of its value. The text of an error
// has the line.
func (i *interpreter) eval(script []byte) (string, error) {
	function, err := i.state.Load(strings.NewReader(string(script)), chunk)
	if err != nil {
		return "", reason(err)
	}
	i.state.Push(function)
	if err := i.state.PCall(0, 1, nil); err != nil {
		return "", reason(err)
	}
	value := i.state.Get(-1)
	i.state.Pop(1)
	return text(value)
}

// text is a value as a result: nothing for nil, the string itself, a number in
// decimal.
func text(value lua.LValue) (string, error) {
	switch value.Type() {
	case lua.LTNil:
		return "", nil
	case lua.LTString, lua.LTNumber, lua.LTBool:
		return value.String(), nil
	}
	return "", fmt.Errorf("the script returned a %s; return a string, a number, a boolean or nothing", value.Type())
}

// reason is the interpreter's own words, without the stack that it adds.
func reason(err error) error {
	var e *lua.ApiError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Object.Type() {
	case lua.LTString, lua.LTNumber:
		if words := strings.TrimSpace(e.Object.String()); words != "" {
			return errors.New(words)
		}
		return errors.New("the script raised an error without a word")
	}
	return fmt.Errorf("the script raised an error that is a %s, and not a string", e.Object.Type())
}
