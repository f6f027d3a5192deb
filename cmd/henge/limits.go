package main

import (
	"time"

	"github.com/henge-run/henge/host/job"
)

// limits are the flags that bound what a job may use, the same for each
// command that has them.
type limits struct {
	MaxMemory    byteSize `placeholder:"SIZE" help:"Most linear memory of a job, for example 64MiB."`
	MaxFuel      count    `placeholder:"N" help:"Most fuel of a job, about one unit for each instruction, for example 500M."`
	MaxDepth     count    `placeholder:"N" help:"How deep calls may nest in a job."`
	MaxWall      period   `placeholder:"TIME" help:"Longest time of a job, for example 20s; its own timeout holds too."`
	MaxInput     byteSize `placeholder:"SIZE" help:"Largest payload."`
	MaxOutput    byteSize `placeholder:"SIZE" help:"Largest result."`
	MaxLog       byteSize `placeholder:"SIZE" help:"Most that is kept of a job's log."`
	MaxHostCalls count    `placeholder:"N" help:"Most calls of host functions."`
}

// limits returns what was given; the rest is 0, which says nothing.
func (l limits) limits() job.Limits {
	return job.Limits{
		Memory:    int64(l.MaxMemory),
		Fuel:      int64(l.MaxFuel),
		Depth:     int64(l.MaxDepth),
		Wall:      time.Duration(l.MaxWall),
		Input:     int64(l.MaxInput),
		Output:    int64(l.MaxOutput),
		Log:       int64(l.MaxLog),
		HostCalls: int64(l.MaxHostCalls),
	}
}
