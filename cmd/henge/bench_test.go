package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/host/bench"
)

func TestPrintReport(t *testing.T) {
	report := &bench.Report{
		Rows: []bench.Row{
			{Engine: "rhai", Script: "fib", Way: bench.Reset, Goroutines: 1, P50: 4213, P99: 21 * time.Microsecond, JobsPerSecond: 213456.789, HeapBytes: 1126.4, Allocs: 7.04},
			{Engine: "rhai", Script: "fib", Way: bench.Native, Goroutines: 1, P50: 751, P99: 900, JobsPerSecond: 1e6},
		},
		Ratios:     []bench.Ratio{{Engine: "rhai", Script: bench.Mean, NewToReset: 165.35, ResetToWarm: 1.0214}},
		Operations: []bench.Operation{{Name: "host call", Way: bench.Reset, Nanoseconds: 120.984}},
		Loads:      []bench.Load{{Engine: "rhai", Time: time.Second, MeteredTime: 1100 * time.Millisecond, Size: 1 << 20, MeteredSize: 1 << 21}},
		Memory:     []bench.Memory{{Engine: "rhai", Way: bench.Reset, Memory: 1 << 19, Heap: 1 << 19, PerGiB: 1024}},
	}
	print := func(format string) string {
		var out bytes.Buffer
		require.NoError(t, (&globals{Output: format}).printReport(streams{out: &out}, report))
		return out.String()
	}

	t.Run("table", func(t *testing.T) {
		out := strings.Join(strings.Fields(print("table")), " ")
		for _, want := range []string{
			"ENGINE SCRIPT WAY GOROUTINES P50 P99 JOBS PER S HEAP ALLOCS",
			"rhai fib reset 1 4.21 µs 21 µs 213457 1.1 KiB 7",
			"rhai fib native 1 751 ns 900 ns 1000000 - -",
			"rhai mean 165 1.02 - - - -",
			"host call reset 121",
			"rhai 1 s 1.1 s 1.1 1.0 MiB 2.0 MiB 2",
			"rhai reset 512.0 KiB 512.0 KiB 1024",
		} {
			require.Contains(t, out, want)
		}
	})

	const first = `{"engine":"rhai","script":"fib","way":"reset","goroutines":1,"p50_ns":4213,"p99_ns":21000,"jobs_per_s":213456.8,"heap_bytes":1126,"allocs":7}`
	t.Run("jsonl", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(print("jsonl")), "\n")
		require.Len(t, lines, 2, "the rows and nothing else")
		require.JSONEq(t, first, lines[0])
	})

	t.Run("json", func(t *testing.T) {
		var all map[string][]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(print("json")), &all))
		for name, want := range map[string]int{"rows": 2, "ratios": 1, "operations": 1, "loads": 1, "memory": 1} {
			require.Len(t, all[name], want, name)
		}
		require.JSONEq(t, first, string(all["rows"][0]))
		require.JSONEq(t, `{"operation":"host call","way":"reset","ns":120.98}`, string(all["operations"][0]))
		require.JSONEq(t, `{"engine":"rhai","way":"reset","instance_memory":524288,"instance_heap":524288,"instances_per_gib":1024}`, string(all["memory"][0]))
	})
}
