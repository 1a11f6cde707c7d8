package e2e

import (
	"bufio"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestAFrameThatIsNoTextOrTooLongClosesWithItsCode(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-frame", "4096", "--max-text", "1024")
	for what, row := range map[string]struct {
		kind websocket.MessageType
		data string
		want websocket.StatusCode
	}{
		"binary": {websocket.MessageBinary, `{"type":"ping"}`, websocket.StatusUnsupportedData},
		"invalid UTF-8": {websocket.MessageText, "{\"type\":\"ping\",\"ref\":\"\xff\"}",
			websocket.StatusInvalidFramePayloadData},
		"invalid UTF-8, cut short": {websocket.MessageText, "{\"type\":\"ping\",\"ref\":\"\xe2\x82\"}",
			websocket.StatusInvalidFramePayloadData},
		"a surrogate in UTF-8": {websocket.MessageText, "{\"type\":\"ping\",\"ref\":\"\xed\xa0\x80\"}",
			websocket.StatusInvalidFramePayloadData},
		"over limits.frame": {websocket.MessageText, `{"type":"ping"}` + strings.Repeat(" ", 4096),
			websocket.StatusMessageTooBig},
	} {
		t.Run(what, func(t *testing.T) {
			c := s.dial(t, "ann")
			// The reply to what came before is due, and comes before the close.
			c.say(`{"type":"send","conversation":"lobby","text":"before","ref":"before"}`)
			if err := c.write(row.kind, row.data); err != nil {
				t.Fatal(err)
			}
			if code, reason := c.closed(); code != row.want {
				t.Errorf("closed with %d %q, want %d", code, reason, row.want)
			}
			c.expect("the ack that was due", func(f frame) bool { return f.Type == "ack" && f.Ref == "before" })
			c.never(0, "pong", ofType("pong"))
		})
	}
}

func TestAFrameOfExactlyTheLimitIsRead(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	ping := `{"type":"ping"}`
	ann.say(ping + strings.Repeat(" ", 131072-len(ping)))
	ann.expect("pong", ofType("pong"))
}

func TestMoreThan100BadRequestsInAMinuteCloseWith1008(t *testing.T) {
	t.Parallel()
	ann := serve(t).dial(t, "ann")
	for range 100 {
		ann.say("hello")
	}
	for range 100 {
		wantError(t, ann.expect("an error", ofType("error")), "bad_request")
	}
	if f := ann.ask(`{"type":"ping"}`); f.Type != "pong" {
		t.Fatalf("after 100 bad requests: got %s, want pong", f)
	}
	ann.say("hello")
	if code, _ := ann.closed(); code != websocket.StatusPolicyViolation {
		t.Errorf("closed with %d, want 1008", code)
	}
}

// retryAfter is how the reasons of 1001 and 1013 end.
var retryAfter = regexp.MustCompile(`retry_after=\d+(\.\d+)?$`)

func TestAboveTheConnectionLimitTheUpgradeIsClosedWith1013(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-connections", "20")
	var in []*client
	for range 20 {
		in = append(in, s.dial(t, "ann"))
	}
	over, err := s.tryDial(t, "name=bob", nil)
	if err != nil {
		t.Fatalf("the upgrade is completed all the same: %v", err)
	}
	if code, reason := over.closed(); code != websocket.StatusTryAgainLater || !retryAfter.MatchString(reason) {
		t.Errorf("closed with %d %q, want 1013 and retry_after= at the end", code, reason)
	}
	over.never(0, "a welcome", ofType("welcome"))
	in[0].drop()
	eventually(t, "there is room for one again", func() bool {
		c, err := s.tryDial(t, "name=bob", nil)
		if err != nil {
			return false
		}
		_, welcome := c.await(patience, ofType("welcome")) // or the close, which ends the wait, too
		return welcome
	})
}

func TestFarAboveTheConnectionLimitTheAnswerIs503(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-connections", "10")
	for range 10 {
		s.dial(t, "ann")
	}
	// All at once, and none of them reads its close: so they are there together, and more than are refused in words.
	var (
		mu       sync.Mutex
		statuses = map[string]int{}
		all      sync.WaitGroup
		conns    []*websocket.Conn
	)
	for range 40 {
		all.Go(func() {
			conn, resp, err := websocket.Dial(t.Context(), "ws://"+s.addr+"/ws?name=bob",
				&websocket.DialOptions{HTTPClient: httpClient})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				statuses["upgraded"]++
				conns = append(conns, conn)
			case resp != nil:
				statuses[resp.Status]++
			default:
				statuses[err.Error()]++
			}
		})
	}
	all.Wait()
	for _, c := range conns {
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
			t.Errorf("an upgraded one: got %v, want 1013", err)
		}
		c.CloseNow()
	}
	if statuses["503 Service Unavailable"] == 0 || statuses["503 Service Unavailable"]+statuses["upgraded"] != 40 {
		t.Errorf("40 at once: got %v, want some 503, and 1013 for the others", statuses)
	}
}

