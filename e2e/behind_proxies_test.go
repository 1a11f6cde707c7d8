package e2e

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// idle is how long a WebSocket and a poll are left alone behind each proxy. Two minutes are a drill's (scripts/drills
// proxies); here the documented times are compared with the contract's instead.
var idle = flag.Duration("idle", 0, "how long connections behind a proxy stand idle")

// ask sends a request through the proxy; headers are pairs.
func (p *proxy) ask(method, host, path, body string, headers ...string) answer {
	p.t.Helper()
	return p.askWith(p.client(""), method, host, path, body, headers...)
}

func (p *proxy) askWith(client *http.Client, method, host, path, body string, headers ...string) answer {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url(host, path), strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, r.URL, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("%s %s: the body: %v", method, r.URL, err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// dial connects through the proxy as a browser's page of an origin does, from a source address ("" for any).
func (p *proxy) dial(from, host, path, name, origin string) (*client, error) {
	p.t.Helper()
	return dialAt(p.t, p.url(host, path)+"/ws?name="+url.QueryEscape(name), &websocket.DialOptions{
		HTTPClient: p.client(from), HTTPHeader: http.Header{"Origin": {origin}},
	})
}

// TestBehindEachProxy tells its stories one after the other to one proxy of each kind.
func TestBehindEachProxy(t *testing.T) {
	t.Parallel()
	behindEachProxy(t, func(t *testing.T, p *proxy) {
		for _, story := range []struct {
			name string
			tell func(*testing.T, *proxy)
		}{
			{"the page and its files are served", thePageIsServed},
			{"sockets and the API work, and strange pages are refused", socketsAndTheAPIWork},
			{"a big transcript comes whole", aBigTranscriptComesWhole},
			{"what is too large is refused by the server itself", whatIsTooLargeIsRefusedByTheServer},
			{"a poll is answered when there is something", aPollIsAnswered},
			{"events come at once", eventsComeAtOnce},
			{"an idle socket and a poll last", idleConnectionsLast},
		} {
			t.Run(story.name, func(t *testing.T) {
				told := *p
				told.t = t
				story.tell(t, &told)
			})
		}
	})
}

func thePageIsServed(t *testing.T, p *proxy) {
	for host, path := range p.ways() {
		for _, link := range []string{"/", "/c/lobby"} {
			a := p.ask("GET", host, path+link, "")
			if strings.Contains(a.body, "page not built") {
				continue // as TestTheRootIsThePageOrSaysHowToBuildIt has it
			}
			files := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(a.is(t, 200).body, -1)
			if len(files) < 3 {
				t.Errorf("%s%s: got %.300s, want the page", host, path+link, a.body)
			}
			page, _ := url.Parse(p.url(host, path+link))
			for _, file := range files {
				at, err := page.Parse(file[1])
				if err != nil {
					t.Fatal(err)
				}
				p.ask("GET", host, at.Path, "", "Origin", p.url(host, "")).is(t, 200) // type=module has an Origin
			}
		}
	}
	for host, path := range p.ways() {
		for _, untidy := range []string{"//c/lobby", "/c//lobby"} { // some proxies tidy them up themselves
			asked, _ := url.Parse(p.url(host, path+untidy))
			a := p.ask("GET", host, path+untidy, "")
			to, err := asked.Parse(a.header.Get("Location"))
			if a.status == 307 && (err != nil || to.Path != path+"/c/lobby") {
				t.Errorf("%s%s: got %d to %v, which is not below %s/", host, path+untidy, a.status, to, path)
			}
		}
		p.ask("GET", host, path+"/api", "").refuses(t, 404, "not_found")
	}
	if a := p.ask("GET", sharedHost, sharedPath, ""); a.status < 301 || a.status > 308 ||
		!strings.HasSuffix(a.header.Get("Location"), sharedPath+"/") {
		t.Errorf("%s without its last slash: got %d to %q", sharedPath, a.status, a.header.Get("Location"))
	}
	if a := p.ask("GET", sharedHost, "/", ""); a.status == 200 && strings.Contains(a.body, "Verbatim") {
		t.Errorf("the rest of a shared host is not ours: got %d %.100s", a.status, a.body)
	}
}

func socketsAndTheAPIWork(t *testing.T, p *proxy) {
	for host, path := range p.ways() {
		own := p.url(host, "")
		ann, err := p.dial("", host, path, "ann", own)
		if err != nil {
			t.Fatalf("%s%s: %v", own, path, err)
		}
		ann.expect("welcome", ofType("welcome"))
		conversation := strings.ReplaceAll(host, ".", "-")
		ann.join(conversation)
		p.ask("POST", host, path+"/api/conversations/"+conversation+"/messages", `{"from":"bob","text":"hi"}`,
			"Content-Type", "application/json", "Origin", own).is(t, 201)
		ann.messages(conversation, 1, 1)
		ann.send(conversation, "c1", "hello")
		ann.messages(conversation, 2, 2)
		transcript := path + "/api/conversations/" + conversation + "/transcript?format=txt"
		if a := p.ask("GET", host, transcript, ""); !strings.Contains(a.is(t, 200).body, "hello") {
			t.Errorf("the transcript: got %.300s", a.body)
		}

		for _, strange := range []string{
			"https://evil.example.com", "http://" + host + ":" + p.port, "https://" + host, "null",
		} {
			if _, err := p.dial("", host, path, "eve", strange); err == nil || !strings.Contains(err.Error(), "403") {
				t.Errorf("a page of %s at %s: got %v, want 403", strange, own, err)
			}
			p.ask("POST", host, path+"/api/conversations/lobby/messages", `{"from":"eve","text":"hi"}`,
				"Content-Type", "application/json", "Origin", strange).refuses(t, 403, "forbidden")
		}
	}
}

func aBigTranscriptComesWhole(t *testing.T, p *proxy) {
	ann := p.server.dial(t, "ann")
	text := strings.Repeat("x", 16000)
	for n := range 600 {
		ann.say(`{"type":"send","conversation":"big","id":"c%d","text":"%s"}`, n, text)
	}
	for n := range 600 {
		ann.expect("an ack", func(f frame) bool { return f.Type == "ack" && f.ID == fmt.Sprintf("c%d", n) })
	}
	direct := p.server.get(t, "/api/conversations/big/transcript?format=jsonl").is(t, 200).body
	for host, path := range p.ways() {
		transcript := path + "/api/conversations/big/transcript?format=jsonl"
		if got := p.ask("GET", host, transcript, "").is(t, 200).body; got != direct {
			t.Errorf("%s: got %d bytes, want the %d that the server sends", host, len(got), len(direct))
		}
	}
}

func whatIsTooLargeIsRefusedByTheServer(t *testing.T, p *proxy) {
	for host, path := range p.ways() {
		post := func(text string) answer {
			return p.ask("POST", host, path+"/api/conversations/lobby/messages", `{"from":"bob","text":"`+text+`"}`,
				"Content-Type", "application/json")
		}
		post(strings.Repeat(`\u0041`, 16384)).is(t, 201) // as many bytes as a frame may have for the longest text
		post(strings.Repeat("x", 200_000)).refuses(t, 413, "too_large")
	}
}

func aPollIsAnswered(t *testing.T, p *proxy) {
	p.server.post(t, "poll", `{"from":"bob","text":"first"}`).is(t, 201)
	answered := make(chan answer, 1)
	go func() { // ends with the poll's answer, which the message below brings
		answered <- p.ask("GET", sharedHost, sharedPath+"/api/conversations/poll/messages?after=1&wait=60", "")
	}()
	for {
		p.server.post(t, "poll", `{"from":"bob","text":"second"}`).is(t, 201)
		select {
		case a := <-answered:
			if !strings.Contains(a.is(t, 200).body, `"second"`) {
				t.Errorf("got %.300s, want the message that was waited for", a.body)
			}
			return
		case <-time.After(100 * time.Millisecond): // it may not have begun to wait at the first
		}
	}
}

// What a drill does with the clock, this does with the documented numbers.
func TestTheDocumentedTimesOutlastPingsAndPolls(t *testing.T) {
	t.Parallel()
	const poll = 60 * time.Second
	ping := time.Duration(serve(t).dial(t, "ann").welcome.Limits["ping"]) * time.Second
	for _, row := range []struct {
		file, name string
		least      time.Duration
		times      int
	}{
		{"nginx.conf", "proxy_read_timeout", max(poll, 2*ping), 2},
		{"nginx.conf", "proxy_send_timeout", max(poll, 2*ping), 2},
		{"haproxy.cfg", "timeout client", poll, 1},
		{"haproxy.cfg", "timeout server", poll, 1},
		{"haproxy.cfg", "timeout tunnel", 2 * ping, 1},
	} {
		text, err := os.ReadFile("../docs/operating/proxy/" + row.file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?m)^\s*`+row.name+`\s+(\d+[smh])\b`).FindAllStringSubmatch(string(text), -1)
		if len(found) != row.times {
			t.Errorf("%s: %s stands there %d times, want %d", row.file, row.name, len(found), row.times)
		}
		for _, f := range found {
			if d, err := time.ParseDuration(f[1]); err != nil || d <= row.least {
				t.Errorf("%s: %s is %s (%v), want more than %v", row.file, row.name, f[1], err, row.least)
			}
		}
	}
	if caddy, err := os.ReadFile("../docs/operating/proxy/Caddyfile"); err != nil ||
		strings.Contains(string(caddy), "timeout") {
		t.Errorf("the Caddyfile sets times, which nothing compares: %v", err)
	}
}

// nginx alone would keep an answer that its client is slow to take, in a file that nobody sees.
func TestTheDocumentedNginxKeepsNoAnswers(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/operating/proxy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	places := strings.Count(string(text), "proxy_pass ")
	if off := strings.Count(string(text), "proxy_buffering off;"); places == 0 || off != places {
		t.Errorf("proxy_buffering is off in %d of %d places", off, places)
	}
}

func idleConnectionsLast(t *testing.T, p *proxy) {
	p.server.post(t, "quiet", `{"from":"bob","text":"first"}`).is(t, 201)
	sessions := map[string]*client{}
	for host, path := range p.ways() {
		ann, err := p.dial("", host, path, "ann", p.url(host, ""))
		if err != nil {
			t.Fatal(err)
		}
		ann.join("lobby")
		sessions[host] = ann
	}
	wait := min(*idle, time.Minute).Seconds()
	poll := p.ask("GET", ownHost, fmt.Sprintf("/api/conversations/quiet/messages?after=1&wait=%g", wait), "")
	if !strings.Contains(poll.is(t, 200).body, `"messages":[]`) {
		t.Errorf("the poll: got %.300s, want an empty page", poll.body)
	}
	time.Sleep(*idle - time.Duration(wait*float64(time.Second))) // what a drill is about: 0 in the gate
	for host, ann := range sessions {
		ann.send("lobby", host, "still here")
		ann.expect("the message", func(f frame) bool { return f.Type == "message" && f.ID == host })
	}
}

// Only the proxy may tell the server the address of a client.
func TestEachClientBehindAProxyIsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	behindEachProxy(t, func(t *testing.T, p *proxy) {
		for host, path := range p.ways() {
			eachClientCounts(t, p, host, path)
			eventually(t, "their places are free", func() bool {
				return strings.Contains(p.server.get(t, "/metrics").body, "\nverbatim_sessions 0\n")
			})
		}
	}, "--max-connections-per-ip", "1")
}

func TestAProxyMaySayByPROXYProtocolWhoTheClientIs(t *testing.T) {
	t.Parallel()
	p := startProxy(t, speakingPROXY, "--max-connections-per-ip", "1")
	eachClientCounts(t, p, sharedHost, sharedPath) // whose origin --public-url has: no header tells of TLS
	if said := p.server.output.String(); strings.Contains(said, "PROXY header") {
		t.Errorf("the server does not take haproxy's checks: %s", said)
	}
}

// eachClientCounts connects from three addresses, each of which may have one connection.
func eachClientCounts(t *testing.T, p *proxy, host, path string) {
	t.Helper()
	var held []*client
	for _, from := range []string{"127.0.0.21", "127.0.0.22", "127.0.0.23"} {
		ann, err := p.dial(from, host, path, "ann", p.url(host, ""))
		if err != nil {
			t.Fatalf("from %s: %v", from, err)
		}
		ann.expect("welcome from "+from, ofType("welcome"))
		held = append(held, ann)
	}
	second, err := dialAt(t, p.url(host, path+"/ws?name=bob"),
		&websocket.DialOptions{HTTPClient: p.client("127.0.0.21"), HTTPHeader: http.Header{
			"X-Forwarded-For": {"198.51.100.7"}, "Forwarded": {"for=198.51.100.7"}, "X-Real-Ip": {"198.51.100.7"},
		}})
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := second.closed(); code != websocket.StatusTryAgainLater {
		t.Errorf("a second one of one address, by a forged one: got %d %s, want 1013", code, reason)
	}
	for _, ann := range held {
		ann.drop()
	}
}

func TestAProxyThatForgetsTheUpgradeIsFoundOut(t *testing.T) {
	t.Parallel()
	p := startProxy(t, proxyKinds[0])
	config, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	p.kill()
	p.write(p.config, p.replace(string(config), "proxy_set_header Upgrade ", "# "))
	p.process = start(t, false, p.kind.run(p)[0], p.kind.run(p)[1:]...)
	eventually(t, "a WebSocket is answered 426", func() bool {
		_, err := p.dial("", ownHost, "", "ann", p.url(ownHost, ""))
		return err != nil && strings.Contains(err.Error(), "426")
	})
	eventually(t, "the server's log tells of it", func() bool {
		said := p.server.output.String()
		return strings.Contains(said, `"header":"Upgrade"`) && strings.Contains(said, "docs/operating/reverse-proxy.md")
	})
}
