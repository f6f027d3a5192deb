package main

import (
	"github.com/henge-run/henge/host/capability"
	capcircle "github.com/henge-run/henge/host/capability/circle"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/store/circle"
)

// offer is what capabilities are made from. The zero value is for modules that
// are only looked at.
type offer struct {
	redis   redis.Options
	circles circle.Store
	policy  *policy.Live
	jobs    queue.Jobs // nil for none
}

// capabilities are what scripts are offered beside what every runtime has, a
// line for each.
func capabilities(o offer) []capability.Capability {
	if o.circles == nil {
		o.circles = circle.None{}
	}
	members := transaction.NewDirectory(o.circles, nil)
	o.redis.Directory = members
	return []capability.Capability{
		redis.New(o.redis),
		sql.New(o.circles),
		kv.New(o.circles),
		capcircle.New(o.circles),
		http.New(http.Options{Policy: o.policy, Directory: members}),
		queue.New(queue.Options{Jobs: o.jobs, Directory: members}),
	}
}
