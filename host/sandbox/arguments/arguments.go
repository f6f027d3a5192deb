// Package arguments holds a job's payload to the JSON Schema in a module's
// manifest, before the job is started. Neither the author of a schema nor that
// of a payload can make it take long. It may not import any other room.
package arguments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// MaxSchema is how long a schema may be, in bytes.
	MaxSchema = 64 << 10

	// maxDepth is how deep schemas and payloads may nest, as for all values of
	// the contract.
	maxDepth = 64

	// maxValues is how many values a payload may have: all there are, those
	// inside of others included.
	maxValues = 100_000
)

// location is what a schema calls itself in references to its own parts.
const location = "henge:///arguments"

// Schema is a compiled JSON Schema, draft 2020-12 if it names no other. format
// and content are annotations, which check nothing. It is safe for concurrent
// use.
type Schema struct {
	// idle are compiled schemas that nobody uses: each counts for itself.
	idle sync.Pool
}

// Compile reads a schema. What it refers to has to be in it: nothing is ever
// fetched. The error is for the module's author.
func Compile(text []byte) (*Schema, error) {
	if len(text) > MaxSchema {
		return nil, fmt.Errorf("the schema has %d bytes, and may have %d", len(text), MaxSchema)
	}
	doc, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	first, err := compile(doc)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	s.idle.New = func() any {
		again, _ := compile(doc) // which has succeeded once
		return again
	}
	s.idle.Put(first)
	return s, nil
}

// Check says what of a payload does not fit: where it is and what is allowed
// there, for the author of the job.
func (s *Schema) Check(payload []byte) error {
	if len(bytes.TrimSpace(payload)) == 0 {
		return errors.New("the payload is empty, and should be the module's arguments as JSON")
	}
	value, err := decode(payload)
	if err != nil {
		return fmt.Errorf("the payload should be the module's arguments as JSON: %w", err)
	}
	c := s.idle.Get().(*compiled)
	defer s.idle.Put(c)
	c.left = maxWork
	err = c.schema.Validate(value)
	var invalid *jsonschema.ValidationError
	switch {
	case c.left < 0:
		return errors.New("the payload takes too long to compare with the module's arguments; send less")
	case errors.As(err, &invalid):
		return c.explain(invalid)
	}
	return err
}

// compiled is a schema that counts its work.
type compiled struct {
	schema *jsonschema.Schema
	meter

	// at are all its parts, by their location.
	at map[string]*jsonschema.Schema
}

func compile(doc any) (*compiled, error) {
	c := &compiled{at: map[string]*jsonschema.Schema{}}
	jc := jsonschema.NewCompiler()
	jc.UseLoader(nothing{})
	jc.UseRegexpEngine(c.pattern)
	if err := jc.AddResource(location, doc); err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	// Patterns of the schema about schemas are no work of a payload.
	c.left = maxWork
	var err error
	if c.schema, err = jc.Compile(location); err != nil {
		return nil, explainSchema(err)
	}
	if err := c.count(c.schema); err != nil {
		return nil, err
	}
	return c, nil
}

// nothing loads no other schema.
type nothing struct{}

// Load implements jsonschema.URLLoader.
func (nothing) Load(url string) (any, error) {
	return nil, errors.New("other schemas are not fetched; put what is needed below $defs")
}

// decode reads JSON into what is compared. Numbers are those of the contract,
// 64 bits wide: comparing one of a million digits would take long.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows behind its end")
	}
	left := maxValues
	return narrow(v, maxDepth, &left)
}

func narrow(v any, depth int, left *int) (_ any, err error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	if depth < 0 {
		return nil, fmt.Errorf("it has more than %d levels", maxDepth)
	}
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		n, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("the number %.20s is beyond 64 bits", v)
		}
		return n, nil
	case []any:
		for i := range v {
			if v[i], err = narrow(v[i], depth-1, left); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = narrow(v[k], depth-1, left); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
