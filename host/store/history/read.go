package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/connection"
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
		err = s.with(ctx, circle, false, func(conn *connection.Conn) error {
			return conn.Each(func(row *sqlite3.Stmt) {
				r := scan(row, circle)
				r.Output, r.Payload, r.Raw = row.ColumnBlob(17, nil), row.ColumnBlob(18, nil), row.ColumnBlob(19, nil)
				found = append(found, r)
			}, `SELECT `+columns+`, output, payload, raw FROM job
			WHERE dialect = ?1 AND id = ?2 AND (?3 = '' OR queue = ?3) ORDER BY run DESC, ended DESC, queue`, dialect, id, queue)
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
		if err := s.with(ctx, circle, false, func(conn *connection.Conn) error {
			return list(conn, circle, f, limit, &found)
		}); err != nil {
			return nil, err
		}
		slices.SortStableFunc(found, newestFirst)
		found = found[:min(len(found), limit)]
	}
	return found, nil
}

func list(conn *connection.Conn, circle string, f Filter, limit int, found *[]Record) error {
	since, before := int64(math.MinInt64), int64(math.MaxInt64)
	if !f.Since.IsZero() {
		since = f.Since.UnixMilli()
	}
	if !f.Before.IsZero() {
		before = f.Before.UnixMilli()
	}
	return conn.Each(func(row *sqlite3.Stmt) { *found = append(*found, scan(row, circle)) }, `SELECT `+columns+` FROM job
		WHERE ended >= ?1 AND ended < ?2 AND (?3 = '' OR dialect = ?3) AND (?4 = '' OR type = ?4) AND (?5 = '' OR status = ?5)
		ORDER BY ended DESC, dialect, queue, id, run DESC LIMIT ?6`, since, before, f.Dialect, f.Type, f.Status, limit)
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
		failed = append(failed, s.with(ctx, circle, false, func(conn *connection.Conn) error {
			return conn.Each(func(row *sqlite3.Stmt) {
				all = append(all, LastID{circle, row.ColumnText(0), uint32(row.ColumnInt64(1))})
			}, `SELECT topic, id FROM highest ORDER BY topic`)
		}))
	}
	return all, errors.Join(failed...)
}

// scan reads the columns of columns, in their order.
func scan(row *sqlite3.Stmt, circle string) Record {
	return Record{
		Dialect: row.ColumnText(0), Queue: row.ColumnText(1), ID: row.ColumnText(2), Run: row.ColumnInt64(3),
		Circle: circle, Topic: row.ColumnText(4), Type: row.ColumnText(5), Caller: row.ColumnText(6), Worker: row.ColumnText(7),
		Status: row.ColumnText(8), End: job.End(row.ColumnInt64(9)), Error: row.ColumnText(10), Attempt: row.ColumnInt64(11),
		Created: fromMilliseconds(row.ColumnInt64(12)), Started: fromMilliseconds(row.ColumnInt64(13)),
		Ended: fromMilliseconds(row.ColumnInt64(14)),
		Cut:   Cut(row.ColumnInt64(15)), Cost: row.ColumnText(16),
	}
}
