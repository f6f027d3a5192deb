package queue

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/henge-run/henge/host/job"
)

// longestWall is the longest wall time that can be written, in milliseconds.
const longestWall = math.MaxInt64 / int64(time.Millisecond)

// budgets returns where each of a job's limits is to be found, by the name
// that it has in henge:limits and in the reply of job.meta. The wall time
// stands for itself, since it is written in milliseconds.
func budgets(l *job.Limits, wallMS *int64) map[string]*int64 {
	return map[string]*int64{
		"memory":     &l.Memory,
		"wall_ms":    wallMS,
		"input":      &l.Input,
		"output":     &l.Output,
		"log":        &l.Log,
		"fuel":       &l.Fuel,
		"depth":      &l.Depth,
		"host_calls": &l.HostCalls,
	}
}

// readLimits reads the limits that the producer gives the job. A misspelt one
// refuses the job: to run it without would be what its author wanted to avoid.
func (c *Claim) readLimits(field, s string) {
	if s == "" {
		return
	}
	var read map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &read); err != nil || read == nil {
		c.refuse(`%s %s is not a JSON object of whole numbers: write e.g. {"fuel":1000000}`, field, quoteShort(s))
		return
	}
	var l job.Limits
	var wallMS int64
	into := budgets(&l, &wallMS)
	for _, name := range slices.Sorted(maps.Keys(read)) {
		at, ok := into[name]
		if !ok {
			c.refuse("%s: there is no limit %s; there are %s", field, quoteShort(name), strings.Join(slices.Sorted(maps.Keys(into)), ", "))
			return
		}
		n, ok := wholeNumber(string(read[name]), math.MaxInt64)
		if !ok || n == 0 {
			c.refuse("%s: %s is %s, not a whole number from 1: write a number, or leave it out for the worker's own limit", field, name, quoteShort(string(read[name])))
			return
		}
		*at = n
	}
	l.Wall = time.Duration(min(wallMS, longestWall)) * time.Millisecond
	c.Job.Limits = l
}

// encodeLimits returns the field for the limits that are set, and nothing for
// none. A wall time is rounded up to milliseconds.
func encodeLimits(l job.Limits) string {
	wallMS := int64(l.Wall / time.Millisecond)
	if l.Wall%time.Millisecond > 0 {
		wallMS++
	}
	set := budgets(&l, &wallMS)
	maps.DeleteFunc(set, func(_ string, n *int64) bool { return *n == 0 })
	if len(set) == 0 {
		return ""
	}
	b, _ := json.Marshal(set) // nothing in it can fail
	return string(b)
}
