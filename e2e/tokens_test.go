package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// tokens makes tokens by the program itself, for servers that have its flags.
type tokens struct {
	t     testing.TB
	flags []string // of `verbatim token`
}

// make makes a token.
func (m tokens) make(user string, flags ...string) string {
	m.t.Helper()
	everything := []string{"token", user, "--read", "*", "--write", "*", "--create", "*"}
	code, stdout, stderr := verbatim(m.t, append(append(everything, m.flags...), flags...)...)
	if code != 0 || stderr != "" {
		m.t.Fatalf("verbatim token %s: exit %d, %s", user, code, stderr)
	}
	return strings.TrimSuffix(stdout, "\n")
}

// secret writes a secret, and returns the flags of a server that knows it, and what makes tokens for that.
func secret(t testing.TB) (flags []string, m tokens) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--auth", "token", "--token-secret", path}, tokens{t, []string{"--token-secret", path}}
}

// with are the options of a dial with a header.
func with(token string) *websocket.DialOptions {
	return &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}}
}

// enter dials with a token, and waits for the welcome.
func (s *server) enter(t testing.TB, query, token string) *client {
	t.Helper()
	c, err := s.tryDial(t, query, with(token))
	if err != nil {
		t.Fatal(err)
	}
	c.welcome = c.expect("welcome", ofType("welcome"))
	return c
}

func TestATokenLetsItsUserInWithEachKindOfKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openssl := func(args ...string) {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
	}
	openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa")
	openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec")
	openssl("genpkey", "-algorithm", "ED25519", "-out", "ed")
	openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sec1")
	flags, m := secret(t)
	makers := map[string]tokens{"a secret": m}
	for _, kind := range []string{"rsa", "ec", "ed", "sec1"} {
		openssl("pkey", "-in", kind, "-pubout", "-out", kind+".pub")
		flags = append(flags, "--token-key", filepath.Join(dir, kind+".pub"))
		makers[kind] = tokens{t, []string{"--token-key", filepath.Join(dir, kind)}}
	}
	s := serve(t, flags...)
	for kind, m := range makers {
		ann := s.enter(t, "join=lobby", m.make("ann", "--name", "Ann Lee", "--read", "*", "--write", "lobby"))
		w := ann.welcome
		if w.User != "ann" || w.Name != "Ann Lee" || w.Expires <= w.Now || w.Limits["token_grace"] != 30 {
			t.Errorf("%s: welcomed by %s", kind, w)
		}
	}
}

