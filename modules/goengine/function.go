package goengine

import (
	"fmt"
	"math"
	"slices"

	henge "github.com/henge-run/henge/guest/go"
)

// Function is one function of the host as a script calls it.
type Function struct {
	Name string
	body func(args []any) (any, error)

	// least and most are how many arguments it takes; -1 is any number.
	least, most int
}

// Call calls the function. Every error is a *henge.Error.
func (f Function) Call(args []any) (any, error) {
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, wrong(fmt.Sprintf("%s takes %s, and got %d", f.Name, f.takes(), len(args)))
	}
	return f.body(args)
}

func (f Function) takes() string {
	switch {
	case f.most < 0:
		return fmt.Sprintf("at least %d arguments", f.least)
	case f.least == f.most && f.least == 1:
		return "1 argument"
	case f.least == f.most:
		return fmt.Sprintf("%d arguments", f.least)
	}
	return fmt.Sprintf("%d to %d arguments", f.least, f.most)
}

// Functions returns all functions, in the order of their names, which are those
// that the Rhai engine documents.
func (h *Host) Functions() []Function {
	all := slices.Concat(h.jobFunctions(), randomFunctions(), redisFunctions(), dataFunctions(), httpFunctions(), queueFunctions())
	slices.SortFunc(all, func(a, b Function) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

// wrong says that what a script passed is not what a function takes.
func wrong(message string) error {
	return &henge.Error{Code: henge.InvalidArgument, Message: message}
}

// text returns an argument that has to be a text.
func text(what string, v any) (string, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	return "", wrong(fmt.Sprintf("%s is a text, and not %s", what, kind(v)))
}

// raw returns an argument that has to be a text or bytes.
func raw(what string, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	}
	return nil, wrong(fmt.Sprintf("%s is a text or bytes, and not %s", what, kind(v)))
}

// count returns an argument that has to be a number of milliseconds, rows or
// the like; 0 for nil and for one that is not there.
func count(what string, args []any, at int) (int64, error) {
	if at >= len(args) || args[at] == nil {
		return 0, nil
	}
	if n, ok := args[at].(int64); ok && n >= 0 && n <= math.MaxUint32 {
		return n, nil
	}
	return 0, wrong(fmt.Sprintf("%s is a whole number from 0 to %d", what, uint32(math.MaxUint32)))
}

// fields returns an argument that has to be a map; an empty one for nil, and for
// an empty list, from which not every language can tell it.
func fields(what string, args []any, at int) (map[string]any, error) {
	if at >= len(args) || args[at] == nil {
		return map[string]any{}, nil
	}
	switch v := args[at].(type) {
	case map[string]any:
		return v, nil
	case []any:
		if len(v) == 0 {
			return map[string]any{}, nil
		}
	}
	return nil, wrong(fmt.Sprintf("%s is a map, and not %s", what, kind(args[at])))
}

// kind is what messages call the kind of a value.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case string:
		return "a text"
	case []byte:
		return "bytes"
	case []any:
		return "a list"
	}
	return "a map"
}

// fromBytes is what came from outside: a text where it is one.
func fromBytes(b []byte) any {
	if notText(b) < 0 {
		return string(b)
	}
	return b
}
