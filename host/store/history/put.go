package history

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/henge-run/henge/host/store/connection"
)

const upsert = `
INSERT INTO job (` + columns + `, output, payload, raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (dialect, id, queue, run) DO UPDATE SET
	topic = excluded.topic, type = excluded.type, caller = excluded.caller, worker = excluded.worker,
	status = excluded.status, end = excluded.end, error = excluded.error, attempt = excluded.attempt,
	created = excluded.created, started = excluded.started, ended = excluded.ended,
	cut = excluded.cut, cost = excluded.cost,
	output = excluded.output, payload = excluded.payload, raw = excluded.raw
WHERE excluded.attempt >= job.attempt`

const count = `
INSERT INTO highest (topic, id) VALUES (?, ?)
ON CONFLICT (topic) DO UPDATE SET id = max(id, excluded.id)`

// Put keeps records, each circle's in one transaction, which is on disk when
// Put returns nil. A record that is there already, by dialect, circle, queue,
// id and run, is replaced unless its attempt is higher: to put a batch again
// after an error is harmless. It writes nothing when Check refuses one of
// them; after another error some circles may be written and others not.
func (s *Store) Put(ctx context.Context, records []Record) error {
	now := s.opts.Now()
	batches := map[string][]Record{}
	var order []string
	for i, r := range records {
		if err := r.Check(); err != nil {
			return fmt.Errorf("put record %d of %d in the history: %w", i+1, len(records), err)
		}
		r.Circle, _ = canonical(r.Circle)
		if batches[r.Circle] == nil {
			order = append(order, r.Circle)
		}
		batches[r.Circle] = append(batches[r.Circle], r.bounded(s.opts.MaxField, now))
	}
	var failed []error
	for _, circle := range order {
		// One broken file must not keep the other circles from being written.
		failed = append(failed, s.with(ctx, circle, true, func(conn *connection.Conn) error {
			return putAll(conn, batches[circle])
		}))
	}
	return errors.Join(failed...)
}

func putAll(conn *connection.Conn, records []Record) error {
	return conn.Immediate(func() error {
		for _, r := range records {
			if err := conn.Exec(upsert,
				r.Dialect, r.Queue, r.ID, r.Run, r.Topic, r.Type, r.Caller, r.Worker,
				r.Status, int64(r.End), r.Error, r.Attempt,
				milliseconds(r.Created), milliseconds(r.Started), milliseconds(r.Ended),
				int64(r.Cut), r.Cost, r.Output, r.Payload, r.Raw,
			); err != nil {
				return err
			}
			if r.Dialect != HeroJobs {
				continue
			}
			// Ids that are no number were not counted up by anyone.
			if id, err := strconv.ParseUint(r.ID, 10, 32); err == nil {
				if err := conn.Exec(count, r.Topic, int64(id)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
