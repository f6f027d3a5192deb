package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrGone is returned for a dead letter that is not there any more.
var ErrGone = errors.New("no such dead letter")

// DeadLetter is a job that was given up, or an id that never became one.
type DeadLetter struct {
	// Member names it among the dead letters of its scope.
	Member string

	// Dialect, Queue and ID say which job it is; an id that was too long to be
	// one is cut and ends in "...".
	Dialect, Queue, ID string

	// Reason says why it was given up, and At when.
	Reason string
	At     time.Time

	// Circle and Status are the job's, as it writes them; empty where there is
	// no job, or it cannot be read.
	Circle, Status string
}

// Ref names the letter's job in its dialect.
func (l DeadLetter) Ref() Ref {
	switch l.Dialect {
	case Henge:
		return Ref{ID: l.ID, Circle: circleOfOwn(l.Queue)}
	case HeroJobs:
		circle, topic, _ := strings.Cut(strings.TrimPrefix(l.Queue, herojobsList), ":")
		return Ref{ID: l.ID, Circle: circle, Topic: topic}
	}
	return Ref{ID: l.ID}
}

// DeadFilter says which dead letters are meant; an empty field lets all
// through.
type DeadFilter struct {
	Queue  string
	Circle string
	Reason string   // a part of it
	IDs    []string // ids of jobs, or members
}

func (f DeadFilter) matches(l DeadLetter) bool {
	return (f.Queue == "" || f.Queue == l.Queue) &&
		(f.Circle == "" || strings.EqualFold(f.Circle, l.Circle)) &&
		strings.Contains(l.Reason, f.Reason) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, l.ID) || slices.Contains(f.IDs, l.Member))
}

// Dead returns the dead letters, the newest first.
func (o *Operator) Dead(ctx context.Context, f DeadFilter) ([]DeadLetter, error) {
	letters, err := o.letters(ctx)
	if err == nil {
		err = o.readJobs(ctx, letters)
	}
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	letters = slices.DeleteFunc(letters, func(l DeadLetter) bool { return !f.matches(l) })
	slices.SortStableFunc(letters, func(a, b DeadLetter) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Member, b.Member))
	})
	return letters, nil
}

// letters returns the dead letters of all scopes.
func (o *Operator) letters(ctx context.Context) ([]DeadLetter, error) {
	scopes := map[string]bool{}
	for _, d := range o.dialects {
		if d.name() != Henge {
			scopes[scopeShared] = true
			continue
		}
		if err := scanKeys(ctx, o.rdb, ownBefore+"*}:"+inDead, "zset", func(key string) { scopes[scopeOf(key)] = true }); err != nil {
			return nil, err
		}
	}
	var letters []DeadLetter
	for scope := range scopes {
		for at := int64(0); ; at += scanned {
			page, err := within(ctx, func() ([]redis.Z, error) {
				return o.rdb.ZRangeWithScores(ctx, scope+inDead, at, at+scanned-1).Result()
			})
			if err != nil {
				return nil, err
			}
			for _, z := range page {
				if l, ok := o.letter(z); ok {
					letters = append(letters, l)
				}
			}
			if len(page) < scanned {
				break
			}
		}
	}
	return letters, nil
}

// letter reads a member as bury in lua/common.lua writes it.
func (o *Operator) letter(z redis.Z) (DeadLetter, bool) {
	member, _ := z.Member.(string)
	parts := strings.SplitN(member, "|", 4)
	if len(parts) < 4 || !slices.ContainsFunc(o.dialects, func(d dialect) bool { return d.name() == parts[0] }) {
		return DeadLetter{}, false
	}
	return DeadLetter{
		Member: member, Dialect: parts[0], Queue: parts[1], Reason: parts[2], ID: parts[3], At: time.UnixMilli(int64(z.Score)),
	}, true
}

// readJobs looks up whose jobs the letters are of.
func (o *Operator) readJobs(ctx context.Context, letters []DeadLetter) error {
	for part := range slices.Chunk(letters, scanned) {
		answers := make([]*redis.SliceCmd, len(part))
		_, err := within(ctx, func() ([]redis.Cmder, error) {
			return o.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
				for i, l := range part {
					if at, ok := o.placeOf(l); ok {
						answers[i] = pipe.HMGet(ctx, at.key, "context_id", "contextId", "status", "job")
					}
				}
				return nil
			})
		})
		if err != nil && !isRefused(err) { // a job's key may hold anything: that may be why it is dead
			return err
		}
		for i, answer := range answers {
			if answer != nil && answer.Err() == nil {
				part[i].fill(answer.Val())
			}
		}
	}
	return nil
}

// fill takes what stands in the job.
func (l *DeadLetter) fill(v []any) {
	fields := map[string]string{}
	for i, name := range []string{"context_id", "contextId", "status", "job"} {
		if s, ok := v[i].(string); ok {
			fields[name] = s
		}
	}
	if l.Dialect == HeroJobs {
		fields = herojobsFields(fields, nil)
	}
	r := Record{Ref: l.Ref(), Fields: fields}
	l.Circle, l.Status = r.InCircle(), r.Status()
	if l.Circle == "" && l.Dialect == Rhailib && l.Status != "" {
		l.Circle = strings.TrimPrefix(l.Queue, rhailibList)
	}
}

func (o *Operator) placeOf(l DeadLetter) (place, bool) {
	for _, d := range o.dialects {
		if d.name() == l.Dialect {
			at, err := d.place(l.Ref(), nil)
			return at, err == nil
		}
	}
	return place{}, false
}

// RetryDead dispatches the job of a dead letter again, with all its retries, and
// forgets the letter. It returns ErrGone, ErrNotFound where there is no job, and
// ErrNotEnded for one that waits or runs already.
func (o *Operator) RetryDead(ctx context.Context, l DeadLetter) error {
	reply, err := o.scripts.retry.run(ctx, o.rdb, []string{scopeOf(l.Queue) + inLease},
		o.opts.args(l.Dialect, l.Queue, l.ID, l.Member)...)
	if err == nil {
		switch reply {
		case "gone":
			err = ErrGone
		case "missing":
			err = ErrNotFound
		case "running":
			err = ErrNotEnded
		}
	}
	if err != nil {
		return fmt.Errorf("retry the dead letter of job %s: %w", quoteShort(l.ID), err)
	}
	return nil
}

// RemoveDead forgets dead letters and returns how many were there. Their jobs
// stay as they are.
func (o *Operator) RemoveDead(ctx context.Context, letters []DeadLetter) (int, error) {
	members := map[string][]any{}
	for _, l := range letters {
		scope := scopeOf(l.Queue)
		members[scope] = append(members[scope], l.Member)
	}
	total := 0
	for scope, all := range members {
		for part := range slices.Chunk(all, scanned) {
			n, err := within(ctx, func() (int64, error) { return o.rdb.ZRem(ctx, scope+inDead, part...).Result() })
			if err != nil {
				return total, fmt.Errorf("remove %d dead letters, of which %d were removed: %w", len(letters), total, err)
			}
			total += int(n)
		}
	}
	return total, nil
}
