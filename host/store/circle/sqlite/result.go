package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

const ofJob = " WHERE dialect = ? AND queue = ? AND id = ? AND run = ? AND begun = ?"

func keyOf(j *job.Job, more ...any) []any {
	return append([]any{j.Dialect, j.Queue, j.ID, j.Run, j.Begun}, more...)
}

// recalled is what is known of a job's attempts.
type recalled struct {
	attempt int64 // the highest; 0 for none
	done    bool  // it was committed, with output
	output  []byte
}

func (c *conn) recall(j *job.Job) (r recalled, err error) {
	err = c.Each(func(row *sqlite3.Stmt) {
		r = recalled{row.ColumnInt64(0), row.ColumnInt64(1) != 0, column(row, 2)}
	}, "SELECT attempt, done, output FROM henge_job"+ofJob, keyOf(j)...)
	return r, err
}

const upsertJob = `
INSERT INTO henge_job (dialect, queue, id, run, begun, attempt, done, output, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (dialect, queue, id, run, begun) DO UPDATE SET
	attempt = excluded.attempt, done = excluded.done, output = excluded.output, at = excluded.at`

// Recall implements circle.Store.
func (s *Store) Recall(ctx context.Context, j *job.Job) (*job.Result, error) {
	path, err := s.Path(j.Circle)
	if err != nil {
		return nil, err
	}
	// An earlier attempt that is about to commit has made the file.
	if j.Run <= 0 || !exists(path) {
		return nil, nil
	}
	if path, err = s.place(ctx, j.Circle); err != nil {
		return nil, err
	}
	t, err := s.begin(ctx, path, j, true)
	if err != nil {
		return nil, err
	}
	var known recalled
	err = t.own(ctx, true, func() error {
		if known, err = t.conn.recall(j); err != nil || known.done {
			return err
		}
		if known.attempt >= j.Attempt {
			return job.ErrLeaseLost
		}
		if err := t.conn.Exec(upsertJob, keyOf(j, j.Attempt, false, nil, t.now())...); err != nil {
			return err
		}
		return t.commit()
	})
	if closed := t.Close(); err == nil {
		err = closed
	}
	if err != nil || !known.done {
		return nil, err
	}
	return circle.Recalled(s.opts.Now(), known.attempt, known.output), nil
}

// keepResult writes the job's result beside what the job has changed, unless a
// later attempt was begun.
func (t *tx) keepResult(r *job.Result) error {
	if t.job.Run <= 0 || r == nil {
		return nil
	}
	known, err := t.conn.recall(t.job)
	if err != nil {
		return err
	}
	if known.done || known.attempt > t.job.Attempt {
		return job.ErrLeaseLost
	}
	return t.conn.Exec(upsertJob, keyOf(t.job, t.job.Attempt, true, r.Output, t.now())...)
}

// prune forgets results to which no attempt can follow any more.
func (t *tx) prune() error {
	if t.store.opts.Keep < 0 {
		return nil
	}
	before := t.store.opts.Now().Add(-t.store.opts.Keep).UnixMilli()
	return t.conn.Exec("DELETE FROM henge_job WHERE rowid IN (SELECT rowid FROM henge_job WHERE at <= ? ORDER BY at LIMIT ?)", before, mostSwept)
}
