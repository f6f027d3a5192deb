package bench

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// measurement is what one way showed in one round.
type measurement struct {
	p50, p99 time.Duration

	// fast is the tenth percentile, which ratios are made of: what other
	// programs do can only make a job slower.
	fast time.Duration

	perSecond    float64
	heap, allocs float64
}

// maxSamples is how many jobs of one goroutine are timed in one round; with
// the last of them its turn ends. It is some hundred milliseconds of the
// shortest jobs, and two megabytes.
const maxSamples = 1 << 18

// latencies are how long the jobs of one goroutine took, one after the other.
// Their memory is kept from round to round, so that it is not counted as what
// a job takes of the heap.
type latencies []time.Duration

func newSamples(goroutines int) []latencies {
	all := make([]latencies, goroutines)
	for i := range all {
		all[i] = make(latencies, 0, maxSamples)
	}
	return all
}

// take times f again and again, until d has passed since start or there is no
// more place, and at least once.
func (l *latencies) take(start time.Time, d time.Duration, f func() error) error {
	*l = (*l)[:0]
	for last := time.Now(); ; {
		if err := f(); err != nil {
			return err
		}
		now := time.Now()
		*l = append(*l, now.Sub(last))
		if now.Sub(start) >= d || len(*l) == cap(*l) {
			return nil
		}
		last = now
	}
}

// summarise puts the samples of all goroutines together.
func summarise(all []latencies, elapsed time.Duration) measurement {
	sorted := slices.Concat(all...)
	slices.Sort(sorted)
	return measurement{
		fast:      Percentile(sorted, 0.10),
		p50:       Percentile(sorted, 0.50),
		p99:       Percentile(sorted, 0.99),
		perSecond: float64(len(sorted)) / elapsed.Seconds(),
	}
}

// Percentile returns the smallest of the sorted values that is at least as
// large as the fraction q of them.
func Percentile[T any](sorted []T, q float64) T {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// median returns the middle of what f gives for each of the list, which is not
// empty; of two in the middle, the lower.
func median[E any, T cmp.Ordered](list []E, f func(E) T) T {
	values := make([]T, len(list))
	for i, e := range list {
		values[i] = f(e)
	}
	slices.Sort(values)
	return Percentile(values, 0.5)
}

// cells are the rounds of one script, by way and number of goroutines, in the
// order in which they were first measured.
type cells struct {
	order  []cell
	rounds map[cell][]measurement
}

type cell struct {
	way        Way
	goroutines int
}

func (c *cells) add(way Way, goroutines int, m measurement) {
	if c.rounds == nil {
		c.rounds = map[cell][]measurement{}
	}
	at := cell{way, goroutines}
	if c.rounds[at] == nil {
		c.order = append(c.order, at)
	}
	c.rounds[at] = append(c.rounds[at], m)
}

// rows returns the medians of the rounds.
func (c *cells) rows(engine, script string) []Row {
	var rows []Row
	for _, at := range c.order {
		rounds := c.rounds[at]
		rows = append(rows, Row{
			Engine: engine, Script: script, Way: at.way, Goroutines: at.goroutines,
			P50:           median(rounds, func(m measurement) time.Duration { return m.p50 }),
			P99:           median(rounds, func(m measurement) time.Duration { return m.p99 }),
			JobsPerSecond: median(rounds, func(m measurement) float64 { return m.perSecond }),
			HeapBytes:     median(rounds, func(m measurement) float64 { return m.heap }),
			Allocs:        median(rounds, func(m measurement) float64 { return m.allocs }),
		})
	}
	return rows
}
