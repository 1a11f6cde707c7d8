package server

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
)

// metrics is what /metrics says. What happens per message is counted by the rooms in atomics of their own, and read
// only when somebody asks.
type metrics struct {
	registry *prometheus.Registry

	commitEntries, commitBytes, commitTime prometheus.Histogram
	latency                                prometheus.Histogram
	refused, errors, closes                *prometheus.CounterVec
	http                                   *httpCounts
}

func newMetrics(build Build) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		commitEntries: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_journal_commit_entries", Buckets: prometheus.ExponentialBuckets(1, 4, 9),
			Help: "Entries that one commit of the journal put on the record together.",
		}),
		commitBytes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_journal_commit_bytes", Buckets: prometheus.ExponentialBuckets(4096, 4, 8),
			Help: "Bytes that one commit of the journal wrote.",
		}),
		commitTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_journal_commit_seconds", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
			Help: "How long one commit of the journal took, its sync included.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_delivery_seconds", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 18),
			Help: "From an entry's commit until it was handed to a session's socket: a sample of the live ones.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_connections_refused_total",
			Help: "Connections and requests that were refused, by why: crowded (closed with 1013), name (closed with 1008), overfull (too many are being told so: HTTP 503), door (HTTP 403), rate (HTTP 429), handshake (closed: no request was finished, and more have come), idle (closed after a request: others came), files (closed: the limit of open files), proxy (closed: no PROXY header), request (closed: no whole request came).",
		}, []string{"why"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_errors_total",
			Help: "Errors that clients were told, by code, over http or websocket.",
		}, []string{"transport", "code"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_closes_total",
			Help: "WebSocket connections and streams of events that ended, by why and by the code of the close (none: without one).",
		}, []string{"why", "code"}),
		http: newHTTPCounts(),
	}
	m.zero()
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "verbatim_build_info", Help: "Always 1; its labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.commitEntries, m.commitBytes, m.commitTime, m.latency, m.refused, m.errors, m.closes, m.http, info,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(), newLag())
	return m
}

// zero makes each label's figure, as 0, before the first: a rate needs that.
func (m *metrics) zero() {
	for _, why := range []string{"crowded", "overfull", "name", "door", "rate", "handshake", "idle", "files", "proxy", "request"} {
		m.refused.WithLabelValues(why)
	}
	for _, code := range protocol.Codes {
		m.errors.WithLabelValues("http", string(code))
		m.errors.WithLabelValues("websocket", string(code))
	}
	for why, codes := range closeCodes {
		for _, code := range codes {
			m.closes.WithLabelValues(string(why), closeName(code))
		}
	}
}

// committed is the journal's word on one commit.
func (m *metrics) committed(entries, bytes int, took time.Duration) {
	m.commitEntries.Observe(float64(entries))
	m.commitBytes.Observe(float64(bytes))
	m.commitTime.Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch adds the rooms' own counts.
func (m *metrics) watch(s *Server) { m.registry.MustRegister(&rooms{s}) }

// reading is the rooms' counts at one moment.
type reading struct {
	s       *Server
	store   persistence.StoreStats
	hub     hub.Stats
	history history.Stats
	disk    disk.Stats
}

// rooms reads all rooms once for each scrape.
type rooms struct{ s *Server }

// A count is one figure of a room.
type count struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*reading) float64
}

func gauge(name, help string, read func(*reading) float64) count {
	return count{prometheus.NewDesc("verbatim_"+name, help, nil, nil), prometheus.GaugeValue, read}
}

func counter(name, help string, read func(*reading) float64) count {
	return count{prometheus.NewDesc("verbatim_"+name+"_total", help, nil, nil), prometheus.CounterValue, read}
}

// Describe implements prometheus.Collector.
func (r *rooms) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range counts {
		descs <- c.desc
	}
}

// Collect implements prometheus.Collector.
func (r *rooms) Collect(metrics chan<- prometheus.Metric) {
	now := &reading{
		s: r.s, store: r.s.store.Stats(), hub: r.s.hub.Stats(), history: r.s.history.Stats(), disk: r.s.record.Stats(),
	}
	for _, c := range counts {
		metrics <- prometheus.MustNewConstMetric(c.desc, c.kind, c.read(now))
	}
}
