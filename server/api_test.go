package server

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"verbatim/persistence/transcript/export"
)

func TestTheListIsByID(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.get("/api/conversations").is(t, 200).has(t, `{"conversations":[],"more":false}`)
	for _, id := range []string{"team-b", "lobby", "team-a", "team-c"} {
		ts.says(id, "ann", "hi")
	}
	for query, want := range map[string]string{
		"": "lobby team-a team-b team-c", "prefix=team": "team-a team-b team-c", "prefix=team&after=team-a": "team-b team-c",
		"limit=2": "lobby team-a more", "after=lobby&limit=1": "team-a more", "prefix=none": "", "after=lobb": "lobby team-a team-b team-c", "contains=m-b": "team-b", "prefix=team&contains=-&limit=1": "team-a more", "after=zzz": "",
	} {
		a := ts.get("/api/conversations?"+query).is(t, 200)
		var ids []string
		for part := range strings.SplitSeq(a.body, `{"id":"`) {
			if id, _, ok := strings.Cut(part, `","last":1,"time":"2`); ok {
				ids = append(ids, id)
			}
		}
		if strings.HasSuffix(a.body, `"more":true}`) {
			ids = append(ids, "more")
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("?%s: got %q (%s), want %q", query, got, a.body, want)
		}
	}
	ts.get("/api/conversations?limit=0").refuses(t, 400, "bad_request", "limit")
	ts.get("/api/conversations?limit=1001").refuses(t, 400, "bad_request", "limit")
}

func TestWhatTheAPIDoesNotServeIsAnErrorInJSON(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "hi")
	for _, path := range []string{"/api/", "/api/nothing", "/api/conversations/lobby", "/api/conversations/lobby/nothing", "/api/conversations/"} {
		ts.get(path).refuses(t, 404, "not_found", "/api/conversations")
	}
	for path, allow := range map[string]string{
		"/api/conversations": "GET, HEAD", "/api/conversations/lobby/messages": "GET, HEAD, POST", "/api/conversations/lobby/transcript": "GET, HEAD",
		"/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/metrics": "GET, HEAD",
	} {
		for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodOptions} {
			if got := ts.ask(method, path, "").refuses(t, 405, "bad_request", "use").header.Get("Allow"); got != allow {
				t.Errorf("%s: Allow: got %q, want %q", path, got, allow)
			}
		}
	}
	ts.ask(http.MethodHead, "/api/conversations/lobby/messages", "").is(t, 200)
	for _, path := range []string{"/api/conversations/NO/messages", "/api/conversations/-a/transcript"} {
		ts.get(path).refuses(t, 400, "invalid_conversation", "a-z")
	}
	ts.get("/api/conversations/none/messages").refuses(t, 404, "not_found", "none")
	ts.get("/api/conversations/none/transcript").refuses(t, 404, "not_found", "none")
}

func TestATranscriptIsADownloadInEachFormat(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "one", "two")
	for _, format := range export.Formats {
		a := ts.get("/api/conversations/lobby/transcript?format="+format).is(t, 200).has(t, "one", "two")
		if got, want := a.header.Get("Content-Disposition"), `attachment; filename="lobby.`+format+`"`; got != want {
			t.Errorf("Content-Disposition: got %s, want %s", got, want)
		}
		if got := a.header.Get("Content-Type"); got != export.ContentType(format) {
			t.Errorf("%s: Content-Type: got %s", format, got)
		}
	}
	if plain, jsonl := ts.get("/api/conversations/lobby/transcript"), ts.get("/api/conversations/lobby/transcript?format=jsonl"); plain.body != jsonl.body {
		t.Errorf("without format: got %s, want jsonl", plain.body)
	}
	ts.get("/api/conversations/lobby/transcript?format=pdf").refuses(t, 400, "bad_request", "jsonl, json, txt, md")
	if head := ts.ask(http.MethodHead, "/api/conversations/lobby/transcript", "").is(t, 200); head.header.Get("Content-Disposition") == "" {
		t.Error("HEAD says no Content-Disposition")
	}
}

func TestATranscriptWhoseReaderGoesAwayEnds(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	text := strings.Repeat("x", 16000)
	for range 200 {
		ts.says("lobby", "ann", text)
	}
	c := ts.dialTCP()
	if _, err := io.WriteString(c, "GET /api/conversations/lobby/transcript HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	ts.stop() // waits for the request; goleak sees what stays behind
}

func TestMetricsNameEveryFigureWithHelp(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.says("lobby", "ann", "hi")
	body := ts.get("/metrics").is(t, 200).body
	for _, want := range []string{
		"verbatim_messages_recorded_total 1", "verbatim_ready 1", "verbatim_sessions 0", `verbatim_build_info{commit="none",goversion="go`,
		"go_sched_latencies_seconds_bucket", "process_open_fds", "verbatim_delivery_duration_seconds_count 0", `verbatim_history_breaker_state{state="closed"} 1`, `verbatim_history_breaker_state{state="open"} 0`,
		"verbatim_checkpoint_failures_total 0", "verbatim_sync_errors_total 0", "verbatim_cold_reads_total ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics says nothing of %s", want)
		}
	}
	var names []string
	for line := range strings.Lines(body) {
		if name, ok := strings.CutPrefix(line, "# HELP verbatim_"); ok {
			name, help, _ := strings.Cut(strings.TrimSpace(name), " ")
			if names = append(names, name); len(help) < 10 {
				t.Errorf("%s: its help says nothing: %q", name, help)
			}
		}
	}
	if len(names) < 51 || !slices.IsSorted(names) {
		t.Errorf("got %d metrics of ours: %v", len(names), names)
	}
}

func TestHealthIsAlive(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	ts.get("/healthz").is(t, 200).has(t, "alive")
	ts.get("/readyz").is(t, 200).has(t, "ready")
	ts.get("/").has(t, "") // the page, or the words that it is not built
}

func TestMetricsAreNotWhereOthersReachTheServer(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--listen", "0.0.0.0:0", "--auth", "open")
	ts.get("/metrics").is(t, 200)
	_, port, _ := strings.Cut(strings.TrimPrefix(ts.where()[1], "http://"), ":")
	ts.url = "http://127.0.0.1:" + port
	// Asked for on this machine, but at an address that is not its alone.
	ts.get("/metrics").refuses(t, 404, "not_found", "--admin-listen")
	ts.get("/healthz").is(t, 200)
}

func TestAPageThatMayChatMayNotReadTheAdminsAddress(t *testing.T) {
	t.Parallel()
	ts := serve(t, "--admin-listen", "127.0.0.1:0", "--allow-origin", "https://app.example.com")
	ts.get("/api/conversations", "Origin", "https://app.example.com").is(t, 200)
	ts.url = "http://" + ts.admin.listeners[0].Addr().String()
	for _, path := range []string{"/metrics", "/debug/pprof/", "/readyz"} {
		ts.get(path).is(t, 200)
		ts.get(path, "Origin", ts.url).is(t, 200)
		a := ts.get(path, "Origin", "https://app.example.com")
		if got := a.header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: got Access-Control-Allow-Origin %q", path, got)
		}
	}
}
