package conformance_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/localredis/redistest"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/queue/conformance"
)

func shared(string) string { return "henge:lease" }

// hash returns how a producer reads a job that is a hash.
func hash(key func(id, circle string) string) func(context.Context, redis.UniversalClient, string, string) (string, string, string, error) {
	return func(ctx context.Context, rdb redis.UniversalClient, id, circle string) (status, output, message string, err error) {
		v, err := rdb.HGetAll(ctx, key(id, circle)).Result()
		return v["status"], v["output"], v["error"], err
	}
}

func TestHero(t *testing.T) {
	key := func(id, _ string) string { return "hero:job:" + id }
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		conformance.Run(t, rdb, conformance.Dialect{
			Name: queue.Hero, Type: "osis", Waiting: "dispatched", Started: "started", Done: "finished", Failed: "error",
			Put: func(ctx context.Context, rdb redis.UniversalClient, id, circle, script string) error {
				return rdb.HSet(ctx, key(id, circle), "id", id, "caller_id", circle, "context_id", circle, "script", script, "status", "dispatched").Err()
			},
			Push: func(ctx context.Context, rdb redis.UniversalClient, id, _ string) error {
				return rdb.LPush(ctx, "hero:q:work:type:osis", id).Err()
			},
			Read: hash(key), Lease: shared,
		})
	})
}

func TestRhailib(t *testing.T) {
	key := func(id, _ string) string { return "rhai_task_details:" + id }
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		conformance.Run(t, rdb, conformance.Dialect{
			Name: queue.Rhailib, Type: "rhai", Waiting: "pending", Started: "processing", Done: "completed", Failed: "error",
			Put: func(ctx context.Context, rdb redis.UniversalClient, id, circle, script string) error {
				return rdb.HSet(ctx, key(id, circle), "taskId", id, "callerId", circle, "script", script, "status", "pending").Err()
			},
			Push: func(ctx context.Context, rdb redis.UniversalClient, id, circle string) error {
				return rdb.LPush(ctx, "rhai_tasks:"+circle, id).Err()
			},
			Read: hash(key), Lease: shared,
		})
	})
}

func TestHeroJobs(t *testing.T) {
	key := func(id, circle string) string { return "herojobs:" + circle + ":default:" + id }
	type text struct {
		Params string `json:"params"`
		Type   string `json:"params_type"`
		Status string `json:"status"`
		Error  string `json:"error"`
		Result string `json:"result"`
	}
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) {
		conformance.Run(t, rdb, conformance.Dialect{
			Name: queue.HeroJobs, Type: "rhaiscript", Waiting: "new", Started: "active", Done: "done", Failed: "error",
			Put: func(ctx context.Context, rdb redis.UniversalClient, id, circle, script string) error {
				b, err := json.Marshal(text{Params: script, Type: "rhaiscript", Status: "new"})
				if err != nil {
					return err
				}
				return rdb.HSet(ctx, key(id, circle), "job", b).Err()
			},
			Push: func(ctx context.Context, rdb redis.UniversalClient, id, circle string) error {
				return rdb.RPush(ctx, "heroqueue:"+circle+":default", id).Err()
			},
			Read: func(ctx context.Context, rdb redis.UniversalClient, id, circle string) (status, output, message string, err error) {
				b, err := rdb.HGet(ctx, key(id, circle), "job").Bytes()
				if err != nil {
					return "", "", "", err
				}
				var v text
				err = json.Unmarshal(b, &v)
				return v.Status, v.Result, v.Error, err
			},
			Lease: shared,
		})
	})
}

func TestHenge(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb *redis.Client) { conformance.Run(t, rdb, henge()) })
	t.Run("cluster", func(t *testing.T) { conformance.Run(t, redistest.Cluster(t), henge()) })
}

func henge() conformance.Dialect {
	key := func(id, circle string) string { return "henge:{" + circle + "}:job:" + id }
	return conformance.Dialect{
		Name: queue.Henge, Type: "rhai", Waiting: "queued", Started: "running", Done: "succeeded", Failed: "failed",
		Put: func(ctx context.Context, rdb redis.UniversalClient, id, circle, script string) error {
			return rdb.HSet(ctx, key(id, circle), "id", id, "payload", script, "status", "queued").Err()
		},
		Push: func(ctx context.Context, rdb redis.UniversalClient, id, circle string) error {
			return rdb.LPush(ctx, "henge:{"+circle+"}:q:rhai", id).Err()
		},
		Read: hash(key), Lease: func(circle string) string { return "henge:{" + circle + "}:lease" },
	}
}
