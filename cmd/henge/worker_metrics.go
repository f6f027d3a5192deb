package main

import (
	"context"
	"log/slog"

	"github.com/henge-run/henge/host/metrics"
	"github.com/henge-run/henge/host/worker"
)

// newMetrics returns what counts the worker's jobs, and nothing where no
// metrics were asked for.
func (c *workerStart) newMetrics() (*metrics.Metrics, worker.Observer) {
	if c.Metrics == "" {
		return nil, nil
	}
	m := metrics.New()
	return m, m
}

// showMetrics serves metrics, where they were asked for, until stop is called:
// when the last job has ended.
func (c *workerStart) showMetrics(ctx context.Context, log *slog.Logger, m *metrics.Metrics, s metrics.Source) (stop func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	listener, err := metrics.Listen(c.Metrics)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	m.Read(s)
	log.Info("metrics", "url", "http://"+listener.Addr().String()+"/metrics")
	ctx, stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		if err := m.Serve(ctx, listener); err != nil {
			log.Error("no metrics any more", "err", err)
		}
	}()
	return stop, nil
}
