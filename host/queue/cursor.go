package queue

import (
	"fmt"
	"strconv"
)

// cursor reads a script's answer from front to back and keeps the first thing
// that was not as expected.
type cursor struct {
	rest   []any
	failed *error
}

func newCursor(reply any) *cursor {
	c := &cursor{failed: new(error)}
	list, ok := reply.([]any)
	if !ok {
		c.fail("a list", reply)
	}
	c.rest = list
	return c
}

func (c *cursor) err() error { return *c.failed }
func (c *cursor) more() bool { return len(c.rest) > 0 }

func (c *cursor) fail(want string, got any) {
	if *c.failed == nil {
		*c.failed = fmt.Errorf("the script answered %T where %s belongs", got, want)
	}
}

func (c *cursor) next() any {
	if len(c.rest) == 0 {
		c.fail("a value", nil)
		return nil
	}
	v := c.rest[0]
	c.rest = c.rest[1:]
	return v
}

func (c *cursor) list() *cursor {
	v := c.next()
	list, ok := v.([]any)
	if !ok {
		c.fail("a list", v)
	}
	return &cursor{rest: list, failed: c.failed}
}

func (c *cursor) int() int64 {
	switch v := c.next().(type) {
	case int64:
		return v
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			c.fail("a number", v)
		}
		return n
	default:
		c.fail("a number", v)
		return 0
	}
}

func (c *cursor) string() string {
	s, ok := c.text()
	if !ok {
		c.fail("a text", nil)
	}
	return s
}

// text reads a field that may be missing.
func (c *cursor) text() (string, bool) {
	v := c.next()
	s, ok := v.(string)
	if !ok && v != nil {
		c.fail("a text or nothing", v)
	}
	return s, ok
}
