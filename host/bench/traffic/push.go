package traffic

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/queue"
)

// pushed is one job as a producer writes it who never heard of henge: a hash
// and an LPUSH. The names are those that every producer uses.
type pushed struct {
	id, circle string
}

// hash returns the job's key and fields.
func (p pushed) hash(dialect string) (key string, fields []any) {
	if dialect == queue.Henge {
		return "henge:{" + p.circle + "}:job:" + p.id,
			[]any{"id", p.id, "caller", p.circle, "payload", script, "status", "queued"}
	}
	return "hero:job:" + p.id,
		[]any{"id", p.id, "caller_id", p.circle, "context_id", p.circle, "script", script, "status", "dispatched"}
}

func (p pushed) list(dialect, scriptType string) string {
	if dialect == queue.Henge {
		return "henge:{" + p.circle + "}:q:" + scriptType
	}
	return "hero:q:work:type:" + scriptType
}

// jobs returns n jobs, the circles in turn.
func (r *run) jobs(prefix string, n int, circles []string) []pushed {
	all := make([]pushed, n)
	for i := range all {
		all[i] = pushed{r.name + "-" + prefix + strconv.Itoa(i), circles[i%len(circles)]}
	}
	return all
}

// fill pushes jobs, many in each round trip.
func (r *run) fill(ctx context.Context, jobs []pushed) error {
	for len(jobs) > 0 {
		part := jobs[:min(len(jobs), 1000)]
		jobs = jobs[len(part):]
		_, err := r.Redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, j := range part {
				r.write(ctx, pipe, j)
				pipe.LPush(ctx, j.list(r.Dialect, r.name), j.id)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("push jobs: %w", err)
		}
	}
	return nil
}

// write writes a job's hash.
func (r *run) write(ctx context.Context, rdb redis.Cmdable, j pushed) *redis.IntCmd {
	key, fields := j.hash(r.Dialect)
	return rdb.HSet(ctx, key, fields...)
}

// shared says whether the jobs of all circles come in one list.
func (r *run) shared() bool { return r.Dialect == queue.Hero }
