package main

import (
	"context"

	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/queue"
)

// addCheckup adds a row for each thing that was looked at in Redis, and one
// where there is none.
func addCheckup(ctx context.Context, url string, add func(check, state string, cost took, detail string)) {
	rdb, err := queue.Connect(url)
	if err != nil {
		add("redis", stateProblem, 0, err.Error())
		return
	}
	defer rdb.Close()
	for _, f := range queue.Checkup(ctx, rdb) {
		add(f.Check, string(f.Condition), 0, f.Detail)
	}
}

// printACL prints the lines that make users of Redis.
func (g *globals) printACL(s streams) error {
	t := table{columns: []string{"acl"}, bare: true}
	for _, role := range []queue.Role{queue.RoleWorker, queue.RoleProducer, queue.RoleOperator} {
		t.rows = append(t.rows, []any{queue.ACL(role)})
	}
	t.rows = append(t.rows, []any{redis.ACL()})
	return g.print(s, t)
}
