package main

import (
	"github.com/henge-run/henge/host/capability"
	capcircle "github.com/henge-run/henge/host/capability/circle"
	"github.com/henge-run/henge/host/capability/kv"
	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/capability/sql"
	"github.com/henge-run/henge/host/capability/transaction"
	"github.com/henge-run/henge/host/store/circle"
)

// offer is what capabilities are made from. The zero value is for modules that
// are only looked at.
type offer struct {
	redis   redis.Options
	circles circle.Store
}

// capabilities are what scripts are offered beside what every runtime has, a
// line for each.
func capabilities(o offer) []capability.Capability {
	if o.circles == nil {
		o.circles = circle.None{}
	}
	o.redis.Directory = transaction.NewDirectory(o.circles, nil)
	return []capability.Capability{
		redis.New(o.redis),
		sql.New(o.circles),
		kv.New(o.circles),
		capcircle.New(o.circles),
	}
}
