package server

import (
	"strings"
	"testing"
)

func TestWhatIsNoPathIsAnsweredAndCounted(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	if a := ts.bare("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); a.StatusCode != 400 {
		t.Errorf("HTTP/2: got %s", a.Status)
	}
	if l := ts.logs("http: bad_request"); !strings.Contains(l.Message, "HTTP/2") {
		t.Errorf("HTTP/2: got %+v", l)
	}
	if a := ts.bare("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); a.StatusCode != 204 {
		t.Errorf("OPTIONS: got %s", a.Status)
	}
	if a := ts.bare("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"); a.StatusCode != 404 {
		t.Errorf("CONNECT: got %s", a.Status)
	}
	ts.get("/metrics").has(t, `verbatim_http_requests_total{method="OPTIONS",route="other",status="204"} 1`,
		`verbatim_errors_total{code="not_found",transport="http"} 1`, `verbatim_connections_refused_total{reason="request"} 0`)
}
