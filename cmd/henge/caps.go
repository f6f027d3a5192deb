package main

import (
	"maps"
	"sync"

	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/queue"
)

// capsWith returns what gives the caps of the flags, and those of the file as it
// is when it is asked, which come before them. It is safe for concurrent use.
func (c *workerStart) capsWith(live *policy.Live) func() queue.Caps {
	var mu sync.Mutex
	var from *policy.Policy
	var caps queue.Caps
	return func() queue.Caps {
		mu.Lock()
		defer mu.Unlock()
		now := live.Now()
		if now == from {
			return caps
		}
		all, circles := now.Shares()
		made := queue.Caps{Circle: c.PerCircle, Circles: map[string]int{}, Types: c.PerType, Channels: c.PerChannel, Weights: map[string]int{}}
		maps.Copy(made.Weights, c.Weight)
		if all.Running > 0 {
			made.Circle = all.Running
		}
		for name, share := range circles {
			if share.Running > 0 {
				made.Circles[name] = share.Running
			}
			if share.Weight > 0 {
				made.Weights[name] = share.Weight
			}
		}
		from, caps = now, made
		return caps
	}
}
