package server

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"verbatim/identity/token"
	"verbatim/protocol"
)

// permitted is a server with tokens and rules, which a test may change.
type permitted struct {
	*testServer
	secret token.Key
	rules  string // the file's path
}

func withRules(t testing.TB, rules string) *permitted {
	t.Helper()
	path := secretFile(t)
	secret, err := token.ReadSecret(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &permitted{secret: secret, rules: filepath.Join(t.TempDir(), "rules.toml")}
	p.write(t, rules)
	p.testServer = serve(t, "--auth", "token", "--token-secret", path, "--rules", p.rules)
	return p
}

// everybody writes rules by which everybody may read, and returns the file's path: without any, a token that grants
// nothing lets nobody in.
func everybody(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.toml")
	if err := os.WriteFile(path, []byte("[[allow]]\nwho = [\"*\"]\nread = [\"*\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (p *permitted) write(t testing.TB, rules string) {
	t.Helper()
	if err := os.WriteFile(p.rules, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change replaces the rules, as an operator does.
func (p *permitted) change(rules string) {
	p.t.Helper()
	p.write(p.t, rules)
	p.reload <- syscall.SIGHUP
}

// token makes a token. Each grant is a verb and a pattern.
func (p *permitted) token(user string, grants ...string) string {
	p.t.Helper()
	c := token.Claims{User: user, Issued: time.Now(), Life: time.Hour}
	for _, grant := range grants {
		verb, pattern, _ := strings.Cut(grant, " ")
		list := map[string]*[]string{"read": &c.Read, "write": &c.Write, "create": &c.Create, "moderate": &c.Moderate}[verb]
		*list = append(*list, pattern)
	}
	made, err := token.SecretSigner(p.secret).Make(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return made
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// connect opens a session and reads its welcome.
func (p *permitted) connect(token string) *websocket.Conn {
	p.t.Helper()
	conn, _, err := websocket.Dial(p.t.Context(), p.url+"/ws", &websocket.DialOptions{
		HTTPClient: p.client, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.CloseNow() })
	if frame := p.read(conn); !strings.HasPrefix(frame, `{"type":"welcome"`) {
		p.t.Fatalf("got %s", frame)
	}
	return conn
}

// request sends a frame, and returns the answer with that ref; what comes before it is passed over.
func (p *permitted) request(c *websocket.Conn, ref, frame string) string {
	p.t.Helper()
	frame = strings.TrimSuffix(frame, "}") + `,"ref":"` + ref + `"}`
	if err := c.Write(p.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		p.t.Fatal(err)
	}
	for {
		if got := p.read(c); strings.Contains(got, `"ref":"`+ref+`"`) {
			return got
		}
	}
}

// await reads frames until one has all the words.
func (p *permitted) await(c *websocket.Conn, words ...string) string {
	p.t.Helper()
	for {
		if got := p.read(c); contains(got, words...) {
			return got
		}
	}
}

// A socket's and HTTP's requests about a conversation, with the verbs that each needs, one letter each. A conversation
// that does not exist is created by those that write.
var (
	socketRequests = []struct{ name, frame, needs string }{
		{"join", `{"type":"join","conversation":"ID"}`, "r"},
		{"follow", `{"type":"join","conversation":"ID","messages":false}`, "r"},
		{"join with a log", `{"type":"join","conversation":"ID","log":"00000000000000000000000000000000"}`, "r"},
		{"leave", `{"type":"leave","conversation":"ID"}`, "r"},
		{"history", `{"type":"history","conversation":"ID"}`, "r"},
		{"read", `{"type":"read","conversation":"ID","seq":1}`, "r"},
		{"typing", `{"type":"typing","conversation":"ID"}`, "w"},
		{"send", `{"type":"send","conversation":"ID","text":"x"}`, "w"},
		{"send after", `{"type":"send","conversation":"ID","id":"b","prev":"a","text":"x"}`, "w"},
		{"send to a log", `{"type":"send","conversation":"ID","text":"x","log":"00000000000000000000000000000000"}`, "w"},
	}
	httpRequests = []struct{ name, method, path, body, accept, needs string }{
		{"page", "GET", "/api/conversations/ID/messages", "", "", "r"},
		{"page after", "GET", "/api/conversations/ID/messages?after=999", "", "", "r"},
		{"page of a log", "GET", "/api/conversations/ID/messages?log=00000000000000000000000000000000", "", "", "r"},
		{"a bad page", "GET", "/api/conversations/ID/messages?limit=x", "", "", "r"},
		{"transcript", "GET", "/api/conversations/ID/transcript", "", "", "r"},
		{"transcript of no format", "GET", "/api/conversations/ID/transcript?format=x", "", "", "r"},
		{"events of a bad place", "GET", "/api/conversations/ID/messages?before=1", "", "text/event-stream", "r"},
		{"post", "POST", "/api/conversations/ID/messages", `{"text":"x"}`, "", "w"},
		{"a bad post", "POST", "/api/conversations/ID/messages", `{`, "", "w"},
	}
)

// subjects are what somebody may do to ID, one letter for each verb.
var subjects = map[string][]string{
	"":    {"read elsewhere", "write elsewhere", "create elsewhere"},
	"r":   {"read ID"},
	"w":   {"write ID"},
	"rw":  {"read ID", "write ID"},
	"rwc": {"read ID", "write ID", "create ID"},
	"rwm": {"moderate ID"},
}

func TestEveryRequestNeedsItsPermission(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	p.post("here", `{"text":"first"}`, bearer(p.token("root", "write here", "create here"))...).is(t, http.StatusCreated)
	for held, grants := range subjects {
		refused := map[string]string{} // the answer by request, its conversation's name left out
		for _, id := range []string{"here", "none"} {
			var mine []string
			for _, g := range grants {
				mine = append(mine, strings.ReplaceAll(g, "ID", id))
			}
			who := p.token("ann", mine...)
			socket := p.connect(who)
			check := func(name, needs string, forbidden bool, answer string) {
				t.Helper()
				creates := id == "none" && strings.HasPrefix(name, "send") && !strings.Contains(held, "c")
				want := !strings.Contains(held, needs) || creates || id == "none" && name == "post" && !strings.Contains(held, "c")
				if forbidden != want {
					t.Errorf("%q of one who has %q, in %q: got %s", name, held, id, answer)
				}
				if strings.Contains(held, "r") || !forbidden {
					return
				}
				plain := strings.ReplaceAll(answer, id, "ID")
				if other, ok := refused[name]; ok && other != plain {
					t.Errorf("%q of one who has %q: it can be told whether the conversation exists:\n%s\n%s", name, held, other, plain)
				}
				refused[name] = plain
			}
			for _, r := range socketRequests {
				if id == "none" && r.name == "send" && strings.Contains(held, "c") {
					continue // it would create it
				}
				if r.name == "typing" && !strings.Contains(held, "r") && strings.Contains(held, "w") {
					continue // it has no join, so it is refused for that
				}
				frame := strings.ReplaceAll(r.frame, "ID", id)
				if r.name == "typing" {
					frame = strings.TrimSuffix(frame, "}") + "}"
				}
				answer := ""
				if r.name == "typing" && strings.Contains(held, r.needs) {
					continue // it has no answer
				}
				answer = p.request(socket, "1", frame)
				check(r.name, r.needs, strings.Contains(answer, `"code":"forbidden"`), answer)
			}
			for _, r := range httpRequests {
				if id == "none" && r.name == "post" && strings.Contains(held, "c") {
					continue
				}
				headers := append(bearer(who), "Content-Type", "application/json")
				if r.accept != "" {
					headers = append(headers, "Accept", r.accept)
				}
				a := p.ask(r.method, strings.ReplaceAll(r.path, "ID", id), r.body, headers...)
				forbidden := a.status == http.StatusForbidden && strings.Contains(a.body, `"code":"forbidden"`)
				check(r.name, r.needs, forbidden, fmt.Sprint(a.status, a.body))
			}
		}
	}
	if a := p.get("/api/conversations?prefix=none", bearer(p.token("root", "read *"))...); strings.Contains(a.body, `"none"`) {
		t.Errorf("somebody without the permission has created it: %s", a.body)
	}
}

func TestWhoMayCreateWritesTheFirstEntry(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	writer, creator := p.token("ann", "write *", "read *"), p.token("bob", "write *", "create new*")
	p.post("new", `{"text":"1"}`, bearer(writer)...).refuses(t, http.StatusForbidden, "forbidden", "")
	socket := p.connect(writer)
	if got := p.request(socket, "1", `{"type":"send","conversation":"new","id":"a","text":"1"}`); !strings.Contains(got, `"forbidden"`) {
		t.Errorf("a socket's first entry: %s", got)
	}
	p.post("new", `{"text":"1"}`, bearer(creator)...).is(t, http.StatusCreated)
	p.post("new", `{"text":"2"}`, bearer(writer)...).is(t, http.StatusCreated)
	if got := p.request(socket, "2", `{"type":"send","conversation":"new","id":"a","text":"1"}`); !strings.Contains(got, `"seq":3`) {
		t.Errorf("the same id once the conversation exists: %s", got)
	}
	p.post("other", `{"text":"1"}`, bearer(creator)...).refuses(t, http.StatusForbidden, "forbidden", "")
}

func TestAListHasWhatOneMayReadAndItsPagesAreFull(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	root := bearer(p.token("root", "write *", "create *", "read *"))
	for i := range 30 {
		p.post(fmt.Sprintf("%s-%02d", []string{"secret", "team"}[i%2], i), `{"text":"x"}`, root...).is(t, http.StatusCreated)
	}
	ann := bearer(p.token("ann", "read team-*"))
	for _, query := range []string{"?limit=10", "?limit=10&sort=-time", "?limit=10&contains=-"} {
		a := p.get("/api/conversations"+query, ann...).is(t, http.StatusOK)
		if n := strings.Count(a.body, `{"id":"team-`); n != 10 || strings.Contains(a.body, "secret") || !strings.Contains(a.body, `"more":true`) {
			t.Errorf("%s: %d of 10: %s", query, n, a.body)
		}
	}
	for _, query := range []string{"?limit=100", "?limit=100&sort=-time"} {
		a := p.get("/api/conversations"+query, ann...)
		if n := strings.Count(a.body, `{"id":"team-`); n != 15 || strings.Contains(a.body, "secret") || !strings.Contains(a.body, `"more":false`) {
			t.Errorf("%s: %d of 15: %s", query, n, a.body)
		}
	}
	if a := p.get("/api/conversations?prefix=secret", ann...); !strings.Contains(a.body, `{"conversations":[],"more":false`) {
		t.Errorf("what one may not read is listed: %s", a.body)
	}
}

const allowTeam = "[[allow]]\nwho = [\"user:ann\"]\nread = [\"team\", \"other\"]\nwrite = [\"team\"]\n"

func TestAWithdrawnPermissionEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	p := withRules(t, allowTeam)
	root := bearer(p.token("root", "write *", "create *", "read *"))
	p.post("team", `{"text":"1"}`, root...).is(t, http.StatusCreated)
	p.post("lobby", `{"text":"1"}`, root...).is(t, http.StatusCreated)

	ann := p.token("ann")
	reader, follower := p.connect(ann), p.connect(ann)
	p.request(reader, "1", `{"type":"join","conversation":"team"}`)
	p.request(reader, "2", `{"type":"join","conversation":"other"}`)
	p.request(follower, "1", `{"type":"join","conversation":"team","messages":false}`)
	watcher := p.connect(p.token("root", "read *"))
	p.request(watcher, "1", `{"type":"join","conversation":"team"}`)
	waited := make(chan answer, 1) // one answer
	go func() { waited <- p.get("/api/conversations/team/messages?after=1&wait=60", bearer(ann)...) }()
	stream := make(chan string, 1) // the stream's whole text
	go func() {
		stream <- p.get("/api/conversations/team/messages?after=1", append(bearer(ann), "Accept", "text/event-stream")...).body
	}()
	until(t, "all wait", func() bool { return p.hub.Stats().Members == 6 })

	p.change("[[allow]]\nwho = [\"user:ann\"]\nread = [\"other\"]\n")
	for name, c := range map[string]*websocket.Conn{"reader": reader, "follower": follower} {
		got := p.await(c, `"type":"left"`)
		if want := `{"type":"left","conversation":"team","code":"forbidden","reason":"` + protocol.Forbidden().Reason + `"}`; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if a := <-waited; a.status != http.StatusForbidden {
		t.Errorf("who waited got %d %s", a.status, a.body)
	}
	if text := <-stream; !strings.Contains(text, "event: left\ndata: {\"type\":\"left\",\"conversation\":\"team\",\"code\":\"forbidden\"") {
		t.Errorf("the stream was %q", text)
	}
	p.await(watcher, `"type":"presence"`, `"event":"left"`, `"user":"ann"`)

	p.post("team", `{"text":"secret"}`, root...).is(t, http.StatusCreated)
	p.post("other", `{"text":"for ann"}`, root...).is(t, http.StatusCreated)
	for {
		got := p.read(reader)
		if strings.Contains(got, "secret") {
			t.Fatalf("an entry committed after the change: %s", got)
		}
		if strings.Contains(got, "for ann") {
			break // the join that is still allowed goes on
		}
	}
	for _, frame := range []string{
		`{"type":"join","conversation":"team"}`, `{"type":"leave","conversation":"team"}`,
		`{"type":"send","conversation":"team","text":"x"}`,
	} {
		if got := p.request(reader, "9", frame); !strings.Contains(got, `"code":"forbidden"`) {
			t.Errorf("%s: got %s", frame, got)
		}
	}

	p.change(allowTeam)
	until(t, "it may be read again", func() bool {
		return strings.Contains(p.request(reader, "10", `{"type":"join","conversation":"team"}`), `"type":"joined"`)
	})
}

func TestARenewedTokenWithLessEndsJoinsBeforeItsReply(t *testing.T) {
	t.Parallel()
	p := withRules(t, "")
	c := p.connect(p.token("ann", "read team", "read lobby"))
	p.request(c, "1", `{"type":"join","conversation":"team"}`)
	p.request(c, "2", `{"type":"join","conversation":"lobby"}`)
	renewal := `{"type":"token","token":"` + p.token("ann", "read lobby") + `","ref":"3"}`
	if err := c.Write(t.Context(), websocket.MessageText, []byte(renewal)); err != nil {
		t.Fatal(err)
	}
	left := 0
	for {
		got := p.read(c)
		if strings.Contains(got, `"type":"left"`) {
			left++
			if !strings.Contains(got, `"conversation":"team","code":"forbidden"`) {
				t.Errorf("got %s", got)
			}
		}
		if strings.Contains(got, `"type":"token"`) {
			break
		}
	}
	if left != 1 {
		t.Errorf("%d joins ended before the reply, want 1", left)
	}
	if got := p.request(c, "4", `{"type":"history","conversation":"lobby"}`); !strings.Contains(got, `"type":"history"`) {
		t.Errorf("what is still allowed: %s", got)
	}
}

func TestABadRulesFileKeepsTheOldRules(t *testing.T) {
	t.Parallel()
	p := withRules(t, allowTeam)
	c := p.connect(p.token("ann"))
	p.request(c, "1", `{"type":"join","conversation":"team"}`)
	p.change("[[allow]]\nwho = [\"*\"]\nread = [\"Team\"]\n")
	until(t, "the log says so", func() bool {
		return contains(p.log.String(), "reload: the old is kept", p.rules+":3: ")
	})
	if got := p.request(c, "2", `{"type":"join","conversation":"team"}`); !strings.Contains(got, `"type":"joined"`) {
		t.Errorf("got %s", got)
	}
}

func TestABrokenRulesFileRefusesTheStart(t *testing.T) {
	t.Parallel()
	secret := secretFile(t)
	broken := filepath.Join(t.TempDir(), "rules.toml")
	if err := os.WriteFile(broken, []byte("[[allow]]\nwho = [\"*\"]\nreads = [\"lobby\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{
		"--rules: " + broken + ":3: reads is not known here": {"--auth", "token", "--token-secret", secret, "--rules", broken},
		"--rules: open /missing: no such file":               {"--auth", "token", "--token-secret", secret, "--rules", "/missing"},
		"--rules belongs to --auth token":                    {"--rules", broken},
	} {
		cfg := defaults(t, append([]string{"--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, flags...)...)
		err := cfg.Check()
		if err == nil {
			err = (&Server{cfg: cfg}).openPermissions()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want %q", flags, err, want)
		}
	}
}

func TestWhoMayDoNothingAtAllIsNotLetIn(t *testing.T) {
	t.Parallel()
	p := withRules(t, allowTeam)
	if _, closed := p.enter("", "Bearer "+p.token("eve")); closed.Code != 4003 {
		t.Errorf("closed with %v, want 4003", closed)
	}
	p.get("/api/conversations", bearer(p.token("eve"))...).refuses(t, http.StatusForbidden, "forbidden", "")
	p.get("/api/conversations", bearer(p.token("ann"))...).is(t, http.StatusOK)
}
