package queue

import (
	"encoding/json"
	"time"

	"github.com/henge-run/henge/host/job"
)

// costRecord is the field henge:cost of a job: one field, since it is written
// at every end and read by people and programs that know JSON. A number that is
// not there is 0: Redis packs a job as long as none of its fields has more than
// 64 bytes.
type costRecord struct {
	Fuel       int64  `json:"fuel,omitempty"`
	WallUS     int64  `json:"wall_us"`
	CPUUS      int64  `json:"cpu_us,omitempty"`
	MemoryPeak int64  `json:"memory_peak,omitempty"`
	HostCalls  int64  `json:"host_calls,omitempty"`
	Instance   string `json:"instance,omitempty"`
}

// How an instance came to be as new.
const (
	instanceReset = "reset"
	instanceNew   = "new"
)

// encodeCost returns the field, and nothing for a job that was not run.
func encodeCost(c job.Cost) string {
	if c == (job.Cost{}) {
		return ""
	}
	r := costRecord{
		Fuel: c.Fuel, WallUS: c.Wall.Microseconds(), CPUUS: c.CPU.Microseconds(),
		MemoryPeak: c.MemoryPeak, HostCalls: c.HostCalls,
	}
	switch {
	case c.Reset:
		r.Instance = instanceReset
	case c.MemoryPeak > 0: // a function of an embedding program has no instance
		r.Instance = instanceNew
	}
	b, _ := json.Marshal(r) // nothing in it can fail
	return string(b)
}

// decodeCost reads what encodeCost wrote, and reports false for anything else.
func decodeCost(s string) (job.Cost, bool) {
	var r costRecord
	if s == "" || json.Unmarshal([]byte(s), &r) != nil {
		return job.Cost{}, false
	}
	return job.Cost{
		Fuel: r.Fuel, Wall: time.Duration(r.WallUS) * time.Microsecond, CPU: time.Duration(r.CPUUS) * time.Microsecond,
		MemoryPeak: r.MemoryPeak, HostCalls: r.HostCalls, Reset: r.Instance == instanceReset,
	}, true
}
