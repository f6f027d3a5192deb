// Package log is the capability henge_log_v1: lines that are kept with the
// job. It writes to no log of the host's.
package log

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// New returns the capability.
func New() capability.Capability {
	return capability.Capability{
		Name:       abi.LogV1,
		DuringInit: true,
		Functions:  []capability.Function{{Name: "write", Call: write}},
	}
}

func write(_ context.Context, c *capability.Call) error {
	var line abi.LogLine
	if _, err := c.Decode(&line); err != nil {
		return err
	}
	level := job.Info
	if line.Level != "" {
		var ok bool
		if level, ok = job.ParseLevel(line.Level); !ok {
			return &abi.Error{Code: abi.InvalidArgument, Message: fmt.Sprintf("level %.20q is none of debug, info, warn, error", line.Level)}
		}
	}
	var fields map[string]any
	if len(line.Fields) > 0 {
		fields = make(map[string]any, len(line.Fields))
		for k, v := range line.Fields {
			fields[k] = v.V
		}
	}
	c.Session.WriteLog(level, line.Text, fields)
	return nil
}
