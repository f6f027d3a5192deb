// Package metrics shows a worker to Prometheus, and to whoever asks whether it
// is healthy and ready. It counts what the worker tells it and reads the rest
// when it is asked; it takes no part in the work.
package metrics

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/worker"
)

// otherType stands for all types that the worker does not serve: any text can
// be a job's type, and each label's value is kept for ever.
const otherType = "other"

// Source is what metrics are read from when they are asked for.
type Source struct {
	// State is worker.Worker's.
	State func() worker.State

	// Waiting is queue.Queue's. It is called every few seconds at the most.
	Waiting func(context.Context) ([]queue.Waiting, bool, error)

	// Pool says how many instances wait for jobs, and their own memory in
	// bytes. Nil where there are none.
	Pool func() (instances int, memory int64)
}

// Metrics counts what a worker does. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	source   atomic.Pointer[Source]
	served   sync.Map // types that were seen to be served

	claims, ends    *prometheus.CounterVec
	waited, ran     *prometheus.HistogramVec
	exchange        prometheus.Observer
	exchangeErrors  prometheus.Counter
	fuel, hostCalls *prometheus.CounterVec
}

var _ worker.Observer = (*Metrics)(nil)

// New returns metrics that count nothing yet. Give them to the worker as its
// Observer, and then the worker to Read.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, from float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name, Help: help,
			Buckets: prometheus.ExponentialBuckets(from, 4, 12),
		}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.claims = counter("henge_claims_total", "Attempts begun.", "dialect", "type")
	m.ends = counter("henge_ends_total", "Attempts whose end was written, by reason.", "dialect", "end")
	m.fuel = counter("henge_fuel_total", "Fuel burnt by attempts that ended: about one unit for each instruction.", "type")
	m.hostCalls = counter("henge_host_calls_total", "Calls of host functions by attempts that ended.", "type")
	m.waited = histogram("henge_claim_to_start_seconds", "From the call that claimed a job to its start.", 50e-6, "type")
	m.ran = histogram("henge_run_seconds", "How long attempts ran.", 10e-6, "type")
	m.exchange = histogram("henge_exchange_seconds", "Calls that bring back results and claim jobs.", 50e-6).WithLabelValues()
	m.exchangeErrors = counter("henge_exchange_errors_total", "Such calls that failed.").WithLabelValues()
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Read has further metrics read from a worker. Call it once, before Handler is
// asked.
func (m *Metrics) Read(s Source) {
	m.source.Store(&s)
	m.registry.MustRegister(newReader(s))
}

// Exchanged implements worker.Observer.
func (m *Metrics) Exchanged(took time.Duration, err error) {
	m.exchange.Observe(took.Seconds())
	if err != nil {
		m.exchangeErrors.Inc()
	}
}

// Started implements worker.Observer.
func (m *Metrics) Started(j *job.Job, waited time.Duration) {
	t := m.typeLabel(j.Type)
	m.claims.WithLabelValues(j.Dialect, t).Inc()
	m.waited.WithLabelValues(t).Observe(waited.Seconds())
}

// Ended implements worker.Observer.
func (m *Metrics) Ended(j *job.Job, r *job.Result) {
	t := m.typeLabel(j.Type)
	m.ends.WithLabelValues(j.Dialect, r.End.String()).Inc()
	if r.End != job.Refused {
		m.ran.WithLabelValues(t).Observe(r.Cost.Wall.Seconds())
	}
	m.fuel.WithLabelValues(t).Add(float64(max(r.Cost.Fuel, 0)))
	m.hostCalls.WithLabelValues(t).Add(float64(max(r.Cost.HostCalls, 0)))
}

// typeLabel is a type as a label: one that the worker serves, or "other". A type
// that is served stays so.
func (m *Metrics) typeLabel(t string) string {
	if _, ok := m.served.Load(t); ok {
		return t
	}
	s := m.source.Load()
	if s == nil || typeLabel(t, s.State().Types) != t {
		return otherType
	}
	m.served.Store(t, true)
	return t
}

func typeLabel(t string, served []string) string {
	if slices.Contains(served, t) {
		return t
	}
	return otherType
}

// Handler answers /metrics, /healthz and /readyz, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", m.answer(health))
	mux.HandleFunc("GET /readyz", m.answer(readiness))
	return mux
}
