package arguments

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

const (
	// mostSaid is how many faults of a payload are told, and mostText how long
	// what is told may be, in bytes.
	mostSaid = 3
	mostText = 600
)

// explain says what does not fit, in an order that repeats.
func (c *compiled) explain(e *jsonschema.ValidationError) error {
	var faults []string
	found := leaves(e, nil)
	slices.SortStableFunc(found, func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(slices.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(a.SchemaURL, b.SchemaURL))
	})
	more := 0
	for _, leaf := range found {
		if len(faults) == mostSaid {
			more++
			continue
		}
		fault := fmt.Sprintf("at %s: %s", pointer(leaf.InstanceLocation), c.fault(leaf))
		if !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	if more > 0 {
		faults = append(faults, fmt.Sprintf("and %d more", more))
	}
	return errors.New(cut("the payload does not fit the module's arguments: " + strings.Join(faults, "; ")))
}

// leaves are the faults themselves, without what only groups them.
func leaves(e *jsonschema.ValidationError, found []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(found, e)
	}
	for _, cause := range e.Causes {
		found = leaves(cause, found)
	}
	return found
}

func (c *compiled) fault(e *jsonschema.ValidationError) string {
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		slices.Sort(k.Properties)
		if part := c.at[e.SchemaURL]; part != nil {
			names := slices.Sorted(maps.Keys(part.Properties))
			return fmt.Sprintf("there is no %.80q; there are %s", k.Properties[0], strings.Join(names, ", "))
		}
	case *kind.Format:
		return k.Err.Error()
	}
	return e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

// pointer is the place in the payload, as RFC 6901 has it.
func pointer(path []string) string {
	if len(path) == 0 {
		return "the top"
	}
	var b strings.Builder
	for _, step := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return fmt.Sprintf("%.120s", b.String())
}

// explainSchema says what is wrong with a schema itself.
func explainSchema(err error) error {
	var invalid *jsonschema.SchemaValidationError
	var found *jsonschema.ValidationError
	if errors.As(err, &invalid) && errors.As(invalid.Err, &found) {
		leaf := leaves(found, nil)[0]
		return errors.New(cut(fmt.Sprintf("the schema is none: at %s: %s", pointer(leaf.InstanceLocation), (&compiled{}).fault(leaf))))
	}
	return errors.New(cut("the schema: " + err.Error()))
}

func cut(s string) string {
	if s = strings.ToValidUTF8(s, "\uFFFD"); len(s) > mostText {
		return strings.ToValidUTF8(s[:mostText], "") + "…"
	}
	return s
}
