package connection

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// ErrBroken is returned where SQLite would have left its memory or its stack, and
// from then on for all that is asked of the connection.
var ErrBroken = errors.New("SQLite broke down")

// Do calls do, which uses the connection. The library panics where SQLite has no
// memory left, which is the error sqlite3.NOMEM here, and where it would leave its
// memory, which is an ErrBroken.
func (c *Conn) Do(do func() error) (err error) {
	if c.broken != nil {
		return c.broken
	}
	c.depth++
	defer func() {
		c.depth--
		said := recover()
		switch {
		case said == nil:
		case isNoMemory(said):
			c.spoiled, err = true, sqlite3.NOMEM
		case c.depth > 0: // SQLite may be among the callers, and must not go on
			panic(said)
		default:
			c.spoiled, c.broken = true, fmt.Errorf("%w: %v", ErrBroken, said)
			err = c.broken
			if c.inside != nil {
				// It cannot be trusted to close itself. On disk it is as if the
				// process had ended.
				_ = c.inside.Close()
			}
		}
	}()
	return do()
}

// isNoMemory says whether a panic is the library's for a lack of memory, whose
// type it keeps to itself.
func isNoMemory(said any) bool {
	err, is := said.(error)
	return is && err.Error() == sqlite3.NOMEM.Error()
}

// Spoiled says that something went wrong, so that the connection should be used
// no more than to end what it has begun.
func (c *Conn) Spoiled() bool { return c.spoiled }

// Broken is the ErrBroken that the connection met, and nil before.
func (c *Conn) Broken() error { return c.broken }

// Close closes the connection, and gives its memory back.
func (c *Conn) Close() error {
	if c.Conn == nil || c.broken != nil {
		return nil
	}
	return c.Do(func() error {
		c.SetInterrupt(context.Background())
		for _, s := range slices.Collect(c.Stmts()) {
			_ = c.Do(s.Close) // tells again of what has failed before
		}
		return c.Conn.Close()
	})
}

// extension gets what the library gives to extensions of SQLite alone.
type extension struct{ inside *sqlite3.ExtEnv }

// extend looks inside of a connection. Without that one that is broken could not
// give back its memory, since all other ways lead through SQLite.
func extend(c *sqlite3.Conn) (inside *sqlite3.ExtEnv, err error) {
	//lint:ignore SA1019 what it was deprecated for needs Go 1.27
	err = sqlite3.ExtensionInit(c, func(env *sqlite3.ExtEnv) extension {
		inside = env
		return extension{env}
	}, func() (_, _, _, _ int64) { return 0, 0, 0, 0 })
	return inside, err
}

// Xsqlite3_extension_init has the name that the library asks for. SQLite looks at
// the context after so many instructions; the library's 1,000 would be seconds
// where each calls a function with long arguments.
func (e extension) Xsqlite3_extension_init(db, _, _ int32) int32 {
	e.inside.Xsqlite3_progress_handler_go(db, instructions)
	return 0
}

const instructions = 20
