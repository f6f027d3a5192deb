package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/henge-run/henge/host/queue"
)

const (
	// countEvery is how often Redis is asked for what waits, at the most: any
	// number of scrapers cost it the same.
	countEvery = 5 * time.Second
	countTime  = 2 * time.Second
)

// reader reads what is not counted but is there.
type reader struct {
	source Source
	now    func() time.Time

	waiting, partly, running, slots, leasesLost, refused *prometheus.Desc
	redisUp, outages, instances, memory                  *prometheus.Desc

	mu      sync.Mutex
	counted time.Time
	last    []queue.Waiting
	some    bool // the last count left some lists out
	err     error
}

func newReader(s Source) *reader {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &reader{
		source: s, now: time.Now,
		waiting:    desc("henge_waiting", "Jobs that wait in the lists of this worker, counted every few seconds; type any where a list has jobs of several.", "dialect", "type"),
		partly:     desc("henge_waiting_partly", "1 when there are more lists than were counted."),
		running:    desc("henge_running", "Jobs that run in this worker.", "type"),
		slots:      desc("henge_slots", "Jobs that can run in this worker at once."),
		leasesLost: desc("henge_leases_lost_total", "Running jobs that were stopped since they had become another worker's."),
		refused:    desc("henge_refused_writes_total", "Writes that were refused since the job was no longer this worker's.", "write"),
		redisUp:    desc("henge_redis_up", "1 when Redis has answered the last call."),
		outages:    desc("henge_redis_outages_total", "How often Redis went away."),
		instances:  desc("henge_pool_instances", "Instances that wait for jobs."),
		memory:     desc("henge_pool_memory_bytes", "Memory of their own that these have."),
	}
}

// Describe implements prometheus.Collector.
func (r *reader) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(r, to) }

// Collect implements prometheus.Collector.
func (r *reader) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	s := r.source.State()
	running := map[string]int{}
	for _, t := range s.Types {
		running[t] = 0
	}
	for t, n := range s.Running {
		running[typeLabel(t, s.Types)] += n
	}
	for t, n := range running {
		gauge(r.running, float64(n), t)
	}
	gauge(r.slots, float64(s.Slots))
	counter(r.leasesLost, s.LeasesLost)
	for _, w := range queue.Writes() {
		counter(r.refused, s.Refused[w], w.String())
	}
	gauge(r.redisUp, number(s.RedisAnswers))
	counter(r.outages, s.Outages)
	if r.source.Pool != nil {
		n, bytes := r.source.Pool()
		gauge(r.instances, float64(n))
		gauge(r.memory, float64(bytes))
	}
	waiting, partly, err := r.count()
	if err != nil {
		return // an old number would say that all is well
	}
	sums := map[[2]string]int64{}
	for _, w := range waiting {
		t := "any"
		if w.Type != "" {
			t = typeLabel(w.Type, s.Types)
		}
		sums[[2]string{w.Dialect, t}] += w.Jobs
	}
	for labels, n := range sums {
		gauge(r.waiting, float64(n), labels[0], labels[1])
	}
	gauge(r.partly, number(partly))
}

// count returns what waits, as it was a few seconds ago at the most.
func (r *reader) count() ([]queue.Waiting, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counted.IsZero() || r.now().Sub(r.counted) >= countEvery {
		ctx, cancel := context.WithTimeout(context.Background(), countTime)
		defer cancel()
		r.last, r.some, r.err = r.source.Waiting(ctx)
		r.counted = r.now()
	}
	return r.last, r.some, r.err
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
