package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/store/circle"
)

// keyOf is the key of a job's row. The names in it may be of any length and of
// any bytes, which an index does not take.
func keyOf(j *job.Job) []byte {
	h := sha256.New()
	for _, part := range []string{j.Dialect, j.Queue, j.ID} {
		_ = binary.Write(h, binary.BigEndian, int64(len(part)))
		h.Write([]byte(part))
	}
	_ = binary.Write(h, binary.BigEndian, [2]int64{j.Run, j.Begun})
	return h.Sum(nil)
}

// recalled is what is known of a job's attempts.
type recalled struct {
	attempt int64 // the highest; 0 for none
	done    bool  // it was committed, with output
	output  []byte
}

func (t *tx) recall(ctx context.Context, j *job.Job) (r recalled, err error) {
	err = t.conn.QueryRow(ctx, at(t.place, "SELECT attempt, done, output FROM {place}.henge_job WHERE key = $1"), keyOf(j)).Scan(&r.attempt, &r.done, &r.output)
	if errors.Is(err, pgx.ErrNoRows) {
		return recalled{}, nil
	}
	return r, err
}

// note writes the row that names the job and its highest attempt.
func (t *tx) note(ctx context.Context, done bool, output []byte) error {
	j := t.job
	return t.exec(ctx, `
		INSERT INTO {place}.henge_job (key, dialect, queue, id, run, begun, attempt, done, output, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (key) DO UPDATE SET attempt = excluded.attempt, done = excluded.done, output = excluded.output, at = excluded.at`,
		keyOf(j), j.Dialect, []byte(j.Queue), []byte(j.ID), j.Run, j.Begun, j.Attempt, done, output, t.now())
}

// Recall implements circle.Store.
func (s *Store) Recall(ctx context.Context, j *job.Job) (*job.Result, error) {
	// An earlier attempt that is about to commit has made the circle's database.
	_, found, err := s.place(ctx, j.Circle)
	if err != nil || j.Run <= 0 || !found {
		return nil, err
	}
	t, err := s.begin(ctx, j, true)
	if err != nil {
		return nil, explain(ctx, err, nil)
	}
	var known recalled
	err = t.own(ctx, true, func() error {
		if known, err = t.recall(ctx, j); err != nil || known.done {
			return err
		}
		if known.attempt >= j.Attempt {
			return job.ErrLeaseLost
		}
		if err := t.note(ctx, false, nil); err != nil {
			return err
		}
		return t.commit(ctx)
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
func (t *tx) keepResult(ctx context.Context, r *job.Result) error {
	if t.job.Run <= 0 || r == nil {
		return nil
	}
	known, err := t.recall(ctx, t.job)
	if err != nil {
		return err
	}
	if known.done || known.attempt > t.job.Attempt {
		return job.ErrLeaseLost
	}
	return t.note(ctx, true, r.Output)
}

// prune forgets results to which no attempt can follow any more.
func (t *tx) prune(ctx context.Context) error {
	if t.store.opts.Keep < 0 {
		return nil
	}
	before := t.store.opts.Now().Add(-t.store.opts.Keep).UnixMilli()
	return t.exec(ctx, "DELETE FROM {place}.henge_job WHERE key IN (SELECT key FROM {place}.henge_job WHERE at <= $1 ORDER BY at LIMIT $2)", before, mostSwept)
}
