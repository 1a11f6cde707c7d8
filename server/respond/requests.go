package respond

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Route is a row of the table of routes, as /metrics names it. Their number is fixed, whatever clients ask for.
type Route int

// The routes.
const (
	RouteOther Route = iota // none of the others
	RoutePage
	RouteSocket
	RouteAPI // an unknown path below it
	RouteList
	RouteMessages
	RouteTranscript
	RouteMembers
	RouteDirect
	RouteHealth
	RouteReady
	RouteMetrics
	routeCount
)

// Path returns the path of a route, as the contract writes it.
func (r Route) Path() string { return routeNames[r] }

var routeNames = [routeCount]string{
	"other", "/", "/ws", "/api/", "/api/conversations", "/api/conversations/{id}/messages",
	"/api/conversations/{id}/transcript", "/api/conversations/{id}/members", "/api/direct", "/healthz", "/readyz",
	"/metrics",
}

// countedMethods and countedStatuses have a figure of their own; the last of each stands for all others. The status 0
// is that of an answer that was never begun.
var (
	countedMethods  = [...]string{"GET", "HEAD", "POST", "PUT", "OPTIONS", "other"}
	countedStatuses = [...]int{
		101, 200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 412, 413,
		415, 416, 426, 429, 500, 503, 0, -1,
	}
)

// Requests counts requests by route, method and status. Counting is one atomic addition and takes no lock. Safe for
// concurrent use.
type Requests struct {
	desc   *prometheus.Desc
	counts [routeCount][len(countedMethods)][len(countedStatuses)]atomic.Int64
}

// NewRequests returns the counters, all of them 0.
func NewRequests() *Requests {
	return &Requests{desc: prometheus.NewDesc("verbatim_http_requests_total",
		"HTTP requests that were answered, by route, method and status. Status none: the connection broke off before.",
		[]string{"route", "method", "status"}, nil)}
}

func (c *Requests) count(at Route, method string, status int) {
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
func (c *Requests) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect implements prometheus.Collector. It leaves out what never happened, except for figures that alerts need.
func (c *Requests) Collect(metrics chan<- prometheus.Metric) {
	for at := range c.counts {
		for m := range c.counts[at] {
			for n := range c.counts[at][m] {
				value := c.counts[at][m][n].Load()
				if value == 0 && !watched(Route(at), countedMethods[m], countedStatuses[n]) {
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

// watched reports whether a figure is there before the first request that it counts, as 0: a rate needs that.
func watched(at Route, method string, status int) bool {
	switch at {
	case RouteMessages:
		return method == "POST" && slices.Contains([]int{201, 400, 413, 429, 503}, status) ||
			method == "GET" && slices.Contains([]int{200, 400, 503}, status)
	case RouteSocket:
		return method == "GET" && slices.Contains([]int{101, 403, 503}, status)
	}
	return false
}
