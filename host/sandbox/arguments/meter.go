package arguments

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxWork is how much one comparison may do: about a second's worth.
	maxWork = 300_000

	// maxPattern and maxProgram bound a regular expression: its text in bytes,
	// and the steps that it is compiled to.
	maxPattern = 1024
	maxProgram = 4096
)

var errSpent = errors.New("too much work")

// meter counts work down. The library cannot be stopped from outside, and a
// schema of a few lines can make it try each of 2^60 ways. So each of its parts
// is given a format, the one thing that is looked at before all parts below:
// when the work is used up, none of them fits any more and the end is near.
type meter struct{ left int }

func (m *meter) spend(n int) error {
	if m.left -= n; m.left < 0 {
		return errSpent
	}
	return nil
}

// count makes all parts of a schema count.
func (c *compiled) count(s *jsonschema.Schema) error {
	if s.Bool != nil || c.at[s.Location] != nil {
		return nil
	}
	c.at[s.Location] = s
	// They refer to parts by who asks, which cannot be followed here.
	if s.DynamicRef != nil || s.RecursiveRef != nil {
		return errors.New("the schema: $dynamicRef and $recursiveRef are not supported; use $ref")
	}
	below := parts(reflect.ValueOf(s).Elem())
	own := 1 + len(below) + len(s.Required) + len(s.DependentRequired)
	s.Format = &jsonschema.Format{Name: "work", Validate: func(v any) error {
		return c.spend(own + c.comparing(s, v))
	}}
	for _, part := range below {
		if err := c.count(part); err != nil {
			return err
		}
	}
	return nil
}

// parts finds the schemas right below.
func parts(v reflect.Value) (found []*jsonschema.Schema) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = append(found, parts(v.Field(i))...)
			}
		}
	case reflect.Pointer:
		if s, ok := v.Interface().(*jsonschema.Schema); ok && s != nil {
			found = append(found, s)
		}
	case reflect.Interface:
		if !v.IsNil() {
			found = parts(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, parts(v.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			found = append(found, parts(v.MapIndex(key))...)
		}
	}
	return found
}

// pairwise is up to how many elements the library looks for equal ones by
// comparing each with each.
const pairwise = 20

// comparing is the work of looking at a value's elements, and of comparing it
// or them with others.
func (c *compiled) comparing(s *jsonschema.Schema, v any) int {
	work := 0
	switch v := v.(type) {
	case []any:
		work = len(v)
		if s.UniqueItems {
			work += size(v) * min(len(v), pairwise)
		}
	case map[string]any:
		work = len(v)
	case string:
		work = len(v) / 1024
	}
	if s.Enum != nil || s.Const != nil {
		work += size(v)
	}
	return work
}

// size is how many values there are, those inside included.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += size(e)
		}
	case map[string]any:
		for _, e := range v {
			n += size(e)
		}
	}
	return n
}

// pattern compiles a regular expression that counts. It takes time in proportion
// to the text and to the length of its program.
func (c *compiled) pattern(text string) (jsonschema.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("a pattern has %d bytes, and may have %d", len(text), maxPattern)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if n := len(program.Inst); n > maxProgram {
		return nil, fmt.Errorf("a pattern takes %d steps, and may take %d; repeat less", n, maxProgram)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &pattern{re, len(program.Inst), &c.meter}, nil
}

type pattern struct {
	*regexp.Regexp
	steps int
	meter *meter
}

// MatchString implements jsonschema.Regexp.
func (p *pattern) MatchString(s string) bool {
	// A step for one byte is a hundredth of what a part of the schema costs.
	return p.meter.spend(1+len(s)*p.steps/100) == nil && p.Regexp.MatchString(s)
}