func TestAnAddressOverItsOwnLimitIsClosedWith1013(t *testing.T) {
	t.Parallel()
	s := serve(t, "--max-connections-per-ip", "2")
	s.dial(t, "ann")
	s.dial(t, "bob")
	over, err := s.tryDial(t, "name=eve", nil)
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := over.closed(); code != websocket.StatusTryAgainLater || !retryAfter.MatchString(reason) {
		t.Errorf("closed with %d %q, want 1013 and retry_after= at the end", code, reason)
	}
}

func TestASecondSIGTERMEndsADrainAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, "--drain-timeout", "10m")
	hanging, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	_, err = io.WriteString(hanging, "POST /api/conversations/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"+
		"Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	// net/http asks for the body when the handler reads it: from then on the drain would wait for it.
	if line, err := bufio.NewReader(hanging).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	ann := s.dial(t, "ann")
	s.signal(syscall.SIGTERM)
	if code, reason := ann.closed(); code != websocket.StatusGoingAway {
		t.Errorf("closed with %d %q, want 1001", code, reason)
	}
	s.signal(syscall.SIGTERM)
	if code := s.exit(); code != 1 {
		t.Errorf("exit code %d, want 1: the drain was cut short", code)
	}
}

func TestSIGTERMAcksWhatIsInFlightClosesWith1001AndExits0(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann, bob := s.dial(t, "ann"), s.dial(t, "bob")
		bob.join("lobby")
		ann.send("lobby", "first", "hi")
		for i := range 200 {
			ann.say(`{"type":"send","conversation":"lobby","id":"c%d","text":"in flight"}`, i)
		}
		s.signal(syscall.SIGTERM)
		for _, c := range []*client{ann, bob} {
			if code, reason := c.closed(); code != websocket.StatusGoingAway || !retryAfter.MatchString(reason) {
				t.Errorf("%s: closed with %d %q, want 1001 and retry_after= at the end", c.name, code, reason)
			}
		}
		if code := s.exit(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		// Whatever was acked is there after the next start.
		acked := 1
		for {
			f, ok := ann.await(0, in("ack", "lobby"))
			if !ok {
				break
			}
			acked = max(acked, f.Seq)
		}
		s.start()
		if last := s.dial(t, "ann").join("lobby").Last; last < acked {
			t.Errorf("after the drain the last seq is %d, but %d was acked", last, acked)
		}
	})
}

func TestSIGINTDrainsToo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	s.signal(syscall.SIGINT)
	if code, _ := ann.closed(); code != websocket.StatusGoingAway {
		t.Errorf("closed with %d, want 1001", code)
	}
	if code := s.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Waits a minute, beside the others: the contract's times are 30 s and 30 s.
func TestASilentClientIsPingedAfter30sAndClosed30sLater(t *testing.T) {
	t.Parallel()
	s := serve(t)
	pinged := make(chan time.Time, 10)
	began := time.Now()
	c, err := s.tryDial(t, "name=ann", &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pinged <- time.Now():
		default:
		}
		return false // no pong: as a host that is gone without a word
	}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case at := <-pinged:
		if d := at.Sub(began); d < 25*time.Second { // later is a busy machine's
			t.Errorf("pinged after %v, want 30 s", d)
		}
	case <-time.After(30*time.Second + patience):
		t.Fatalf("no ping within 30 s of silence and %v", patience)
	}
	select {
	case <-c.ended:
		if d := time.Since(began); d < 55*time.Second {
			t.Errorf("closed after %v, want 60 s", d)
		}
	case <-time.After(30*time.Second + patience):
		t.Errorf("not closed within 30 s of the ping and %v", patience)
	}
}
