//go:build unix

package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/henge-run/henge/host/bench/chaos"
)

var kills = flag.Int("kills", 50, "how many workers are killed while jobs flow")

func TestMain(m *testing.M) {
	if chaos.IsChild() {
		if err := chaos.Child(context.Background(), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	// They wait most of the time, and not for a processor.
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// run makes one fault, smaller than the command does.
func run(t *testing.T, opts chaos.Options) chaos.Report {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	opts.Child = func() *exec.Cmd { return exec.Command(self) }
	if opts.Jobs == 0 {
		opts.Jobs = 100
	}
	var report chaos.Report
	require.NoError(t, chaos.Run(t.Context(), opts, func(r chaos.Report) error {
		report = r
		return nil
	}))
	t.Logf("%+v", report)
	return report
}

// Whatever goes wrong, each job ends, and once.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, name := range chaos.Names() {
		if name == "hostile" {
			continue // the command's tests have the engines ready
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, chaos.Options{Faults: []string{name}, Kills: *kills, Lease: 1500 * time.Millisecond})
			require.Positive(t, r.Submitted)
			require.Equal(t, r.Submitted, r.Ended)
			require.Zero(t, r.Lost)
			require.Zero(t, r.Twice)
			require.Empty(t, r.Wrong)
		})
	}
}

// The same faults find what is wrong with claims that are not safe, or the
// test above shows nothing. Redis that forgets its scripts, a slow connection
// and one that is cut before a command came do no harm to them.
func TestFaultsFindUnsafeClaims(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault string
		claim chaos.Claim
		finds func(chaos.Report) bool
	}{
		{"kill", chaos.Pop, lost},
		{"stop", chaos.Unfenced, twice},
		{"clock", chaos.Unfenced, twice},
		{"restart", chaos.Pop, lost},
		{"pause", chaos.Unfenced, twice},
		{"memory", chaos.Pop, lost},
		{"cut-after", chaos.Pop, func(r chaos.Report) bool { return lost(r) || twice(r) }},
		{"half-open", chaos.Pop, func(r chaos.Report) bool { return lost(r) || twice(r) }},
		{"ids", chaos.Pop, func(r chaos.Report) bool { return lost(r) && twice(r) }},
		{"crowd", chaos.Pop, func(r chaos.Report) bool { return len(r.Wrong) > 0 }},
	} {
		t.Run(c.fault+" "+string(c.claim), func(t *testing.T) {
			t.Parallel()
			// A fault has to come at a bad moment: on a slow machine that takes more
			// jobs.
			var r chaos.Report
			for jobs := 100; jobs <= 3200; jobs *= 2 {
				r = run(t, chaos.Options{
					Faults: []string{c.fault}, Claim: c.claim, Jobs: jobs,
					Kills: 50, Lease: 1500 * time.Millisecond, Patience: 5 * time.Second,
				})
				if c.finds(r) {
					break
				}
			}
			require.True(t, c.finds(r), "%+v", r)
			require.False(t, r.OK())
		})
	}
}

func lost(r chaos.Report) bool { return r.Lost > 0 }

func twice(r chaos.Report) bool { return r.Twice > 0 }
