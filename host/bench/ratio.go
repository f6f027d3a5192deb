package bench

import "time"

// Ratio is how the ways compare for one script. Each field is the median of
// the ratios within each round, of latencies unless it says otherwise; it is 0
// where one of the two was not measured.
//
// The latencies compared are the tenth percentiles. On a machine that nobody
// else uses they are close to the medians; on another one they show what the
// ways cost, where medians also show how often someone else had the processor.
type Ratio struct {
	Engine string

	// Script is the script's name, or Mean.
	Script string

	// NewToReset is how many times cheaper Reset is than New.
	NewToReset float64

	// ResetToWarm is what putting back costs: 1.05 is 5 % above Warm.
	ResetToWarm float64

	// ResetToUnmetered is what metering costs.
	ResetToUnmetered float64

	// ResetToCloseOnContext compares metering with the runtime's own way.
	ResetToCloseOnContext float64

	// ResetToNative compares with the engine outside of WebAssembly.
	ResetToNative float64

	// SpeedUp is how many times more jobs a second Reset does with the last of
	// the numbers of goroutines than with the first.
	SpeedUp float64

	// overhead is that of the script.
	overhead bool
}

// Mean stands for the scripts that do some work, all of an engine's but those
// that measure the overhead of a job.
const Mean = "mean"

// ratio compares what was measured for one script.
func (c *cells) ratio(engine string, s Script, goroutines []int) Ratio {
	first, last := goroutines[0], goroutines[len(goroutines)-1]
	fast := func(m measurement) float64 { return float64(max(m.fast, time.Nanosecond)) }
	latency := func(above, below Way) float64 {
		return quotient(c.rounds[cell{above, first}], c.rounds[cell{below, first}], fast)
	}
	r := Ratio{
		Engine:                engine,
		Script:                s.Name,
		NewToReset:            latency(New, Reset),
		ResetToWarm:           latency(Reset, Warm),
		ResetToUnmetered:      latency(Reset, Unmetered),
		ResetToCloseOnContext: latency(Reset, CloseOnContext),
		ResetToNative:         latency(Reset, Native),
		overhead:              s.Overhead,
	}
	if first != last {
		perSecond := func(m measurement) float64 { return m.perSecond }
		r.SpeedUp = quotient(c.rounds[cell{Reset, last}], c.rounds[cell{Reset, first}], perSecond)
	}
	return r
}

// quotient returns the median of what divides the rounds of one by those of
// the other.
func quotient(above, below []measurement, of func(measurement) float64) float64 {
	pairs := min(len(above), len(below))
	if pairs == 0 {
		return 0
	}
	rounds := make([]int, pairs)
	for i := range rounds {
		rounds[i] = i
	}
	return median(rounds, func(i int) float64 { return of(above[i]) / of(below[i]) })
}

// meanRatio returns the mean of those that do some work, and nothing where
// there are none.
func meanRatio(engine string, ratios []Ratio) []Ratio {
	mean := Ratio{Engine: engine, Script: Mean}
	n := 0.0
	for _, r := range ratios {
		if r.overhead {
			continue
		}
		n++
		mean.NewToReset += r.NewToReset
		mean.ResetToWarm += r.ResetToWarm
		mean.ResetToUnmetered += r.ResetToUnmetered
		mean.ResetToCloseOnContext += r.ResetToCloseOnContext
		mean.ResetToNative += r.ResetToNative
		mean.SpeedUp += r.SpeedUp
	}
	if n == 0 {
		return nil
	}
	mean.NewToReset /= n
	mean.ResetToWarm /= n
	mean.ResetToUnmetered /= n
	mean.ResetToCloseOnContext /= n
	mean.ResetToNative /= n
	mean.SpeedUp /= n
	return []Ratio{mean}
}
