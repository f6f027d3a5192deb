package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/henge-run/henge/host/bench"
	"github.com/henge-run/henge/host/bench/traffic"
)

// printTraffic prints the rows of a bench, for people with the distribution of
// the waits behind them, and draws it into a file if there is one.
func printTraffic(s streams, g *globals, plot *os.File, rows []traffic.Row) error {
	if plot != nil {
		if err := errors.Join(bench.PlotBars(plot, "How long jobs waited for their start", trafficBars(rows)), plot.Close()); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
	}
	t := table{columns: []string{"bench", "system", "work", "slots", "circles", "jobs_per_s", "p50_ms", "p99_ms", "dialect"}}
	for _, r := range rows {
		t.rows = append(t.rows, []any{r.Bench, r.System, string(r.Work), r.Slots, r.Circles,
			rounded(r.JobsPerSecond, 1), milliseconds(r.Percentile(0.5)), milliseconds(r.Percentile(0.99)), r.Dialect})
	}
	if g.Output != "table" {
		return g.print(s, t)
	}
	if err := g.print(s, heading{"", t}.forPeople()); err != nil {
		return err
	}
	for _, r := range rows {
		if len(r.Waits) > 0 {
			fmt.Fprintf(s.out, "\nWaits of %s\n%s", trafficName(r), histogram(r.Waits))
		}
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return rounded(float64(d)/1e6, 3) }

func trafficName(r traffic.Row) string {
	return fmt.Sprintf("%s, %s, %d slots, %d circles", r.System, r.Work, r.Slots, r.Circles)
}

func trafficBars(rows []traffic.Row) []bench.Bar {
	var bars []bench.Bar
	for _, r := range rows {
		bars = append(bars, bench.Bar{
			Title: fmt.Sprintf("%s, %d slots, %d circles", r.Work, r.Slots, r.Circles), Name: r.System, Strong: r.System == "henge",
			P50: r.Percentile(0.5), P99: r.Percentile(0.99),
		})
	}
	return bars
}

const (
	histogramWidth  = 50
	histogramPerTen = 5 // lines for each factor of ten
)

// histogram draws how many of the sorted values lie where, on a logarithmic
// axis.
func histogram(sorted []time.Duration) string {
	at := func(d time.Duration) int { return int(math.Floor(histogramPerTen * math.Log10(float64(max(d, 1))))) }
	counts := map[int]int{}
	for _, d := range sorted {
		counts[at(d)]++
	}
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	var b strings.Builder
	for i := at(sorted[0]); i <= at(sorted[len(sorted)-1]); i++ {
		from := time.Duration(math.Pow(10, float64(i)/histogramPerTen))
		width := counts[i] * histogramWidth / most
		if counts[i] > 0 && width == 0 {
			width = 1
		}
		fmt.Fprintf(&b, "%8s %-*s %d\n", bench.Duration(from), histogramWidth, strings.Repeat("#", width), counts[i])
	}
	return b.String()
}
