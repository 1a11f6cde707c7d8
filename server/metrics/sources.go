package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/server/gate"
	"verbatim/server/limit"
	"verbatim/server/logging"
	"verbatim/session"
)

// Sources are the packages that count for themselves.
type Sources struct {
	Record   *disk.Record
	Store    *persistence.Store
	Hub      *hub.Hub
	History  interface{ Stats() history.Stats }
	Sessions *session.Counters
	Gate     *gate.Gate
	Refusals *limit.Connections
	Notes    *logging.Notes
	Logger   *logging.Logger

	Started time.Duration // how long this start took to open the record
	Ready   func() bool   // reports whether the server takes traffic
}

// Watch adds the figures of the sources. Call it once.
func (m *Metrics) Watch(s *Sources) { m.registry.MustRegister(&collector{s}) }

// reading is the counts of all sources at one moment.
type reading struct {
	*Sources
	store   persistence.StoreStats
	hub     hub.Stats
	history history.Stats
	disk    disk.Stats
	gate    gate.Stats
}

// collector reads all sources once for each scrape.
type collector struct{ s *Sources }

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, figure := range counts {
		descs <- figure.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	now := &reading{
		Sources: c.s,
		store:   c.s.Store.Stats(), hub: c.s.Hub.Stats(), history: c.s.History.Stats(), disk: c.s.Record.Stats(),
		gate: c.s.Gate.Stats(),
	}
	for _, figure := range counts {
		metrics <- prometheus.MustNewConstMetric(figure.desc, figure.kind, figure.read(now))
	}
}
