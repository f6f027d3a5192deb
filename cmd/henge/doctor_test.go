package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/sandbox/linear"
)

// What this machine cannot show: one on which little works.
func TestDoctorOnAPoorMachine(t *testing.T) {
	type row struct {
		check, state string
		cost         took
		detail       string
	}
	var rows []row
	addDiagnosis(&sandbox.Diagnosis{
		Interpreted: errors.New("no memory for code"),
		Ways: []sandbox.WayReport{
			{Way: linear.Faults, Missing: errors.New("faults are not counted")},
			{Way: linear.Drop, InUse: true, Cost: 30 * time.Microsecond},
			{Way: linear.Copy, Cost: time.Millisecond},
		},
	}, func(check, state string, cost took, detail string) {
		rows = append(rows, row{check, state, cost, detail})
	})
	require.Equal(t, []row{
		{"code", "slow", 0, "modules are interpreted, which takes tens of times as long: no memory for code"},
		{"reset by faults", "missing", 0, "faults are not counted"},
		{"reset by drop", "in use", took(30 * time.Microsecond), "to write 8 pages of 4 MiB and put them back"},
		{"reset by copy", "ok", took(time.Millisecond), ""},
	}, rows)
}
