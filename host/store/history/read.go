package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/henge-run/henge/host/job"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// MaxList is the most records that List returns.
const MaxList = 10_000

const columns = `dialect, queue, id, run, topic, type, caller, worker, status, end, error, attempt, created, started, ended, cut, cost`

// Get returns the runs of a job, the newest first; none where it is not known.
// An empty queue stands for all queues of the circle, and an empty circle for
// all circles, which are looked through one by one.
func (s *Store) Get(ctx context.Context, dialect, circle, queue, id string) ([]Record, error) {
	circles, err := s.circlesNamed(ctx, circle)
	if err != nil {
		return nil, fmt.Errorf("get a job from the history: %w", err)
	}
	var found []Record
	for _, circle := range circles {
		err = s.with(ctx, circle, false, func(conn *sqlite.Conn) error {
			return sqlitex.Execute(conn, `SELECT `+columns+`, output, payload, raw FROM job
			WHERE dialect = ?1 AND id = ?2 AND (?3 = '' OR queue = ?3) ORDER BY run DESC, ended DESC, queue`, &sqlitex.ExecOptions{
				Args: []any{dialect, id, queue},
				ResultFunc: func(row *sqlite.Stmt) error {
					r := scan(row, circle)
					r.Output, r.Payload, r.Raw = blob(row, "output"), blob(row, "payload"), blob(row, "raw")
					found = append(found, r)
					return nil
				},
			})
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// circlesNamed returns the circle of a name in canonical form, and all circles
// for none.
func (s *Store) circlesNamed(ctx context.Context, name string) ([]string, error) {
	if name == "" {
		return s.Circles(ctx)
	}
	circle, err := canonical(name)
	return []string{circle}, err
}

// Filter says which records List returns. The zero value stands for all.
type Filter struct {
	Dialect, Circle, Type, Status string // empty: any

	// Since and Before bound Ended: not before Since, and before Before. The
	// zero time is no bound.
	Since, Before time.Time
}

// List returns up to limit records, 1 to MaxList, that ended last first.
// Output, Payload and Raw are left out, since a list of them could be large:
// ask Get.
func (s *Store) List(ctx context.Context, f Filter, limit int) ([]Record, error) {
	if limit < 1 || limit > MaxList {
		return nil, fmt.Errorf("list the history: %w: the limit is %d, and may be 1 to %d", ErrRefused, limit, MaxList)
	}
	circles, err := s.circlesNamed(ctx, f.Circle)
	if err != nil {
		return nil, fmt.Errorf("list the history: %w", err)
	}
	var found []Record
	for _, circle := range circles {
		if err := s.with(ctx, circle, false, func(conn *sqlite.Conn) error {
			return list(conn, circle, f, limit, &found)
		}); err != nil {
			return nil, err
		}
		slices.SortStableFunc(found, newestFirst)
		found = found[:min(len(found), limit)]
	}
	return found, nil
}

func list(conn *sqlite.Conn, circle string, f Filter, limit int, found *[]Record) error {
	since, before := int64(math.MinInt64), int64(math.MaxInt64)
	if !f.Since.IsZero() {
		since = f.Since.UnixMilli()
	}
	if !f.Before.IsZero() {
		before = f.Before.UnixMilli()
	}
	return sqlitex.Execute(conn, `SELECT `+columns+` FROM job
		WHERE ended >= ?1 AND ended < ?2 AND (?3 = '' OR dialect = ?3) AND (?4 = '' OR type = ?4) AND (?5 = '' OR status = ?5)
		ORDER BY ended DESC, dialect, queue, id, run DESC LIMIT ?6`, &sqlitex.ExecOptions{
		Args: []any{since, before, f.Dialect, f.Type, f.Status, limit},
		ResultFunc: func(row *sqlite.Stmt) error {
			*found = append(*found, scan(row, circle))
			return nil
		},
	})
}

func newestFirst(a, b Record) int {
	return cmp.Or(b.Ended.Compare(a.Ended), cmp.Compare(a.Circle, b.Circle), cmp.Compare(a.Dialect, b.Dialect),
		cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.ID, b.ID), cmp.Compare(b.Run, a.Run))
}

// LastID is the highest id that a job of the dialect herojobs had in a circle
// and topic.
type LastID struct {
	Circle, Topic string
	ID            uint32
}

// LastIDs returns the highest ids of all circles and topics. Prune does not
// lower them, so who counts on from there uses none twice. It goes on to the
// next circle after an error, and returns what it found in any case.
func (s *Store) LastIDs(ctx context.Context) ([]LastID, error) {
	circles, err := s.Circles(ctx)
	if err != nil {
		return nil, fmt.Errorf("last ids: %w", err)
	}
	var all []LastID
	var failed []error
	for _, circle := range circles {
		failed = append(failed, s.with(ctx, circle, false, func(conn *sqlite.Conn) error {
			return sqlitex.Execute(conn, `SELECT topic, id FROM highest ORDER BY topic`, &sqlitex.ExecOptions{
				ResultFunc: func(row *sqlite.Stmt) error {
					all = append(all, LastID{circle, row.GetText("topic"), uint32(row.GetInt64("id"))})
					return nil
				},
			})
		}))
	}
	return all, errors.Join(failed...)
}

func scan(row *sqlite.Stmt, circle string) Record {
	return Record{
		Dialect: row.GetText("dialect"), Circle: circle, Topic: row.GetText("topic"), Type: row.GetText("type"),
		Queue: row.GetText("queue"), ID: row.GetText("id"), Run: row.GetInt64("run"),
		Caller: row.GetText("caller"), Worker: row.GetText("worker"),
		Status: row.GetText("status"), End: job.End(row.GetInt64("end")), Error: row.GetText("error"),
		Attempt: row.GetInt64("attempt"),
		Created: fromMilliseconds(row.GetInt64("created")), Started: fromMilliseconds(row.GetInt64("started")),
		Ended: fromMilliseconds(row.GetInt64("ended")),
		Cost:  row.GetText("cost"), Cut: Cut(row.GetInt64("cut")),
	}
}

func blob(row *sqlite.Stmt, column string) []byte {
	n := row.GetLen(column)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	return b[:row.GetBytes(column, b)]
}
