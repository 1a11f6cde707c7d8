package server

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// route is a row of the table of routes, as /metrics names it. There are so many and no more, whatever is asked for.
type route int

const (
	routeOther route = iota // what comes to none of them
	routePage
	routeSocket
	routeAPI // and nothing below it that there is
	routeList
	routeMessages
	routeTranscript
	routeHealth
	routeReady
	routeMetrics
	routeCount
)

var routeNames = [routeCount]string{
	"other", "/", "/ws", "/api/", "/api/conversations", "/api/conversations/{id}/messages",
	"/api/conversations/{id}/transcript", "/healthz", "/readyz", "/metrics",
}

// countedMethods and countedStatuses are those with a figure of their own; the last of each is all others. The status 0
// is that of an answer that was never begun.
var (
	countedMethods  = [...]string{"GET", "HEAD", "POST", "OPTIONS", "other"}
	countedStatuses = [...]int{
		101, 200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 412, 413,
		415, 416, 426, 429, 500, 503, 0, -1,
	}
)

// httpCounts counts requests. Counting is one atomic addition: a request that is served well takes no lock for it.
type httpCounts struct {
	desc   *prometheus.Desc
	counts [routeCount][len(countedMethods)][len(countedStatuses)]atomic.Int64
}

func newHTTPCounts() *httpCounts {
	return &httpCounts{desc: prometheus.NewDesc("verbatim_http_requests_total",
		"HTTP requests that were answered, by route, method and status. Status none: the connection broke off before.",
		[]string{"route", "method", "status"}, nil)}
}

func (c *httpCounts) count(at route, method string, status int) {
	m := slices.Index(countedMethods[:], method)
	if m < 0 {
		m = len(countedMethods) - 1
	}
	n := slices.Index(countedStatuses[:], status)
	if n < 0 {
		n = len(countedStatuses) - 1
	}
	c.counts[at][m][n].Add(1)
}

// Describe implements prometheus.Collector.
func (c *httpCounts) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect implements prometheus.Collector. What never happened is left out, but for what alerts are written for.
func (c *httpCounts) Collect(metrics chan<- prometheus.Metric) {
	for at := range c.counts {
		for m := range c.counts[at] {
			for n := range c.counts[at][m] {
				value := c.counts[at][m][n].Load()
				if value == 0 && !watched(route(at), countedMethods[m], countedStatuses[n]) {
					continue
				}
				metrics <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(value),
					routeNames[at], countedMethods[m], statusName(countedStatuses[n]))
			}
		}
	}
}

func statusName(status int) string {
	switch status {
	case 0:
		return "none"
	case -1:
		return "other"
	default:
		return strconv.Itoa(status)
	}
}

// watched reports whether a figure is there, as 0, before the first request that it counts: a rate needs that.
func watched(at route, method string, status int) bool {
	switch at {
	case routeMessages:
		return method == "POST" && slices.Contains([]int{201, 400, 413, 429, 503}, status) ||
			method == "GET" && slices.Contains([]int{200, 400, 503}, status)
	case routeSocket:
		return method == "GET" && slices.Contains([]int{101, 403, 503}, status)
	}
	return false
}
