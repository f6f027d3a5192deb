package queue

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 250 * time.Millisecond

	// pollShare bounds what polling costs the server: it pauses for this many
	// times as long as a round has taken.
	pollShare = 10
)

// poller asks for all jobs that are waited for, in rounds.
type poller struct {
	*waits
	all  time.Time // when every answer was last taken for news
	away time.Time // since when Redis does not answer
}

// run asks until ctx ends: often at first, and then less as long as nothing
// happens.
func (p *poller) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		told, err := p.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			p.away = time.Time{}
		case errors.Is(err, redis.ErrClosed) || !p.away.IsZero() && time.Since(p.away) > waitPatience:
			p.fail(err)
		case p.away.IsZero():
			p.away = began
		}
		if told {
			pause = firstPause
		}
		timer := time.NewTimer(max(pause, pollShare*time.Since(began)))
		select {
		case <-timer.C:
			pause = min(2*pause, lastPause)
		case <-p.asked:
			pause = firstPause
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// round asks once. It returns an error when Redis did not answer; what it
// answered of a single job is for whoever waits for that.
func (p *poller) round(ctx context.Context) (told bool, err error) {
	news := time.Since(p.all) > waitAgain
	if news {
		p.all = time.Now()
	}
	list := p.questions(true)
	for len(list) > 0 {
		part := list[:min(len(list), mostInPipeline)]
		list = list[len(part):]
		answers := make([]*redis.Cmd, len(part))
		_, err := p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, q := range part {
				args := make([]any, len(q.command))
				for k, arg := range q.command {
					args[k] = arg
				}
				answers[i] = pipe.Do(ctx, args...)
			}
			return nil
		})
		if err != nil && !isRefused(err) {
			return told, err
		}
		for i, a := range answers {
			if isLoading(a.Err()) {
				return told, a.Err()
			}
			told = p.answered(part[i].key, a.Val(), news || a.Err() != nil) || told
		}
	}
	return told, nil
}

// isLoading says that the server is there and cannot answer yet.
func isLoading(err error) bool {
	for _, prefix := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}
