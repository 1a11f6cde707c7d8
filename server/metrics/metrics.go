// Package metrics has all figures of /metrics, and how they are gathered.
package metrics

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"verbatim/protocol"
	"verbatim/server/respond"
)

// Metrics are the figures that the server counts itself. What happens for each message is counted by the packages in
// atomics of their own, and read only for a scrape (Watch). Safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	commitEntries, commitBytes, commitTime prometheus.Histogram
	checkpointTime                         prometheus.Histogram
	checkpointFailures                     prometheus.Counter
	closes                                 *prometheus.CounterVec

	Latency         prometheus.Histogram   // from an entry's commit to a socket
	Refused, Errors *prometheus.CounterVec // by reason; by transport and code
	HTTP            *respond.Requests
}

// New returns the figures of a program of that version and commit, all of them 0.
func New(version, commit string) *Metrics {
	m := &Metrics{
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
		Latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "verbatim_delivery_duration_seconds", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 18),
			Help: "From an entry's commit until it was handed to a session's socket: a sample of the live ones.",
		}),
		Refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_connections_refused_total",
			Help: "Connections and requests that were refused, by reason: crowded (closed with 1013, a stream " +
				"with 503), " +
				"name (closed with 1008), token (closed with 4001 or 4003), overfull (HTTP 503, since too many are " +
				"being refused), origin_policy " +
				"(HTTP 403), " +
				"rate (HTTP 429), handshake (closed before its request was complete, for a newer connection), " +
				"idle (closed between requests, for a newer connection), files (closed at the limit of open files), " +
				"proxy (closed: no PROXY header), request (closed: no complete request came).",
		}, []string{"reason"}),
		Errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_errors_total",
			Help: "Errors that clients were told, by code, over http or websocket.",
		}, []string{"transport", "code"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "verbatim_closes_total",
			Help: "WebSocket connections and event streams that ended, by reason and by close code (none: there " +
				"was none).",
		}, []string{"reason", "code"}),
		HTTP: respond.NewRequests(),
	}
	m.zero()
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "verbatim_build_info", Help: "Always 1; its labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.commitEntries, m.commitBytes, m.commitTime, m.checkpointTime, m.checkpointFailures,
		m.Latency, m.Refused, m.Errors, m.closes, m.HTTP, info,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(), newSchedulingLatency())
	return m
}

// zero makes each label's figure, as 0, before the first: a rate needs that.
func (m *Metrics) zero() {
	for _, reason := range []string{
		"crowded", "overfull", "name", "token", "origin_policy", "rate", "handshake", "idle", "files", "proxy",
		"request",
	} {
		m.Refused.WithLabelValues(reason)
	}
	for _, code := range protocol.Codes {
		m.Errors.WithLabelValues("http", string(code))
		m.Errors.WithLabelValues("websocket", string(code))
	}
	for why, codes := range closeCodes {
		for _, code := range codes {
			m.closes.WithLabelValues(string(why), closeName(code))
		}
	}
}

// Committed records one commit of the journal.
func (m *Metrics) Committed(entries, bytes int, took time.Duration) {
	m.commitEntries.Observe(float64(entries))
	m.commitBytes.Observe(float64(bytes))
	m.commitTime.Observe(took.Seconds())
}

// Checkpointed records one checkpoint of the record.
func (m *Metrics) Checkpointed(took time.Duration, err error) {
	m.checkpointTime.Observe(took.Seconds())
	if err != nil {
		m.checkpointFailures.Inc()
	}
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
