package sqlite

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"
)

// functions are in place of SQLite's own of the same name. SQLite stops what it
// does between its instructions, and a call of a function is one: these take a
// time that grows with the product of their arguments' lengths, seconds for
// 100 kB, and a job could not be stopped at its deadline.
func (c *conn) functions() error {
	for _, f := range []struct {
		name string
		args int
		do   func([]sqlite.Value) (sqlite.Value, error)
	}{
		{"instr", 2, instr},
		{"replace", 3, replace},
		{"trim", 2, trim(strings.TrimFunc)},
		{"ltrim", 2, trim(strings.TrimLeftFunc)},
		{"rtrim", 2, trim(strings.TrimRightFunc)},
		{"json_patch", 2, notHere},
		{"jsonb_patch", 2, notHere},
	} {
		do := f.do
		err := c.CreateFunction(f.name, &sqlite.FunctionImpl{
			NArgs: f.args, Deterministic: true, AllowIndirect: true,
			Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
				for _, a := range args {
					if a.Type() == sqlite.TypeNull {
						return sqlite.Value{}, nil
					}
				}
				v, err := do(args)
				if err != nil {
					// The library gives the text of an error as the value, so
					// SQLite is given what it refuses by itself.
					c.guard.refused = err
					return sqlite.BlobValue(make([]byte, longest+1)), nil
				}
				return v, nil
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func instr(args []sqlite.Value) (sqlite.Value, error) {
	if args[0].Type() == sqlite.TypeBlob && args[1].Type() == sqlite.TypeBlob {
		return sqlite.IntegerValue(int64(bytes.Index(args[0].Blob(), args[1].Blob()) + 1)), nil
	}
	text := args[0].Text()
	at := strings.Index(text, args[1].Text())
	if at < 0 {
		return sqlite.IntegerValue(0), nil
	}
	return sqlite.IntegerValue(int64(utf8.RuneCountInString(text[:at]) + 1)), nil
}

func replace(args []sqlite.Value) (sqlite.Value, error) {
	text, old, by := args[0].Text(), args[1].Text(), args[2].Text()
	if old == "" {
		return sqlite.TextValue(text), nil
	}
	if size := len(text) + strings.Count(text, old)*(len(by)-len(old)); size > longest {
		return sqlite.Value{}, tooLong()
	}
	return sqlite.TextValue(strings.ReplaceAll(text, old, by)), nil
}

func trim(by func(string, func(rune) bool) string) func([]sqlite.Value) (sqlite.Value, error) {
	return func(args []sqlite.Value) (sqlite.Value, error) {
		set := map[rune]bool{}
		for _, r := range args[1].Text() {
			set[r] = true
		}
		return sqlite.TextValue(by(args[0].Text(), func(r rune) bool { return set[r] })), nil
	}
}

func notHere([]sqlite.Value) (sqlite.Value, error) {
	return sqlite.Value{}, denied("json_patch cannot be used here")
}
