package queue

import (
	"context"
	"errors"
	"fmt"

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
// became of them. It is safe for concurrent use, and needs no Close where
// nobody waits.
type Producer struct {
	rdb     redis.UniversalClient
	dialect dialect
	opts    Options
	scripts *scripts
	waits   *waits
}

// NewProducer returns a producer for a dialect. What New says of rdb holds
// here too.
func NewProducer(rdb redis.UniversalClient, dialectName string) (*Producer, error) {
	q, err := New(rdb, Options{AllCircles: true, Dialects: []string{dialectName}})
	if err != nil {
		return nil, err
	}
	return &Producer{rdb: rdb, dialect: q.dialects[0], opts: q.opts, scripts: q.scripts, waits: newWaits(rdb)}, nil
}

// Close ends all that Wait, with redis.ErrClosed; the client stays open.
func (p *Producer) Close() error {
	p.waits.close()
	return nil
}

// Dialect returns the name of the dialect.
func (p *Producer) Dialect() string { return p.dialect.name() }

// Submit writes a job and puts it to the end of its list. Without an ID it
// gets a new UUID, or in the dialect HeroJobs the next number of its circle
// and topic. It returns the job's name, or ErrExists. In all dialects but
// Henge the timeout is rounded up to seconds.
func (p *Producer) Submit(ctx context.Context, s *Submission) (Ref, error) {
	one := *s
	keys, args, err := p.submit(&one)
	if err != nil {
		return Ref{}, fmt.Errorf("submit job: %w", err)
	}
	reply, err := p.scripts.submit.run(ctx, p.rdb, keys, args...)
	if err != nil {
		return Ref{}, fmt.Errorf("submit job: %w", err)
	}
	ref, err := submitted(one.ref(), reply)
	if err != nil {
		return Ref{}, fmt.Errorf("submit job %s: %w", quoteShort(one.ID), err)
	}
	return ref, nil
}

// submitted reads what the script answered for a job: an id where it counted
// one.
func submitted(r Ref, reply any) (Ref, error) {
	switch id := reply.(type) {
	case string:
		r.ID = id
	case int64:
		if id == 0 {
			return Ref{}, ErrExists
		}
	}
	return r, nil
}

// submission completes a job, and returns where it is to be and its fields.
func (p *Producer) submission(s *Submission) (place, []any, error) {
	if err := s.complete(p.dialect); err != nil {
		return place{}, nil, err
	}
	if p.dialect.name() != Henge && s.Priority != 0 {
		return place{}, nil, fmt.Errorf("only jobs of the dialect %s have a priority", Henge)
	}
	if s.In > 0 && !s.At.IsZero() {
		return place{}, nil, errors.New("give the time at which the job is to run or how long after now, not both")
	}
	at, err := p.dialect.place(s.ref(), &s.Job)
	if err != nil {
		return place{}, nil, err
	}
	fields, err := p.dialect.fields(s)
	return at, fields, err
}

// submit returns what the script takes.
func (p *Producer) submit(s *Submission) (keys []string, args []any, err error) {
	at, fields, err := p.submission(s)
	if err != nil {
		return nil, nil, err
	}
	args = p.opts.args(append([]any{p.dialect.name(), s.ID, s.runAt(), s.level()}, fields...)...)
	return []string{at.list}, args, nil
}

// Submitted is what became of one of many jobs that were handed in.
type Submitted struct {
	Ref Ref
	Err error // ErrExists, or why this one could not be written
}

// mostInPipeline is how many commands are sent before answers are read.
const mostInPipeline = 500

// SubmitMany is Submit for many jobs in few round trips. The answers are in
// the order of the jobs. An error stands for all jobs behind the last answer:
// whether these were written is not known.
func (p *Producer) SubmitMany(ctx context.Context, jobs []Submission) ([]Submitted, error) {
	answers := make([]Submitted, 0, len(jobs))
	for len(answers) < len(jobs) {
		part := jobs[len(answers):min(len(answers)+mostInPipeline, len(jobs))]
		done, err := within(ctx, func() ([]Submitted, error) { return p.submitPart(ctx, part) })
		if err != nil {
			return answers, fmt.Errorf("submit %d jobs, of which %d were written: %w", len(jobs), len(answers), err)
		}
		answers = append(answers, done...)
	}
	return answers, nil
}

// submitPart writes a pipeline of jobs.
func (p *Producer) submitPart(ctx context.Context, jobs []Submission) ([]Submitted, error) {
	answers := make([]Submitted, len(jobs))
	replies := make([]*redis.Cmd, len(jobs))
	script := p.scripts.submit
	form, err := script.ready(ctx, p.rdb)
	if err != nil {
		return nil, err
	}
	_, err = p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := range jobs {
			one := jobs[i]
			keys, args, err := p.submit(&one)
			if err != nil {
				answers[i].Err = err
				continue
			}
			answers[i].Ref = one.ref()
			replies[i] = script.send(ctx, pipe, form, keys, args)
		}
		return nil
	})
	if err != nil && !isRefused(err) {
		return nil, err
	}
	for i, reply := range replies {
		switch {
		case reply == nil:
		case isUnknown(reply.Err()): // lost meanwhile
			answers[i].Ref, answers[i].Err = p.Submit(ctx, &jobs[i])
		case reply.Err() != nil:
			answers[i].Err = reply.Err()
		default:
			answers[i].Ref, answers[i].Err = submitted(answers[i].Ref, reply.Val())
		}
	}
	return answers, nil
}

// Get returns a job with all its fields, or ErrNotFound. In the dialect HeroJobs
// an id alone names a job of an earlier version of that system.
func (p *Producer) Get(ctx context.Context, r Ref) (Record, error) {
	if p.dialect.name() == HeroJobs && r.Circle == "" && r.Topic == "" {
		fields, err := within(ctx, func() (map[string]string, error) { return p.olderFields(ctx, r.ID) })
		return found(r, fields, err)
	}
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(r.ID), err)
	}
	fields, err := within(ctx, func() (map[string]string, error) {
		return p.fields(ctx, place)
	})
	return found(r, fields, err)
}

func found(r Ref, fields map[string]string, err error) (Record, error) {
	if err != nil {
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(r.ID), err)
	}
	if len(fields) == 0 {
		return Record{}, fmt.Errorf("get job %s: %w", quoteShort(r.ID), ErrNotFound)
	}
	return Record{Ref: r, Fields: fields}, nil
}

// fields returns those of a job, none where it is not there.
func (p *Producer) fields(ctx context.Context, at place) (map[string]string, error) {
	if at.own == "" {
		return p.rdb.HGetAll(ctx, at.key).Result()
	}
	var hash, own *redis.MapStringStringCmd
	_, err := p.rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		hash, own = pipe.HGetAll(ctx, at.key), pipe.HGetAll(ctx, at.own)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return herojobsFields(hash.Val(), own.Val()), nil
}

// Logs returns the log of a job, oldest line first; none when the job wrote
// none, or when it was too long ago.
func (p *Producer) Logs(ctx context.Context, r Ref) ([]job.LogLine, error) {
	place, err := p.dialect.place(r, nil)
	if err != nil {
		return nil, fmt.Errorf("logs of job %s: %w", quoteShort(r.ID), err)
	}
	texts, err := within(ctx, func() ([]string, error) {
		return p.rdb.LRange(ctx, place.log, 0, -1).Result()
	})
	if err != nil {
		return nil, fmt.Errorf("logs of job %s: %w", quoteShort(r.ID), err)
	}
	lines := make([]job.LogLine, 0, len(texts))
	for _, text := range texts {
		lines = append(lines, decodeLogLine(text))
	}
	return lines, nil
}
