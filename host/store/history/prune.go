package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// pruneStep is how many records one transaction deletes: other writers wait
// while it does.
const pruneStep = 1000

// Pruned says what Prune deleted.
type Pruned struct {
	Circles int   // that lost records
	Records int64 // in all circles
	Bytes   int64 // of their Output, Payload and Raw
}

// Prune deletes the records that ended longer than keepFor ago, and of each
// circle all but the keepMost that ended last; 0 is no bound. Ids are not used
// again all the same: see NextID. It goes on to the next circle after an
// error, and returns what went in any case.
func (s *Store) Prune(ctx context.Context, keepFor time.Duration, keepMost int) (Pruned, error) {
	if keepFor < 0 || keepMost < 0 {
		return Pruned{}, fmt.Errorf("prune the history: %w: keepFor and keepMost may not be negative", ErrRefused)
	}
	circles, err := s.Circles(ctx)
	if err != nil {
		return Pruned{}, fmt.Errorf("prune the history: %w", err)
	}
	var all Pruned
	var failed []error
	for _, circle := range circles {
		var here Pruned
		failed = append(failed, s.with(ctx, circle, false, func(conn *sqlite.Conn) error {
			if keepFor > 0 {
				before := s.opts.Now().Add(-keepFor).UnixMilli()
				if err := remove(conn, `ended < ?1`, before, &here); err != nil {
					return err
				}
			}
			if keepMost > 0 {
				if err := remove(conn, `rowid NOT IN (SELECT rowid FROM job ORDER BY ended DESC, rowid DESC LIMIT ?1)`, int64(keepMost), &here); err != nil {
					return err
				}
			}
			if here.Records == 0 {
				return nil
			}
			return sqlitex.ExecuteTransient(conn, `PRAGMA incremental_vacuum`, nil)
		}))
		if here.Records > 0 {
			all.Circles++
			all.Records += here.Records
			all.Bytes += here.Bytes
		}
	}
	return all, errors.Join(failed...)
}

// remove deletes what condition says, step by step.
func remove(conn *sqlite.Conn, condition string, bound int64, gone *Pruned) error {
	statement := `DELETE FROM job WHERE rowid IN (SELECT rowid FROM job WHERE ` + condition + ` LIMIT ?2)
		RETURNING ifnull(length(output), 0) + ifnull(length(payload), 0) + ifnull(length(raw), 0)`
	for {
		var step Pruned
		if err := sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{
			Args: []any{bound, pruneStep},
			ResultFunc: func(row *sqlite.Stmt) error {
				step.Records++
				step.Bytes += row.ColumnInt64(0)
				return nil
			},
		}); err != nil {
			return err
		}
		gone.Records += step.Records
		gone.Bytes += step.Bytes
		if step.Records < pruneStep {
			return nil
		}
	}
}
