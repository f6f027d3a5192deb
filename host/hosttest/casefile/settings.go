package casefile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
)

// settings are what stands above the sections, a name, a colon and a value in
// each line.
var settings = map[string]func(c *Case, value string) error{
	"circle": func(c *Case, value string) (err error) {
		c.Job.Circle, err = job.ParseCircle(value)
		return err
	},
	"caller": func(c *Case, value string) error {
		c.Job.Caller = value
		return job.CheckCaller(value)
	},
	"role": func(c *Case, value string) error {
		var ok bool
		if c.role, ok = capability.ParseRole(value); !ok || c.role == capability.Owner {
			return fmt.Errorf("%.80q is none of stranger, reader, writer, admin", value)
		}
		return nil
	},
	"type": func(c *Case, value string) error {
		c.Job.Type = strings.ToLower(value)
		return nil
	},
	"env": func(c *Case, value string) error {
		name, v, ok := strings.Cut(value, "=")
		if !ok || name == "" {
			return fmt.Errorf("%.80q is not NAME=VALUE", value)
		}
		if c.Job.Env == nil {
			c.Job.Env = map[string]string{}
		}
		c.Job.Env[name] = v
		return nil
	},
	"timeout": func(c *Case, value string) (err error) {
		if c.Job.Timeout, err = time.ParseDuration(value); err == nil && c.Job.Timeout <= 0 {
			err = fmt.Errorf("%s is no time for a job", value)
		}
		return err
	},
	"limits": func(c *Case, value string) error {
		d := json.NewDecoder(strings.NewReader(value))
		d.DisallowUnknownFields()
		var l abi.MetaLimits
		if err := d.Decode(&l); err != nil {
			return fmt.Errorf(`%w; limits are written as in {"fuel":1000000,"memory":33554432}`, err)
		}
		c.Job.Limits = job.Limits{
			Memory: l.Memory, Input: l.Input, Output: l.Output, Log: l.Log, Fuel: l.Fuel, Depth: l.Depth,
			HostCalls: l.HostCalls, Wall: time.Duration(l.WallMS) * time.Millisecond,
		}
		return nil
	},
}

// readSettings reads what stands above the sections, and returns which were
// given.
func (c *Case) readSettings() (map[string]bool, error) {
	given := map[string]bool{}
	for i, line := range strings.Split(string(c.archive.Comment), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		set, ok := settings[name]
		if !ok {
			return nil, fmt.Errorf("line %d: %.80q is no setting; there are %s, each with a colon behind it; a comment begins with #",
				i+1, name, strings.Join(slices.Sorted(maps.Keys(settings)), ", "))
		}
		if err := set(c, strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", i+1, name, err)
		}
		given[name] = true
	}
	return given, nil
}

// parseFaults reads lines such as these, in which the second word says which of
// the calls is meant. A # begins a comment.
//
//	redis.do 3 unavailable no server
//	http.* every after 2s timeout
//	sql.query 1 after 100ms
func parseFaults(text string) ([]hosttest.Fault, error) {
	var all []hosttest.Fault
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		f, err := parseFault(words)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, f)
	}
	return all, nil
}

func parseFault(words []string) (hosttest.Fault, error) {
	f := hosttest.Fault{Function: words[0]}
	if len(words) < 3 {
		return f, fmt.Errorf("a fault is a function, which of its calls, and an error, such as: redis.do 3 unavailable")
	}
	if words[1] != "every" {
		n, err := strconv.Atoi(words[1])
		if err != nil || n < 1 {
			return f, fmt.Errorf("%.80q does not say which call: it is a number from 1, or every", words[1])
		}
		f.Nth = n
	}
	words = words[2:]
	if words[0] == "after" && len(words) > 1 {
		var err error
		if f.Delay, err = time.ParseDuration(words[1]); err != nil {
			return f, err
		}
		if words = words[2:]; len(words) == 0 {
			return f, nil
		}
	}
	code, err := abi.ParseCode(words[0])
	if err != nil {
		return f, err
	}
	f.Code, f.Message = code, strings.Join(words[1:], " ")
	return f, nil
}
