package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/job"
)

var (
	// ErrNotFound is returned for a job that is not there.
	ErrNotFound = errors.New("no such job")

	// ErrExists is returned for an id that is taken.
	ErrExists = errors.New("a job of this id exists already")
)

// Producer is a client's side of the queue: it submits jobs and reads what
// became of them. It is safe for concurrent use and has nothing to close.
type Producer struct {
	rdb     redis.UniversalClient
	opts    Options
	scripts *scripts
}

// NewProducer returns a producer. What New says of rdb holds here too.
func NewProducer(rdb redis.UniversalClient) *Producer {
	opts, err := Options{AllCircles: true}.withDefaults()
	if err != nil {
		panic(err) // the defaults are right
	}
	return &Producer{rdb: rdb, opts: opts, scripts: loadScripts()}
}

// Submit writes a job and puts it to the end of its list: the one of its type,
// or its Queue where it has one. Without an ID it gets a new UUID. It returns
// the id, or ErrExists. Type, Circle and Payload are required; the timeout is
// rounded up to seconds; Attempt and Dialect are not used.
func (p *Producer) Submit(ctx context.Context, j *job.Job) (id string, err error) {
	id = j.ID
	if id == "" {
		id = uuid.NewString()
	}
	fields, err := heroFields(j)
	if err != nil {
		return "", fmt.Errorf("submit job: %w", err)
	}
	list, err := listOf(j)
	if err != nil {
		return "", fmt.Errorf("submit job: %w", err)
	}
	args := p.opts.args(append([]any{id}, fields...)...)
	reply, err := p.scripts.submit.run(ctx, p.rdb, commonKeys(list), args...)
	if err != nil {
		return "", fmt.Errorf("submit job: %w", err)
	}
	if reply == int64(0) {
		return "", fmt.Errorf("submit job %s: %w", quoteShort(id), ErrExists)
	}
	return id, nil
}

// heroFields returns the fields of a new hero job but those that the script
// writes.
func heroFields(j *job.Job) ([]any, error) {
	circle, err := job.ParseCircle(j.Circle)
	if err != nil {
		return nil, err
	}
	if len(j.ID) > maxID {
		return nil, fmt.Errorf("the id is %d bytes long: at most %d are allowed", len(j.ID), maxID)
	}
	seconds := int64((j.Timeout + time.Second - 1) / time.Second)
	fields := []any{
		"caller_id", j.Caller, "context_id", circle, "script_type", j.Type, "script", j.Payload,
		"timeout", max(seconds, 0), "retries", max(j.Retries, 0), "concurrent", "false",
	}
	if len(j.Env) > 0 {
		env, err := json.Marshal(j.Env)
		if err != nil {
			return nil, fmt.Errorf("env_vars: %w", err)
		}
		fields = append(fields, "env_vars", env)
	}
	if limits := encodeLimits(j.Limits); limits != "" {
		fields = append(fields, fieldLimits, limits)
	}
	return fields, nil
}

// Get returns a job with all its fields, or ErrNotFound.
func (p *Producer) Get(ctx context.Context, id string) (Record, error) {
	fields, err := within(ctx, func() (map[string]string, error) {
		return p.rdb.HGetAll(ctx, heroJob+id).Result()
	})
	if err != nil {
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(id), err)
	}
	if len(fields) == 0 {
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(id), ErrNotFound)
	}
	return Record{ID: id, Fields: fields}, nil
}

// Logs returns the log of a job, oldest line first; none when the job wrote
// none, or when it was too long ago.
func (p *Producer) Logs(ctx context.Context, id string) ([]job.LogLine, error) {
	texts, err := within(ctx, func() ([]string, error) {
		return p.rdb.LRange(ctx, logKey(id), 0, -1).Result()
	})
	if err != nil {
		return nil, fmt.Errorf("logs of job %s: %w", quoteShort(id), err)
	}
	lines := make([]job.LogLine, 0, len(texts))
	for _, text := range texts {
		lines = append(lines, decodeLogLine(text))
	}
	return lines, nil
}
