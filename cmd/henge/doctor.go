package main

import (
	"context"
	"runtime"

	"github.com/henge-run/henge/host/sandbox"
)

// doctor is henge doctor.
type doctor struct {
	ACL bool `name:"acl" help:"Print the lines that make Redis users for a worker, for a producer and for the data of scripts, with what they need and nothing more."`
}

// States of what was looked at. Only a problem makes the command fail.
const (
	stateGood    = "ok"
	stateInUse   = "in use"
	stateSlow    = "slow"
	stateMissing = "missing"
	stateProblem = "problem"
)

// Run shows what this machine and this Redis offer, found by trying.
func (c *doctor) Run(ctx context.Context, s streams, g *globals) error {
	if c.ACL {
		return g.printACL(s)
	}
	t := table{columns: []string{"check", "state", "cost_us", "detail"}, labels: []string{"check", "state", "cost", "detail"}}
	problems := 0
	add := func(check, state string, cost took, detail string) {
		if state == stateProblem {
			problems++
		}
		t.rows = append(t.rows, []any{check, state, cost, detail})
	}
	if dir, err := g.dataDir(); err != nil {
		add("data folder", stateProblem, 0, err.Error())
	} else {
		add("data folder", stateGood, 0, dir)
	}
	d, err := sandbox.Diagnose(ctx)
	if err != nil {
		add("reset", stateProblem, 0, err.Error())
	} else {
		addDiagnosis(d, add)
	}
	addCheckup(ctx, g.RedisURL, add)
	if err := g.print(s, t); err != nil {
		return err
	}
	if problems > 0 {
		return exitWith(exitFailed, "something is wrong: see the rows with the state %q", stateProblem)
	}
	return nil
}

// addDiagnosis adds a row for the code and one for each way of resetting.
func addDiagnosis(d *sandbox.Diagnosis, add func(check, state string, cost took, detail string)) {
	if d.Interpreted == nil {
		add("code", stateGood, 0, "modules are compiled for "+runtime.GOOS+"/"+runtime.GOARCH)
	} else {
		add("code", stateSlow, 0, "modules are interpreted, which takes tens of times as long: "+d.Interpreted.Error())
	}
	for _, w := range d.Ways {
		check := "reset by " + w.Way.String()
		switch {
		case w.Missing != nil:
			add(check, stateMissing, 0, w.Missing.Error())
		case w.InUse:
			add(check, stateInUse, took(w.Cost), "to write 8 pages of 4 MiB and put them back")
		default:
			add(check, stateGood, took(w.Cost), "")
		}
	}
}
