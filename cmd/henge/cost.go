package main

import (
	"fmt"

	"github.com/henge-run/henge/host/job"
)

// cost is what a job has used: in a table one line, in JSON an object.
type cost struct {
	Fuel       count    `json:"fuel"`
	Wall       took     `json:"wall_us"`
	CPU        took     `json:"cpu_us,omitzero"`
	MemoryPeak byteSize `json:"memory_peak"`
	HostCalls  count    `json:"host_calls"`
	Instance   string   `json:"instance"`
}

func costOf(c job.Cost) cost {
	instance := "new"
	if c.Reset {
		instance = "reset"
	}
	return cost{count(c.Fuel), took(c.Wall), took(c.CPU), byteSize(c.MemoryPeak), count(c.HostCalls), instance}
}

// String returns the cost for people.
func (c cost) String() string {
	cpu := ""
	if c.CPU > 0 {
		cpu = fmt.Sprintf(" (processor %s)", c.CPU)
	}
	return fmt.Sprintf("fuel %s, wall time %s%s, memory peak %s, host calls %s, %s instance", c.Fuel, c.Wall, cpu, c.MemoryPeak, c.HostCalls, c.Instance)
}
