package e2e

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestTheWelcomeComesFirstAndSaysTheLimits(t *testing.T) {
	t.Parallel()
	s := serve(t, "--send-rate", "50", "--write-timeout", "7s")
	ann := s.dial(t, "ann")
	w := ann.welcome
	if w.User != "ann" || w.Session == "" || w.Version == "" {
		t.Errorf("welcome: got %s", w)
	}
	want := map[string]int64{
		"frame": 131072, "text": 16384, "meta": 4096, "page": 256 << 10, "joins": 1000, "names": 200,
		"rate": 50, "ids": 600, "write_timeout": 7, "ping": 30,
	}
	for name, value := range want {
		if got, ok := w.Limits[name]; !ok || got != value {
			t.Errorf("limits.%s: got %d (there: %v), want %d", name, got, ok, value)
		}
	}
	if other := s.dial(t, "ann").welcome; other.Session == w.Session {
		t.Errorf("two sessions of one user have one id, %s", w.Session)
	}
}

func TestWhoHasNoNameIsMadeAGuestAndComesBackByThatName(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, err := s.tryDial(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	guest := c.expect("welcome", ofType("welcome")).User
	if !regexp.MustCompile(`^guest-[0-9a-f]{16}$`).MatchString(guest) {
		t.Fatalf("got the name %q, want guest- and 16 hex digits", guest)
	}
	if again := s.dial(t, guest).welcome.User; again != guest {
		t.Errorf("came back as %q, want %q", again, guest)
	}
}

func TestANameThatTheContractAllowsComesBackAsItIs(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, name := range []string{
		"a", "Ann Lee", "ann", "ANN", `quo"te\<b>`, "🦊 лиса", "שלום", strings.Repeat("x", 64),
	} {
		if got := s.dial(t, name).welcome.User; got != name {
			t.Errorf("dialled as %q, welcomed as %q", name, got)
		}
	}
}

func TestABadNameGetsAnErrorAndIsClosedWith1008(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for what, row := range map[string]struct{ name, code string }{
		"65 bytes":                  {strings.Repeat("x", 65), "too_large"},
		"65 bytes in fewer letters": {"x" + strings.Repeat("é", 32), "too_large"},
		"a control character":       {"an\x01n", "bad_request"},
		"a line feed":               {"an\nn", "bad_request"},
		"U+0000":                    {"an\x00n", "bad_request"},
		"a C1 control character":    {"an\u0085n", "bad_request"},
		"right-to-left override":    {"an\u202en", "bad_request"},
		"right-to-left isolate":     {"an\u2067n", "bad_request"},
		"invalid UTF-8":             {"an\xffn", "bad_request"},
	} {
		t.Run(what, func(t *testing.T) {
			c, err := s.tryDial(t, "name="+url.QueryEscape(row.name), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, c.expect("an error", ofType("error")), row.code)
			if code, _ := c.closed(); code != websocket.StatusPolicyViolation {
				t.Errorf("closed with %d, want 1008", code)
			}
			c.never(0, "a welcome", ofType("welcome"))
		})
	}
}

func TestTheQueryJoinsAtOnceAndABadJoinIsSaidAfterTheWelcome(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, err := s.tryDial(t, "name=ann&join=lobby&join=NO&join=team", nil)
	if err != nil {
		t.Fatal(err)
	}
	if first := c.expect("the first frame", func(frame) bool { return true }); first.Type != "welcome" {
		t.Errorf("first came %s, want welcome", first)
	}
	wantError(t, c.expect("the bad join's error", ofType("error")), "invalid_conversation")
	c.expect("joined lobby", in("joined", "lobby"))
	c.expect("joined team", in("joined", "team"))
	c.send("team", "c1", "hi")
	c.messages("team", 1, 1)
}

func TestTheSubprotocolIsAnsweredWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, row := range []struct {
		asked []string
		want  string
	}{
		{nil, ""},
		{[]string{"verbatim.v1"}, "verbatim.v1"},
		{[]string{"other", "verbatim.v1"}, "verbatim.v1"},
		{[]string{"other"}, ""},
	} {
		c, err := s.tryDial(t, "name=ann", &websocket.DialOptions{Subprotocols: row.asked})
		if err != nil {
			t.Fatalf("asked for %v: %v", row.asked, err)
		}
		c.expect("welcome", ofType("welcome"))
		if got := c.conn.Subprotocol(); got != row.want {
			t.Errorf("asked for %v: got %q, want %q", row.asked, got, row.want)
		}
	}
}

func TestOneObjectMayComeInSeveralFragmentsAndWithWhiteSpaceAround(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	ann.say(" \t\r\n" + `{ "type" : "ping", "ref" : "spaced" }` + "\n ")
	ann.expect("pong", func(f frame) bool { return f.Type == "pong" && f.Ref == "spaced" })
	w, err := ann.conn.Writer(context.Background(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"type":"pi`, `ng","ref":"f`, `rag"}`} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ann.expect("pong", func(f frame) bool { return f.Type == "pong" && f.Ref == "frag" })
}
