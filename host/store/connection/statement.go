package connection

import (
	"context"
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// Script carries out statements that are not used again, and leaves their rows.
func (c *Conn) Script(statements string) error {
	return c.Do(func() error { return c.Conn.Exec(statements) })
}

// Exec carries out a statement, which stays compiled. Its arguments are nil or of
// the types bool, int, int64, string and []byte.
func (c *Conn) Exec(query string, args ...any) error {
	return c.Each(func(*sqlite3.Stmt) {}, query, args...)
}

// Number returns the one number that a statement gives.
func (c *Conn) Number(query string, args ...any) (n int64, err error) {
	err = c.Each(func(row *sqlite3.Stmt) { n = row.ColumnInt64(0) }, query, args...)
	return n, err
}

// Each calls do for each row of a statement, which stays compiled.
func (c *Conn) Each(do func(row *sqlite3.Stmt), query string, args ...any) error {
	return c.Do(func() (err error) {
		s := c.compiled[query]
		if s == nil {
			if s, _, err = c.PrepareFlags(query, sqlite3.PREPARE_PERSISTENT); err != nil {
				return err
			}
			c.compiled[query] = s
		}
		for i, v := range args {
			if err := bind(s, i+1, v); err != nil {
				return err
			}
		}
		for s.Step() {
			do(s)
		}
		// Reset gives what Step found wrong, but for an interrupt before it.
		err = s.Err()
		if reset := s.Reset(); err == nil {
			err = reset
		}
		if cleared := s.ClearBindings(); err == nil { // long values would stay with it
			err = cleared
		}
		return err
	})
}

// Function has SQLite call do for a function of this name. What do returns depends
// on its arguments alone, and it may stand in a table's definition.
func (c *Conn) Function(name string, args int, do func(result sqlite3.Context, args []sqlite3.Value) error) error {
	return c.Do(func() error {
		return c.CreateFunction(name, args, sqlite3.DETERMINISTIC|sqlite3.INNOCUOUS, func(result sqlite3.Context, args ...sqlite3.Value) {
			// There may be no memory for the result. SQLite has to learn of it as it
			// does from its own functions: it is among the callers.
			result.ResultError(c.Do(func() error { return do(result, args) }))
		})
	})
}

func bind(s *sqlite3.Stmt, i int, v any) error {
	switch v := v.(type) {
	case nil:
		return s.BindNull(i)
	case bool:
		return s.BindBool(i, v)
	case int:
		return s.BindInt(i, v)
	case int64:
		return s.BindInt64(i, v)
	case string:
		return s.BindText(i, v)
	case []byte:
		return s.BindBlob(i, v)
	}
	return fmt.Errorf("an argument of the type %T", v)
}

// Immediate calls do in a transaction that has the lock of writers. It commits
// where do returns nil.
func (c *Conn) Immediate(do func() error) error {
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := c.Do(do)
	if err == nil {
		err = c.Exec("COMMIT")
	}
	if err != nil {
		_ = c.Rollback() // the first error says more
	}
	return err
}

// Rollback takes a transaction back that is open, whatever context has ended.
func (c *Conn) Rollback() error {
	if c.broken != nil {
		return nil // with its file closed there is nothing to take back
	}
	return c.Do(func() error {
		if c.GetAutocommit() {
			return nil
		}
		defer c.SetInterrupt(c.SetInterrupt(context.Background()))
		return c.Exec("ROLLBACK")
	})
}
