package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// historyGroup is the consumer group of the streams, and its one consumer:
	// whoever reads an entry first has it, whatever the worker is called.
	historyGroup = "henge"

	// historyAgain is after what time an entry that was read and not kept is
	// read again, by anyone. Writing a batch must take less, or it is done
	// twice, which is no harm.
	historyAgain = time.Minute

	historyBatch = 500     // entries read at once
	historyPart  = 8 << 20 // bytes of jobs after which they are kept
	historyRead  = 16      // jobs read at once
	historyTurn  = 200     // streams looked at in one call
)

// Taken says what one TakeHistory did.
type Taken struct {
	Kept int
	Gone int  // jobs that were not there any more, or were dispatched anew
	More bool // there may be more at once

	// New says that nobody had asked this Redis for jobs of HeroJobs before: it
	// is a new one, or has lost what it knew. See RaiseIDs.
	New bool
}

// TakeHistory hands the jobs of Options.History that ended to keep, in parts,
// and forgets those of a part when keep has returned nil. Each is given to one
// of those who ask; what was given and not kept, since the worker was killed or
// keep failed, is given again a minute later: a job may come twice.
func (q *Queue) TakeHistory(ctx context.Context, keep func(context.Context, []Ended) error) (Taken, error) {
	var all Taken
	streams := q.historyStreams()
	at := int(q.historyAt.Load())
	if at >= len(streams) {
		at = 0
	}
	turn := streams[at:min(at+historyTurn, len(streams))]
	for _, s := range turn {
		one, err := q.takeStream(ctx, s, keep)
		all.Kept, all.Gone = all.Kept+one.Kept, all.Gone+one.Gone
		all.More, all.New = all.More || one.More, all.New || one.New
		if err != nil {
			return all, fmt.Errorf("take ended jobs from %s: %w", s.key, err)
		}
	}
	if !all.More {
		q.historyAt.Store(int64(at + len(turn)))
	}
	return all, nil
}

type historyStream struct {
	key     string
	dialect dialect
}

func (q *Queue) historyStreams() []historyStream {
	var streams []historyStream
	for _, scope := range q.scopes() {
		for _, d := range q.dialects {
			if slices.Contains(q.opts.History, d.name()) && (scope == scopeShared) == (d.name() != Henge) {
				streams = append(streams, historyStream{scope + inHistory + d.name(), d})
			}
		}
	}
	return streams
}

func (q *Queue) takeStream(ctx context.Context, s historyStream, keep func(context.Context, []Ended) error) (Taken, error) {
	var taken Taken
	entries, err := within(ctx, func() ([]redis.XMessage, error) { return q.readStream(ctx, s.key) })
	if redis.HasErrorPrefix(err, "NOGROUP") {
		taken.New = s.dialect.name() == HeroJobs
		entries, err = within(ctx, func() ([]redis.XMessage, error) {
			err := q.rdb.XGroupCreateMkStream(ctx, s.key, historyGroup, "0").Err()
			if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
				return nil, err
			}
			return q.readStream(ctx, s.key)
		})
	}
	if err != nil {
		return taken, err
	}
	taken.More = len(entries) >= historyBatch
	var part []Ended
	var ids []string
	size := 0
	for at := 0; at < len(entries); at += historyRead {
		chunk := entries[at:min(at+historyRead, len(entries))]
		jobs, err := within(ctx, func() ([]Ended, error) { return q.readEnded(ctx, s.dialect, chunk) })
		if err != nil {
			return taken, err
		}
		part = append(part, jobs...)
		taken.Gone += len(chunk) - len(jobs)
		for _, e := range chunk {
			ids = append(ids, e.ID)
		}
		for _, j := range jobs {
			for _, value := range j.Fields {
				size += len(value)
			}
		}
		if size < historyPart && at+historyRead < len(entries) {
			continue
		}
		if len(part) > 0 {
			if err := keep(ctx, part); err != nil {
				return taken, err
			}
		}
		if err := q.forgetEntries(ctx, s.key, ids); err != nil {
			return taken, err
		}
		taken.Kept += len(part)
		part, ids, size = nil, nil, 0
	}
	return taken, nil
}

// readStream returns entries that nobody has read, and those that somebody read
// a while ago and has not kept.
func (q *Queue) readStream(ctx context.Context, key string) ([]redis.XMessage, error) {
	var fresh *redis.XStreamSliceCmd
	var again *redis.XAutoClaimCmd
	_, err := q.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		fresh = pipe.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: historyGroup, Consumer: historyGroup, Streams: []string{key, ">"}, Count: historyBatch, Block: -1,
		})
		again = pipe.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: key, Group: historyGroup, Consumer: historyGroup, MinIdle: historyAgain, Start: "0-0", Count: historyBatch,
		})
		// Where nobody keeps a history any more, the stream goes with the jobs
		// that it names.
		if q.opts.JobTTL > 0 {
			pipe.PExpire(ctx, key, q.opts.JobTTL)
		} else {
			pipe.Persist(ctx, key)
		}
		return nil
	})
	if err != nil && err != redis.Nil {
		return nil, err
	}
	if err := again.Err(); err != nil {
		return nil, err
	}
	entries, _ := again.Val()
	for _, stream := range fresh.Val() {
		entries = append(entries, stream.Messages...)
	}
	return entries, nil
}

func (q *Queue) forgetEntries(ctx context.Context, key string, ids []string) error {
	_, err := within(ctx, func() (struct{}, error) {
		_, err := q.rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.XAck(ctx, key, historyGroup, ids...)
			pipe.XDel(ctx, key, ids...)
			return nil
		})
		return struct{}{}, err
	})
	return err
}

// readEnded reads the jobs that entries name, and leaves out those that are not
// there any more, or that were dispatched again: they will end once more.
func (q *Queue) readEnded(ctx context.Context, d dialect, entries []redis.XMessage) ([]Ended, error) {
	var jobs []Ended
	var hashes, owns []*redis.MapStringStringCmd
	_, err := q.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, e := range entries {
			one, ok := endedIn(d, e)
			if !ok {
				continue
			}
			at, err := d.place(one.Ref, nil)
			if err != nil {
				continue
			}
			jobs, hashes = append(jobs, one), append(hashes, pipe.HGetAll(ctx, at.key))
			if at.own != "" {
				owns = append(owns, pipe.HGetAll(ctx, at.own))
			}
		}
		return nil
	})
	if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") { // what a producer wrote since
		return nil, err
	}
	found := jobs[:0]
	for i, one := range jobs {
		one.Fields = hashes[i].Val()
		if len(owns) > 0 {
			one.Fields = herojobsFields(hashes[i].Val(), owns[i].Val())
		}
		if one.Record.Ended() {
			found = append(found, one)
		}
	}
	return found, nil
}

// RaiseIDs has new jobs of the dialect HeroJobs begin above ids that were used:
// those of names, by circle and topic. An id that is lower than what Redis knows
// changes nothing.
func (q *Queue) RaiseIDs(ctx context.Context, names []Ref) error {
	for part := range slices.Chunk(names, mostInPipeline) {
		args := q.opts.args()
		for _, name := range part {
			args = append(args, keyIDs+fixName(name.Circle)+":"+fixName(name.Topic), name.ID)
		}
		if _, err := q.scripts.raise.run(ctx, q.rdb, []string{keyIDs}, args...); err != nil {
			return fmt.Errorf("raise the ids of new jobs: %w", err)
		}
	}
	return nil
}
