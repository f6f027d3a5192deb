package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// line is one of a file that Export writes: a step towards the same database.
// One of its fields is set.
type line struct {
	// Version begins the file, and End ends it.
	Version int  `json:"henge_postgres,omitempty"`
	End     bool `json:"end,omitempty"`

	// Do is a statement that a script could have carried out, and Later one
	// that needs others of its kind, in no known order.
	Do    string `json:"do,omitempty"`
	Later string `json:"later,omitempty"`

	// Rows are of a table, as COPY writes them.
	Rows *rowsOf `json:"rows,omitempty"`

	// Counter is where a sequence stands.
	Counter *counter `json:"counter,omitempty"`

	// What henge keeps beside the tables.
	KV          *kvLine          `json:"kv,omitempty"`
	Member      *memberLine      `json:"member,omitempty"`
	Publication *publicationLine `json:"publication,omitempty"`
	Job         *jobLine         `json:"job,omitempty"`
}

type rowsOf struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Data    []byte   `json:"data"`
}

type counter struct {
	Sequence string `json:"sequence,omitempty"`
	Table    string `json:"table,omitempty"` // whose column Column it is the identity of
	Column   string `json:"column,omitempty"`
	Last     int64  `json:"last"`
	Called   bool   `json:"called"`
}

type kvLine struct {
	Key     []byte `json:"key"`
	Value   []byte `json:"value"`
	Expires *int64 `json:"expires_ms,omitempty"`
}

type memberLine struct {
	Caller string `json:"caller"`
	Role   string `json:"role"`
}

type publicationLine struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// jobLine is a row of henge_job.
type jobLine struct {
	Key     []byte `json:"key"`
	Dialect string `json:"dialect"`
	Queue   []byte `json:"queue"`
	ID      []byte `json:"id"`
	Run     int64  `json:"run"`
	Begun   int64  `json:"begun"`
	Attempt int64  `json:"attempt"`
	Done    bool   `json:"done"`
	Output  []byte `json:"output,omitempty"`
	At      int64  `json:"at"`
}

const dumpVersion = 1

// readLines gives each line of a file to do, and says what is wrong with the
// file as a whole.
func readLines(from io.Reader, do func(line) error) error {
	in := json.NewDecoder(from)
	for n := 1; ; n++ {
		var l line
		if err := in.Decode(&l); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the backup has no end: a part of it is missing")
			}
			return err
		}
		switch {
		case n == 1 && l.Version == 0:
			return errors.New("this is no backup of a circle in PostgreSQL")
		case l.Version > dumpVersion:
			return ErrNewer
		case l.End:
			return nil
		}
		if err := do(l); err != nil {
			return fmt.Errorf("line %d of the backup: %w", n, err)
		}
	}
}
