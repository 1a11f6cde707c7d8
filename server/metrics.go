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
	"verbatim/server/gate"
	"verbatim/server/respond"
)

// metrics is what /metrics says. What happens per message is counted by the rooms in atomics of their own, and read
// only when somebody asks.
type metrics struct {
	registry *prometheus.Registry

	commitEntries, commitBytes, commitTime prometheus.Histogram
	checkpointTime                         prometheus.Histogram
	checkpointFailures                     prometheus.Counter
	latency                                prometheus.Histogram
	refused, errors, closes                *prometheus.CounterVec
	http                                   *respond.Requests
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
			Name: "verbatim_journal_commit_duration_seconds", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
			Help: "How long one commit of the journal took, its sync included.",
		}),
		checkpointTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_checkpoint_duration_seconds", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
			Help: "How long one checkpoint took, failed ones too.",
		}),
		checkpointFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "verbatim_checkpoint_failures_total",
			Help: "Checkpoints that failed. The journal keeps what they would have written, and they are tried again.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_delivery_duration_seconds", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 18),
			Help: "From an entry's commit until it was handed to a session's socket: a sample of the live ones.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_connections_refused_total",
			Help: "Connections and requests that were refused, by reason: crowded (closed with 1013, a stream with 503), " +
				"name (closed with 1008), overfull (HTTP 503, since too many are being refused), origin_policy (HTTP 403), " +
				"rate (HTTP 429), handshake (closed before its request was complete, for a newer connection), " +
				"idle (closed between requests, for a newer connection), files (closed at the limit of open files), " +
				"proxy (closed: no PROXY header), request (closed: no complete request came).",
		}, []string{"reason"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_errors_total",
			Help: "Errors that clients were told, by code, over http or websocket.",
		}, []string{"transport", "code"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_closes_total",
			Help: "WebSocket connections and event streams that ended, by reason and by close code (none: there was none).",
		}, []string{"reason", "code"}),
		http: respond.NewRequests(),
	}
	m.zero()
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "verbatim_build_info", Help: "Always 1; its labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.commitEntries, m.commitBytes, m.commitTime, m.checkpointTime, m.checkpointFailures,
		m.latency, m.refused, m.errors, m.closes, m.http, info,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(), newLag())
	return m
}

// zero makes each label's figure, as 0, before the first: a rate needs that.
func (m *metrics) zero() {
	for _, reason := range []string{
		"crowded", "overfull", "name", "origin_policy", "rate", "handshake", "idle", "files", "proxy", "request",
	} {
		m.refused.WithLabelValues(reason)
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

// committed records one commit of the journal.
func (m *metrics) committed(entries, bytes int, took time.Duration) {
	m.commitEntries.Observe(float64(entries))
	m.commitBytes.Observe(float64(bytes))
	m.commitTime.Observe(took.Seconds())
}

// checkpointed records one checkpoint of the record.
func (m *metrics) checkpointed(took time.Duration, err error) {
	m.checkpointTime.Observe(took.Seconds())
	if err != nil {
		m.checkpointFailures.Inc()
	}
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
	gate    gate.Stats
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
		gate: r.s.gate.Stats(),
	}
	for _, c := range counts {
		metrics <- prometheus.MustNewConstMetric(c.desc, c.kind, c.read(now))
	}
}
