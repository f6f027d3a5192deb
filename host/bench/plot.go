package bench

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"strings"
	"text/template"
	"time"
)

//go:embed plot.svg.tmpl
var plotTemplate string

// Plot draws the latencies of a report: for each script a bar for each way. It
// draws the rows of the first number of goroutines. The report must have rows.
func Plot(w io.Writer, report *Report) error {
	goroutines := report.Rows[0].Goroutines
	var bars []Bar
	for _, r := range report.Rows {
		if r.Goroutines == goroutines {
			bars = append(bars, Bar{Title: r.Engine + " " + r.Script, Name: string(r.Way), Strong: r.Way == Reset, P50: r.P50, P99: r.P99})
		}
	}
	return PlotBars(w, fmt.Sprintf("Time of one job by way, %d at once", goroutines), bars)
}

// Bar is one distribution of a plot.
type Bar struct {
	Title    string // of the bars in a row that have the same
	Name     string
	Strong   bool // drawn so that it stands out
	P50, P99 time.Duration
}

// PlotBars draws distributions as an SVG: of each a bar up to the median, with
// a line from there to the 99th percentile, on a logarithmic axis. There must
// be a bar.
func PlotBars(w io.Writer, caption string, bars []Bar) error {
	t, err := template.New("plot").Parse(plotTemplate)
	if err != nil {
		return fmt.Errorf("read the template of the plot: %w", err)
	}
	if err := t.Execute(w, newPlot(caption, bars)); err != nil {
		return fmt.Errorf("draw the plot: %w", err)
	}
	return nil
}

// The measures of the drawing, in pixels.
const (
	plotLabels = 150 // left of the axis
	plotAxis   = 640 // the axis
	plotValues = 130 // right of it
	plotTop    = 56
	plotBar    = 18 // one bar with its distance to the next
	plotTitle  = 34 // the title of a script
)

// plot is what the template draws.
type plot struct {
	Width, Height, Left, Right, Top, Bottom int
	Caption                                 string
	Ticks                                   []tick
	Titles                                  []title
	Bars                                    []bar
}

type tick struct {
	X    float64
	Text string
}

type title struct {
	Y    int
	Text string
}

type bar struct {
	Y               int
	Name, Class     string
	Median, Highest float64 // where they are, in pixels
	Text            string
}

func newPlot(caption string, bars []Bar) plot {
	low, high := decades(bars)
	x := func(d time.Duration) float64 {
		part := (math.Log10(float64(max(d, 1))) - low) / (high - low)
		return math.Round(10*(plotLabels+part*plotAxis)) / 10
	}
	p := plot{
		Width: plotLabels + plotAxis + plotValues, Left: plotLabels, Right: plotLabels + plotAxis, Top: plotTop,
		Caption: caption + ": the bar ends at the median, the line at the 99th percentile",
	}
	y, name := plotTop, ""
	for _, b := range bars {
		if b.Title != name {
			name = b.Title
			y += plotTitle
			p.Titles = append(p.Titles, title{y - 8, name})
		}
		class := "bar"
		if b.Strong {
			class = "bar strong"
		}
		p.Bars = append(p.Bars, bar{y, b.Name, class, x(b.P50), x(b.P99), Duration(b.P50)})
		y += plotBar
	}
	for d := low; d <= high; d++ {
		at := time.Duration(math.Pow(10, d))
		p.Ticks = append(p.Ticks, tick{x(at), Duration(at)})
	}
	p.Bottom = y + 8
	p.Height = p.Bottom + 20
	return p
}

// decades returns the powers of ten between which all the latencies lie.
func decades(bars []Bar) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, b := range bars {
		low = min(low, math.Floor(math.Log10(float64(max(b.P50, 1)))))
		high = max(high, math.Ceil(math.Log10(float64(max(b.P50, b.P99, 1)))))
	}
	return low, max(high, low+1)
}

// Duration writes a duration with three digits: "4.21 µs".
func Duration(d time.Duration) string {
	value, unit := float64(d), "ns"
	for _, larger := range []string{"µs", "ms", "s"} {
		if value < 999.5 { // what is more would be rounded to 1000
			break
		}
		value, unit = value/1000, larger
	}
	digits := max(0, 2-int(math.Log10(max(value, 1))))
	text := fmt.Sprintf("%.*f", digits, value)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + unit
}
