package queue

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

// Filter says which jobs List returns; an empty field lets all through.
type Filter struct {
	Status string
	Circle string // compared as job.ParseCircle writes it
	Type   string // compared without case
	Topic  string // of jobs of the dialect HeroJobs, as it is or as it stands in keys
}

// listedFields are what List reads of each job: neither the script nor the
// output, which may be large.
var listedFields = [...]string{
	"id", "task_id", "caller_id", "callerId", "caller", "context_id", "contextId", "circle", "script_type", "type", "status",
	"created_at", "createdAt", "created_ms", "updated_at", "updatedAt", "updated_ms", "timeout", "timeout_ms", "retries",
	"error", "end", "attempt", "run", "failures", "crashes", "worker", "queue", "progress", "cancel",
}

// List returns up to limit jobs, in no order, with some of their fields:
// everything but script, output, env_vars and what henge does not know. It
// walks through the keys in small steps, so it does not hold up Redis, and may
// miss a job that comes while it runs. A limit of 0 or less means 100.
func (p *Producer) List(ctx context.Context, f Filter, limit int) ([]Record, error) {
	if limit <= 0 {
		limit = 100
	}
	records, err := within(ctx, func() ([]Record, error) { return p.list(ctx, f, limit) })
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return records, nil
}

func (p *Producer) list(ctx context.Context, f Filter, limit int) ([]Record, error) {
	var records []Record
	seen := map[string]bool{} // SCAN may give a key twice
	pattern := p.dialect.jobs(f.Circle)
	err := eachServer(ctx, p.rdb, func(ctx context.Context, rdb redis.Cmdable) error {
		for cursor := uint64(0); len(records) < limit; {
			keys, next, err := rdb.ScanType(ctx, cursor, pattern, 500, "hash").Result()
			if err != nil {
				return err
			}
			page, err := p.read(ctx, keys)
			if err != nil {
				return err
			}
			for _, r := range page {
				if len(records) < limit && !seen[r.String()] && f.matches(r) {
					seen[r.String()] = true
					records = append(records, r)
				}
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
		return ctx.Err()
	})
	return records, err
}

func (p *Producer) read(ctx context.Context, keys []string) ([]Record, error) {
	if len(keys) == 0 {
		return nil, ctx.Err()
	}
	if p.dialect.name() == HeroJobs {
		return p.readTexts(ctx, keys)
	}
	answers := make([]*redis.SliceCmd, len(keys))
	_, err := p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, key := range keys {
			answers[i] = pipe.HMGet(ctx, key, listedFields[:]...)
		}
		return nil
	})
	if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") { // a key may have changed since the scan
		return nil, err
	}
	var records []Record
	for i, answer := range answers {
		r := Record{Ref: p.dialect.ref(keys[i]), Fields: map[string]string{}}
		for k, v := range answer.Val() {
			if s, ok := v.(string); ok {
				r.Fields[listedFields[k]] = s
			}
		}
		if len(r.Fields) > 0 {
			records = append(records, r)
		}
	}
	return records, nil
}

// readTexts reads jobs that are one text each, and leaves out the same of them.
func (p *Producer) readTexts(ctx context.Context, keys []string) ([]Record, error) {
	var records []Record
	for _, key := range keys {
		ref := p.dialect.ref(key)
		place, err := p.dialect.place(ref, nil)
		if err != nil || place.key != key {
			continue // somebody else's
		}
		fields, err := p.fields(ctx, place)
		if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
			return nil, err
		}
		for _, large := range []string{"params", "result", "job"} {
			delete(fields, large)
		}
		if len(fields) > 0 {
			records = append(records, Record{Ref: ref, Fields: fields})
		}
	}
	return records, nil
}

func (f Filter) matches(r Record) bool {
	if f.Circle != "" && r.Topic != "" { // a job of HeroJobs, with its name as it was found
		if fixName(f.Circle) != fixName(r.Circle) {
			return false
		}
	} else if f.Circle != "" {
		want, err := job.ParseCircle(f.Circle)
		have, err2 := job.ParseCircle(r.InCircle())
		if err != nil || err2 != nil || want != have {
			return false
		}
	}
	if !r.InTopic(f.Topic) {
		return false
	}
	return (f.Status == "" || f.Status == r.Status()) &&
		(f.Type == "" || strings.EqualFold(f.Type, r.Type()))
}
