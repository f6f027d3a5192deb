package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/history"
)

// jobRow is a line of henge job ls.
type jobRow struct {
	name                                     string // of which there is one job at a time
	id, status, end, typ, circle, err, where string
	created                                  time.Time
}

func rowsOf(records []queue.Record) []jobRow {
	rows := make([]jobRow, len(records))
	for i, r := range records {
		rows[i] = jobRow{
			r.String(), r.ID, r.Status(), r.Fields["end"], r.Type(), r.InCircle(), r.Fields["error"], inRedis, r.Created(),
		}
	}
	return rows
}

// listHistory returns jobs that ended, as the flags say.
func (g *globals) listHistory(ctx context.Context, p *queue.Producer, c *jobLs) ([]jobRow, error) {
	store, err := g.openHistory()
	if store == nil || err != nil {
		return nil, err
	}
	defer store.Close()
	circle := c.Circle
	if circle != "" {
		if circle, _, err = p.InHistory(queue.Ref{Circle: c.Circle}); err != nil {
			return nil, err
		}
	}
	records, err := store.List(ctx, history.Filter{
		Dialect: p.Dialect(), Circle: circle, Type: strings.ToLower(c.Type), Status: c.Status,
	}, min(max(c.Limit, 1), history.MaxList))
	if err != nil {
		return nil, err
	}
	var rows []jobRow
	for _, r := range records {
		ref := queue.RefIn(r.Dialect, r.Queue, r.ID)
		if !ref.InTopic(c.Topic) {
			continue
		}
		rows = append(rows, jobRow{
			ref.String(), r.ID, r.Status, r.End.String(), r.Type, r.Circle, r.Error, inHistory, r.Created,
		})
	}
	return rows, nil
}

// rowTable shows up to limit jobs, the last created first, and of each what
// came first: what Redis has is newer than the history.
func rowTable(rows []jobRow, limit int) table {
	seen := map[string]bool{}
	rows = slices.DeleteFunc(rows, func(r jobRow) bool {
		twice := seen[r.name]
		seen[r.name] = true
		return twice
	})
	slices.SortStableFunc(rows, func(a, b jobRow) int {
		return cmp.Or(b.created.Compare(a.created), strings.Compare(a.id, b.id))
	})
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	t := table{columns: []string{"id", "status", "end", "type", "circle", "created", "where", "error"}}
	for _, r := range rows {
		created := ""
		if !r.created.IsZero() {
			created = r.created.UTC().Format(time.RFC3339Nano)
		}
		t.rows = append(t.rows, []any{r.id, r.status, r.end, r.typ, r.circle, created, r.where, r.err})
	}
	return t
}
