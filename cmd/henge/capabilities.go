package main

import (
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/capability/queue"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/policy"
)

// offer is what capabilities are made from.
type offer struct {
	redis  redis.Options
	policy *policy.Live
	jobs   queue.Jobs // nil for none
}

// capabilities are what scripts are offered beside what every runtime has, a
// line for each.
func capabilities(o offer) []capability.Capability {
	return []capability.Capability{
		redis.New(o.redis),
		http.New(http.Options{Policy: o.policy}),
		queue.New(queue.Options{Jobs: o.jobs}),
	}
}