func TestWscatAndCurlComeInWithATokenAndNotWithout(t *testing.T) {
	t.Parallel()
	flags, m := secret(t)
	admin := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	s := serve(t, append(flags, "--token-in-url", "--log-level", "debug", "--admin-listen", admin)...)
	ann := m.make("ann")
	for _, way := range [][]string{
		{"-H", "Authorization: Bearer " + ann}, {"-s", "verbatim.v1", "-s", "bearer." + ann},
	} {
		w := startWscat(t, "ws://"+s.addr+"/ws?join=lobby", way...)
		if f := w.shows("its welcome", ofType("welcome")); f.User != "ann" {
			t.Errorf("%.20v: got %s", way, f)
		}
	}
	curl := func(flags ...string) string {
		t.Helper()
		out, err := exec.Command("curl", append([]string{"-sS", "-i"}, flags...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %v: %v: %s", flags, err, out)
		}
		return string(out)
	}
	list := "http://" + s.addr + "/api/conversations"
	for want, flags := range map[string][]string{
		"HTTP/1.1 200": {"-H", "Authorization: Bearer " + ann, list},
		"HTTP/1.1 201": {
			"-H", "Authorization: Bearer " + ann, "-H", "Content-Type: application/json", "-d", `{"text":"built"}`,
			list + "/lobby/messages",
		},
		"Www-Authenticate: Bearer": {list},
		"token refused":            {"-H", "Authorization: Bearer " + ann + "x", list},
		"HTTP/1.1 401":             {"-H", "Authorization: Bearer " + ann, list + "?token=" + ann},
	} {
		if got := curl(flags...); !strings.Contains(got, want) {
			t.Errorf("want %s, got %s", want, got)
		}
	}
	if got := curl(list + "?token=" + ann); !strings.Contains(got, "HTTP/1.1 200") {
		t.Errorf("with ?token=: %s", got)
	}
	s.get(t, "/api//conversations?token="+ann+"x").is(t, 401)
	s.get(t, "/api/conversations?token=x%zz"+ann).is(t, 401)
	s.get(t, "/api/conversations?limit="+ann, "Authorization", "Bearer "+ann).refuses(t, 400, "bad_request")
	metrics := (&server{addr: admin}).get(t, "/metrics").is(t, 200).body
	if code := s.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	told := map[string]string{"the log": s.output.String(), "/metrics": metrics}
	err := filepath.WalkDir(s.data, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			told[path] = string(text)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) < 4 {
		t.Errorf("only %d files were looked at", len(told))
	}
	for where, text := range told {
		for _, part := range strings.Split(ann, ".")[1:] { // the header is the same in all tokens
			for at := 0; at+8 <= len(part); at += 8 {
				if strings.Contains(text, part[at:at+8]) {
					t.Errorf("%s has %q of the token", where, part[at:at+8])
				}
			}
		}
	}
}

func TestARefusedTokenClosesWith4001AndSaysNoMore(t *testing.T) {
	t.Parallel()
	flags, m := secret(t)
	s := serve(t, flags...)
	ann := m.make("ann")
	stranger := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(stranger, []byte(strings.Repeat("x", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		query  string
		opts   *websocket.DialOptions
		reason string
	}{
		"none":            {"", nil, "token missing"},
		"a name":          {"name=ann", nil, "token missing"},
		"a stranger's":    {"", with(tokens{t, []string{"--token-secret", stranger}}.make("ann")), "token refused"},
		"another name":    {"name=bob", with(ann), "token refused"},
		"in the URL":      {"token=" + ann, nil, "token refused"},
		"two credentials": {"token=" + ann, with(ann), "token refused"},
	} {
		c, err := s.tryDial(t, row.query, row.opts)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if code, reason := c.closed(); code != 4001 || reason != row.reason || c.count != 0 {
			t.Errorf("%s: got %d %q after %d frames, want 4001 %q and none", what, code, reason, c.count, row.reason)
		}
	}
	for user, flags := range map[string][]string{
		"guest-1": nil, "a\u202en": nil, "ann ": nil, "bob": {"--read", "te*am"}, "eve": {"--for", "0s"},
	} {
		code, stdout, stderr := verbatim(t, append(append([]string{"token", user}, m.flags...), flags...)...)
		if code != 2 || stdout != "" || len(lines(stderr)) != 1 {
			t.Errorf("verbatim token %q %v: exit %d, %q, %q", user, flags, code, stdout, stderr)
		}
	}
}

// TestATokenThatEndsEndsAllThatLivesByIt has a session that does nothing, one that does not read, one that renews, a
// stream of events, and a request that waits.
func TestATokenThatEndsEndsAllThatLivesByIt(t *testing.T) {
	t.Parallel()
	flags, m := secret(t)
	s := serve(t, flags...)
	keeps := m.make("bob", "--for", "10m")
	short := m.make("ann", "--for", "3s")
	idle := s.enter(t, "join=lobby", short)
	deaf := s.enter(t, "join=lobby", short)
	deaf.hold()
	over, err := time.Parse(time.RFC3339, idle.welcome.Expires)
	if err != nil {
		t.Fatal(err)
	}
	bob := s.enter(t, "join=lobby", m.make("bob", "--for", "3s"))
	bob.send("lobby", "", "the first")
	next, stream := s.curl(t, "?after=0", "-H", "Authorization: Bearer "+short)
	if got := eventsUntil(next, "1"); len(got) < 2 {
		t.Fatalf("the stream begins with %v", got)
	}
	waited := make(chan answer, 1)
	go func() { // the test's; ends with the answer
		waited <- s.get(t, "/api/conversations/lobby/messages?after=1&wait=60", "Authorization", "Bearer "+short)
	}()

	for f := idle.ask(`{"type":"ping"}`); f.Code != "unauthorized"; f = idle.ask(`{"type":"ping"}`) {
		if f.Type != "pong" {
			t.Fatalf("got %s", f)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if early := time.Until(over); early > 0 {
		t.Errorf("refused %v before the token is over", early)
	}
	if f := bob.ask(`{"type":"token","token":"%s"}`, short); f.Code != "unauthorized" {
		t.Errorf("bob renews with ann's: got %s", f)
	}
	if f := bob.ask(`{"type":"token","token":"%s"}`, keeps); f.Type != "token" || f.Expires == "" {
		t.Errorf("bob renews: got %s", f)
	}
	if f := bob.ask(`{"type":"ping"}`); f.Type != "pong" {
		t.Errorf("after that: got %s", f)
	}

	if code, reason := idle.closed(); code != 4001 || reason != "token expired" {
		t.Errorf("the idle session was closed with %d %q", code, reason)
	}
	if early := time.Until(over.Add(30 * time.Second)); early > 0 {
		t.Errorf("the idle session was closed %v before the grace is over", early)
	}
	for line := next(); line != "EOF"; line = next() {
		if strings.HasPrefix(line, "retry:") {
			t.Errorf("the stream ends with %s", line)
		}
	}
	stream.exit()
	if a := <-waited; a.status != 401 || !strings.Contains(a.body, "token expired") {
		t.Errorf("who waits got %d %s", a.status, a.body)
	}
	eventually(t, "bob alone is left", func() bool { return bob.ask(`{"type":"ping"}`).Type == "pong" })
	bob.send("lobby", "", "still here")
}

// issuer is a real HTTP server with a key set.
type issuer struct {
	mu      sync.Mutex
	keys    []map[string]string
	fetches int
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
}

// rotate replaces the keys by a new one, and returns what signs with that.
func (i *issuer) rotate(kid string) (sign func(claims string) string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	i.mu.Lock()
	i.keys = []map[string]string{{"kty": "OKP", "crv": "Ed25519", "x": encode(public), "kid": kid, "use": "sig"}}
	i.mu.Unlock()
	return func(claims string) string {
		signed := encode([]byte(`{"alg":"EdDSA","kid":"`+kid+`"}`)) + "." + encode([]byte(claims))
		return signed + "." + encode(ed25519.Sign(private, []byte(signed)))
	}
}

func TestKeysComeFromAURLThatIsAwayAtTheStartAndRotates(t *testing.T) {
	t.Parallel()
	i := &issuer{}
	port := freePort(t)
	s := serve(t, "--auth", "token", "--token-jwks", fmt.Sprintf("http://127.0.0.1:%d/jwks", port),
		"--token-issuer", "https://id.test", "--token-audience", "chat")
	eventually(t, "the log says that the keys are away", func() bool {
		return strings.Contains(s.output.String(), "until they are, tokens are refused")
	})
	claims := func(aud string) string {
		return fmt.Sprintf(`{"sub":"ann","exp":%d,"iss":"https://id.test","aud":"%s","verbatim":{"read":["*"]}}`,
			time.Now().Add(time.Hour).Unix(), aud)
	}
	sign := i.rotate("k1")
	list := func(token string) int {
		return s.get(t, "/api/conversations", "Authorization", "Bearer "+token).status
	}
	if got := list(sign(claims("chat"))); got != 401 {
		t.Errorf("while the keys are away: got %d", got)
	}
	there := httptest.NewUnstartedServer(i)
	_ = there.Listener.Close()
	var err error
	if there.Listener, err = listenOn(port); err != nil {
		t.Fatal(err)
	}
	there.Start()
	defer there.Close()
	eventually(t, "the keys are there", func() bool { return list(sign(claims("chat"))) == 200 })
	if got := list(sign(claims("shop"))); got != 401 {
		t.Errorf("for another audience: got %d", got)
	}
	if got := s.enter(t, "", sign(claims("chat"))).welcome.User; got != "ann" {
		t.Errorf("welcomed as %s", got)
	}

	old := sign
	sign = i.rotate("k2")
	rotated := time.Now()
	eventually(t, "the new key is honoured", func() bool { return list(sign(claims("chat"))) == 200 })
	t.Logf("honoured after %v", time.Since(rotated))
	if got := list(old(claims("chat"))); got != 401 {
		t.Errorf("with the old key: got %d", got)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if most := 2 + int(time.Since(rotated)/(10*time.Second)) + 1; i.fetches > most {
		t.Errorf("%d fetches", i.fetches)
	}
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}
