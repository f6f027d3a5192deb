package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// lineError is a mistake in a line of a file.
type lineError struct {
	line int
	what string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

// parse returns what a file says and the line of each key and table, by its
// path: http[1].hosts.
func parse(data []byte) (map[string]any, map[string]int, error) {
	lines, err := linesOf(data)
	if err != nil {
		return nil, nil, err
	}
	values := map[string]any{}
	if err := toml.Unmarshal(data, &values); err != nil {
		return nil, nil, withLine(err)
	}
	return values, lines, nil
}

// withLine turns a mistake of syntax into one of this package's.
func withLine(err error) error {
	var e *toml.DecodeError
	if errors.As(err, &e) {
		line, _ := e.Position()
		return &lineError{line, strings.TrimPrefix(e.Error(), "toml: ")}
	}
	return err
}

// linesOf goes through a file's expressions. What is written twice is found
// here, since the decoder does not tell the line of it.
func linesOf(data []byte) (map[string]int, error) {
	lines, counts := map[string]int{}, map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	in := ""
	for p.NextExpression() {
		e := p.Expression()
		var path []string
		line := 0
		for it := e.Key(); it.Next(); {
			path = append(path, string(it.Node().Data))
			line = p.Shape(it.Node().Raw).Start.Line
		}
		name := strings.Join(path, ".")
		switch e.Kind {
		case unstable.ArrayTable:
			if counts[name] == 0 {
				if err := note(lines, name, line); err != nil {
					return nil, err
				}
			}
			in = fmt.Sprintf("%s[%d]", name, counts[name])
			counts[name]++
			name = in
		case unstable.Table:
			in = name
		case unstable.KeyValue:
			if in != "" {
				name = in + "." + name
			}
		default:
			continue
		}
		if err := note(lines, name, line); err != nil {
			return nil, err
		}
	}
	if err := p.Error(); err != nil {
		var values map[string]any
		return nil, withLine(toml.Unmarshal(data, &values)) // the decoder knows the line
	}
	return lines, nil
}

// note keeps the line of a path.
func note(lines map[string]int, path string, line int) error {
	if first, twice := lines[path]; twice {
		return &lineError{line, fmt.Sprintf("%.80s is already said in line %d", path, first)}
	}
	lines[path] = line
	return nil
}
