package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/connection"
)

// pruneStep is how many records one transaction deletes: other writers wait
// while it does.
const pruneStep = 1000

// shrinkStep is how many records go before the size is looked at again: few,
// since one may be megabytes.
const shrinkStep = 50

// Pruned says what Prune deleted.
type Pruned struct {
	Circles int   // that lost records
	Records int64 // in all circles
	Bytes   int64 // of their Output, Payload and Raw
}

// Bounds say what Prune leaves of each circle; 0 is no bound.
type Bounds struct {
	For   time.Duration // how long ago a record may have ended
	Most  int           // records, of which those that ended first go
	Bytes int64         // of the circle's database, as it is on disk
}

// Prune deletes the records that are beyond bounds. Ids are not used again all
// the same: see LastIDs. It goes on to the next circle after an error, and
// returns what went in any case.
func (s *Store) Prune(ctx context.Context, b Bounds) (Pruned, error) {
	if b.For < 0 || b.Most < 0 || b.Bytes < 0 {
		return Pruned{}, fmt.Errorf("prune the history: %w: bounds may not be negative", ErrRefused)
	}
	circles, err := s.Circles(ctx)
	if err != nil {
		return Pruned{}, fmt.Errorf("prune the history: %w", err)
	}
	var all Pruned
	var failed []error
	for _, circle := range circles {
		var here Pruned
		failed = append(failed, s.with(ctx, circle, false, func(conn *connection.Conn) error {
			if b.For > 0 {
				before := s.opts.Now().Add(-b.For).UnixMilli()
				if err := remove(conn, `ended < ?1`, before, &here); err != nil {
					return err
				}
			}
			if b.Most > 0 {
				if err := remove(conn, `rowid NOT IN (SELECT rowid FROM job ORDER BY ended DESC, rowid DESC LIMIT ?1)`, int64(b.Most), &here); err != nil {
					return err
				}
			}
			if b.Bytes > 0 {
				if err := shrink(conn, b.Bytes, &here); err != nil {
					return err
				}
			}
			if here.Records == 0 {
				return nil
			}
			return conn.Script(`PRAGMA incremental_vacuum`)
		}))
		if here.Records > 0 {
			all.Circles++
			all.Records += here.Records
			all.Bytes += here.Bytes
		}
	}
	return all, errors.Join(failed...)
}

// shrink deletes the records that ended first until the rest is small enough,
// or there are none.
func shrink(conn *connection.Conn, most int64, gone *Pruned) error {
	for {
		size, err := conn.Number(`SELECT (page_count - freelist_count) * page_size
			FROM pragma_page_count, pragma_freelist_count, pragma_page_size`)
		if err != nil || size <= most {
			return err
		}
		step, err := removeStep(conn, `rowid IN (SELECT rowid FROM job ORDER BY ended, rowid LIMIT ?1)`, shrinkStep)
		gone.Records += step.Records
		gone.Bytes += step.Bytes
		if err != nil || step.Records == 0 {
			return err
		}
	}
}

// remove deletes what condition says, step by step.
func remove(conn *connection.Conn, condition string, bound int64, gone *Pruned) error {
	for {
		step, err := removeStep(conn, condition, bound)
		gone.Records += step.Records
		gone.Bytes += step.Bytes
		if err != nil || step.Records < pruneStep {
			return err
		}
	}
}

func removeStep(conn *connection.Conn, condition string, bound int64) (step Pruned, err error) {
	statement := `DELETE FROM job WHERE rowid IN (SELECT rowid FROM job WHERE ` + condition + ` LIMIT ?2)
		RETURNING ifnull(length(output), 0) + ifnull(length(payload), 0) + ifnull(length(raw), 0)`
	err = conn.Each(func(row *sqlite3.Stmt) {
		step.Records++
		step.Bytes += row.ColumnInt64(0)
	}, statement, bound, pruneStep)
	return step, err
}
