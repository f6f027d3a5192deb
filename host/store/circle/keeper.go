package circle

import (
	"context"
	"errors"
	"time"
)

// Errors of a Keeper on which callers decide.
var (
	// ErrExists says that a circle has a database already.
	ErrExists = errors.New("the circle has a database already")

	// ErrInUse says that jobs, or idle workers, have a database open.
	ErrInUse = errors.New("a worker has the circle's database open: stop it, or wait until it is idle")
)

// Keeper is a store as its operator sees it. It is safe for concurrent use.
type Keeper interface {
	Store

	// List returns the circles that have a database, by name.
	List(ctx context.Context) ([]Kept, error)

	// Find returns a circle's database, and false where it has none.
	Find(ctx context.Context, circle string) (Kept, bool, error)

	// Tables returns the names of a circle's tables and views, sorted.
	Tables(ctx context.Context, circle string) ([]string, error)

	// Export writes a circle's database to a file that is not there yet, as it
	// is at one moment. Jobs may go on meanwhile.
	Export(ctx context.Context, circle, file string) error

	// Import makes a file that Export of the same kind of store has written a
	// circle's database. One that is there is replaced if replace says so, and
	// ErrExists is returned otherwise. The file may come from anybody.
	Import(ctx context.Context, circle, file string, replace bool) error

	// Remove deletes a circle's database, once nobody has it open; until ctx
	// ends, and then it returns ErrInUse. One that is not there is no error.
	Remove(ctx context.Context, circle string) error
}

// Kept is what there is of a circle's database.
type Kept struct {
	Circle string

	// Place is where it is: a file's path, or the name of a schema.
	Place string

	// Size is how many bytes it takes, and Changed when it was changed last;
	// zero where the store does not know.
	Size    int64
	Changed time.Time
}
