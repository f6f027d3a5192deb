package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/henge-run/henge/host/bench"
)

// heading is a table with a name.
type heading struct {
	name string
	table
}

// printReport prints all tables for people, and as one JSON object. As JSON
// lines only the rows are printed, so that all lines are alike.
func (g *globals) printReport(s streams, report *bench.Report) error {
	switch g.Output {
	case "jsonl":
		return g.print(s, benchRows(report))
	case "json":
		var names []string
		var values []any
		for _, h := range headings(report) {
			rows := []row{}
			for _, values := range h.rows {
				rows = append(rows, row{h.columns, values})
			}
			names, values = append(names, h.name), append(values, rows)
		}
		return g.print(s, table{columns: names, rows: [][]any{values}, upright: true})
	}
	for i, h := range headings(report) {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := g.print(s, h.forPeople()); err != nil {
			return err
		}
	}
	return nil
}

func headings(report *bench.Report) []heading {
	return []heading{
		{"rows", benchRows(report)},
		{"ratios", benchRatios(report)},
		{"operations", benchOperations(report)},
		{"loads", benchLoads(report)},
		{"memory", benchMemory(report)},
	}
}

func benchRows(report *bench.Report) table {
	t := table{columns: []string{"engine", "script", "way", "goroutines", "p50_ns", "p99_ns", "jobs_per_s", "heap_bytes", "allocs"}}
	for _, r := range report.Rows {
		t.rows = append(t.rows, []any{r.Engine, r.Script, string(r.Way), r.Goroutines, r.P50, r.P99,
			rounded(r.JobsPerSecond, 1), byteSize(math.Round(r.HeapBytes)), rounded(r.Allocs, 1)})
	}
	return t
}

func benchRatios(report *bench.Report) table {
	t := table{columns: []string{"engine", "script", "new_to_reset", "reset_to_warm", "reset_to_unmetered", "reset_to_close_on_context", "reset_to_native", "speed_up"}}
	for _, r := range report.Ratios {
		t.rows = append(t.rows, []any{r.Engine, r.Script, rounded(r.NewToReset, 3), rounded(r.ResetToWarm, 3),
			rounded(r.ResetToUnmetered, 3), rounded(r.ResetToCloseOnContext, 3), rounded(r.ResetToNative, 3), rounded(r.SpeedUp, 3)})
	}
	return t
}

func benchOperations(report *bench.Report) table {
	t := table{columns: []string{"operation", "way", "ns"}}
	for _, o := range report.Operations {
		t.rows = append(t.rows, []any{o.Name, string(o.Way), rounded(o.Nanoseconds, 2)})
	}
	return t
}

func benchLoads(report *bench.Report) table {
	t := table{columns: []string{"engine", "load_ns", "metered_load_ns", "load_ratio", "size", "metered_size", "size_ratio"}}
	for _, l := range report.Loads {
		t.rows = append(t.rows, []any{l.Engine, l.Time, l.MeteredTime, rounded(float64(l.MeteredTime)/float64(l.Time), 3),
			byteSize(l.Size), byteSize(l.MeteredSize), rounded(float64(l.MeteredSize)/float64(l.Size), 3)})
	}
	return t
}

func benchMemory(report *bench.Report) table {
	t := table{columns: []string{"engine", "way", "instance_memory", "instance_heap", "instances_per_gib"}}
	for _, m := range report.Memory {
		t.rows = append(t.rows, []any{m.Engine, string(m.Way), byteSize(m.Memory), byteSize(m.Heap), m.PerGiB})
	}
	return t
}

// forPeople shows durations with a unit, and what was not measured as a dash.
// JSON has plain nanoseconds.
func (h heading) forPeople() table {
	label := strings.NewReplacer("_ns", "", "_bytes", "", "_", " ")
	people := table{columns: h.columns}
	for _, c := range h.columns {
		people.labels = append(people.labels, label.Replace(c))
	}
	for _, values := range h.rows {
		cells := make([]any, len(values))
		for i, v := range values {
			cells[i] = figure(v)
		}
		people.rows = append(people.rows, cells)
	}
	return people
}

// figure is a value with no more digits than mean something.
func figure(v any) any {
	switch v := v.(type) {
	case time.Duration:
		return bench.Duration(v)
	case float64:
		switch {
		case v == 0:
			return "-"
		case v >= 100:
			return fmt.Sprintf("%.0f", v)
		default:
			return fmt.Sprintf("%.3g", v)
		}
	}
	return v
}

// rounded leaves so many digits after the point.
func rounded(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(v*scale) / scale
}
