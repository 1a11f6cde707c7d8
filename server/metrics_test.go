package server

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// The linter is promtool's own (promtool check metrics).
func TestPromtoolHasNothingToSayOfTheMetrics(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "hi")
	ts.get("/api/conversations?afer=1")
	problems, err := promlint.New(strings.NewReader(ts.get("/metrics").is(t, 200).body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestTheManualExplainsEachMetric(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../docs/operating/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	ts := serve(t)
	names := regexp.MustCompile(`(?m)^# TYPE (verbatim_\S+)`).FindAllStringSubmatch(ts.get("/metrics").body, -1)
	if len(names) < 40 {
		t.Fatalf("got %d metrics", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile("`" + name[1] + "[`{]").Match(manual) {
			t.Errorf("docs/operating/monitoring.md does not explain %s", name[1])
		}
	}
}

func TestRequestsAreCountedByRouteMethodAndStatus(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--send-rate", "1")
	ts.get("/metrics").has(t, `verbatim_http_requests_total{method="POST",route="/api/conversations/{id}/messages",status="429"} 0`)
	for range 5 {
		ts.post("lobby", `{"from":"bot","text":"hi"}`)
	}
	ts.get("/api/conversations/lobby/messages").is(t, 200)
	ts.get("/api/conversations/none/messages").is(t, 404)
	ts.get("/api/conversations?afer=1").is(t, 400)
	ts.ask(http.MethodHead, "/api/conversations", "").is(t, 200)
	ts.get("/api/conversations/lobby/transcript").is(t, 200)
	ts.get("/api/nothing/"+long(50)).is(t, 404)
	ts.get("/"+long(50)).is(t, ts.get("/"+long(51)).status)
	ts.ask("BREW", "/api/conversations", "").is(t, 405)
	ts.get("/healthz").is(t, 200)
	ts.get("/ws").is(t, 426)
	ts.get("/api/conversations", "Origin", "https://evil.example").is(t, 403)
	c, _ := ts.dial("name=ann")
	ts.read(c)
	body := ts.get("/metrics").body
	for _, want := range []string{
		`{method="POST",route="/api/conversations/{id}/messages",status="201"} 2`,
		`{method="POST",route="/api/conversations/{id}/messages",status="429"} 3`,
		`{method="GET",route="/api/conversations/{id}/messages",status="200"} 1`,
		`{method="GET",route="/api/conversations/{id}/messages",status="404"} 1`,
		`{method="GET",route="/api/conversations",status="400"} 1`,
		`{method="HEAD",route="/api/conversations",status="200"} 1`,
		`{method="GET",route="/api/conversations/{id}/transcript",status="200"} 1`,
		`{method="GET",route="/api/",status="404"} 1`,
		`{method="other",route="/api/conversations",status="405"} 1`,
		`{method="GET",route="/healthz",status="200"} 1`,
		`{method="GET",route="/ws",status="426"} 1`,
		`{method="GET",route="/ws",status="101"} 1`,
		`{method="GET",route="/api/",status="403"} 1`,
	} {
		if !strings.Contains(body, "verbatim_http_requests_total"+want) {
			t.Errorf("no %s in\n%s", want, strings.Join(regexp.MustCompile(`(?m)^verbatim_http_requests.*$`).FindAllString(body, -1), "\n"))
		}
	}
	for _, want := range []string{
		`verbatim_errors_total{code="rate_limited",transport="http"} 3`, `verbatim_errors_total{code="bad_request",transport="http"} 3`,
		`verbatim_errors_total{code="not_found",transport="http"} 2`, `verbatim_errors_total{code="forbidden",transport="http"} 1`,
		`verbatim_errors_total{code="conflict",transport="websocket"} 0`, `verbatim_connections_refused_total{reason="rate"} 3`,
		`verbatim_connections_refused_total{reason="origin_policy"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, "xxx") {
		t.Error("what strangers ask for stands in a label")
	}
}
