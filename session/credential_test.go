package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"verbatim/hub"
	"verbatim/identity"
	"verbatim/permissions"
	"verbatim/protocol"
)

// lives is a verifier of tokens like "ann 1m": for whom, and for how long.
type lives struct{}

func (lives) Verify(_ context.Context, token string) (*identity.Identity, error) {
	user, life, _ := strings.Cut(token, " ")
	d, err := time.ParseDuration(life)
	if err != nil {
		return nil, identity.Refuse("a rule")
	}
	return &identity.Identity{
		Subject: &permissions.Subject{User: protocol.UserID(user)}, Expires: time.Now().Add(d),
	}, nil
}

// openWithTokens opens a test server whose sessions may have tokens (?life=), with a grace of 30 s. What is
// refused is noted.
func openWithTokens(t *testing.T) (*testServer, *[]Refusal) {
	t.Helper()
	var refused []Refusal
	r := open(t, func(env *Env, _ *hub.Options) {
		env.Limits.TokenGrace = 30 * time.Second
		env.Limits.Ping = 24 * time.Hour // over a pipe, a ping and a close at the same moment wait for each other
		env.Verifier = lives{}
		env.Refused = func(no Refusal) { refused = append(refused, no) } // one session at a time, in these tests
	})
	ctx, cancel := context.WithCancel(context.Background())
	swept := make(chan struct{})
	go func() { defer close(swept); r.env.Expire(ctx) }() // the test's, which waits for it
	t.Cleanup(func() { cancel(); <-swept })
	return r, &refused
}

// isClosedFor fails unless the server has closed with this code and reason.
func (c *client) isClosedFor(code websocket.StatusCode, reason string) {
	c.r.t.Helper()
	var closed websocket.CloseError
	if !errors.As(c.end, &closed) || closed.Code != code || closed.Reason != reason {
		c.r.t.Errorf("%s: closed by %v, want %d %q", c.name, c.end, code, reason)
	}
}

func TestASessionWhoseTokenIsOverServesOnlyANewOneAndIsClosedAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		ann := r.dial("ann", "&life=1m&join=lobby")
		ann.expect("joined")
		time.Sleep(time.Minute - time.Millisecond)
		ann.send("in time")
		ann.expect("ack")
		time.Sleep(time.Millisecond)
		for _, request := range []string{
			`{"type":"send","conversation":"lobby","text":"late","ref":"r"}`, `{"type":"ping","ref":"r"}`,
			`{"type":"join","conversation":"den","ref":"r"}`, `{"type":"history","conversation":"lobby","ref":"r"}`,
			`{"type":"leave","conversation":"lobby","ref":"r"}`,
			`{"type":"read","conversation":"lobby","seq":1,"ref":"r"}`,
		} {
			ann.say(request)
			if e := ann.expect("error"); e.Code != "unauthorized" || e.Ref != "r" {
				t.Errorf("%s: got %s", request, e.raw)
			}
		}
		if tail, err := r.env.Store.Tail("lobby"); err != nil || tail.Last != 1 {
			t.Errorf("the last seq is %d, %v; want 1", tail.Last, err)
		}
		over := time.Now()
		ann.hears(time.Hour)
		if took := time.Since(over); took != 30*time.Second {
			t.Errorf("closed after %v, want 30 s", took)
		}
		ann.isClosedFor(4001, "token expired")
	})
}

func TestAMessageHasTheNameThatTheTokenSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		ann := r.dial("ann", "&life=1m&shown=Ann+Lee&join=lobby")
		ann.send("1")
		if m := ann.expect("message"); !strings.Contains(m.raw, `"from":"ann","name":"Ann Lee",`) {
			t.Errorf("got %s", m.raw)
		}
		ann.say(`{"type":"token","token":"ann 1h"}`) // which has no name
		ann.send("2")
		if m := ann.expect("message"); strings.Contains(m.raw, `"name"`) {
			t.Errorf("after the renewal: got %s", m.raw)
		}
	})
}

func TestATokenIsRenewedInBand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		ann := r.dial("ann", "&life=1m")
		for range 10 {
			time.Sleep(80 * time.Second) // in the grace
			ann.say(`{"type":"token","token":"ann 1m","ref":"r"}`)
			want := protocol.TimeOf(time.Now().Add(time.Minute)).String()
			if got := ann.expect("token"); got.raw != `{"type":"token","expires":"`+want+`","ref":"r"}` {
				t.Fatalf("got %s, want it to expire at %s", got.raw, want)
			}
			ann.say(`{"type":"ping"}`)
			ann.expect("pong")
		}
		ann.say(`{"type":"token","token":"ann 1h"}`) // a longer one
		ann.expect("token")
		time.Sleep(59 * time.Minute)
		ann.say(`{"type":"ping"}`)
		ann.expect("pong")
		ann.say(`{"type":"token","token":"ann 1s"}`) // a shorter one
		ann.expect("token")
		renewed := time.Now()
		ann.hears(time.Hour)
		if took := time.Since(renewed); took != 31*time.Second {
			t.Errorf("closed after %v, want 31 s", took)
		}
		ann.isClosedFor(4001, "token expired")
	})
}

func TestARenewalThatIsRefusedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, refused := openWithTokens(t)
		ann := r.dial("ann", "&life=1m")
		began := time.Now()
		for token, rule := range map[string]string{"bob 1h": "another user", "SECRET": "a rule"} {
			ann.say(`{"type":"token","token":"` + token + `","ref":"r"}`)
			e := ann.expect("error")
			if e.Code != "unauthorized" || e.Ref != "r" || !strings.HasPrefix(e.Reason, "token refused") ||
				strings.Contains(e.raw, token) || strings.Contains(e.raw, rule) {
				t.Errorf("%s: got %s", token, e.raw)
			}
			synctest.Wait()
			said := (*refused)[len(*refused)-1]
			if said.Cause == nil || !strings.Contains(said.Cause.Error(), rule) {
				t.Errorf("%s: the log gets %v, want the rule %q", token, said.Cause, rule)
			}
		}
		ann.say(`{"type":"ping"}`)
		ann.expect("pong")
		ann.hears(time.Hour)
		if took := time.Since(began); took != 90*time.Second {
			t.Errorf("closed after %v, want 90 s", took)
		}
		ann.isClosedFor(4001, "token expired")
	})
}

func TestASessionWithoutATokenHasNoneToRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		ann := r.dial("ann", "")
		ann.say(`{"type":"token","token":"ann 1h","ref":"r"}`)
		if e := ann.expect("error"); e.Code != "bad_request" || e.Ref != "r" {
			t.Errorf("got %s", e.raw)
		}
		if all := ann.hears(time.Hour); len(of("error", all)) > 0 || ann.end != nil {
			t.Errorf("an hour later: %s, %v", raws(all), ann.end)
		}
	})
}

// Neither side reads: the server waits for the session's rate, and bob takes nothing, not even the welcome.
func TestASessionWhoseTokenIsOverIsClosedThoughNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		r.env.Limits.Rate = 1
		r.env.Limits.WriteTimeout = time.Hour
		ann := r.dial("ann", "&life=10s")
		bob := r.connect("bob", "&life=10s")
		began := time.Now()
		var talking sync.WaitGroup
		for ws, says := range map[*websocket.Conn]string{
			ann.ws: `{"type":"send","conversation":"lobby","text":"x"}`, bob: `{"type":"ping"}`,
		} {
			talking.Go(func() { // ends with the connection
				for ws.Write(context.Background(), websocket.MessageText, []byte(says)) == nil {
					time.Sleep(time.Millisecond) // else the bubble's time stands still
				}
			})
		}
		ann.hears(time.Hour)
		if took := time.Since(began); took != 40*time.Second {
			t.Errorf("ann is closed after %v, want 40 s", took)
		}
		ann.isClosedFor(4001, "token expired")
		<-r.errs
		<-r.errs
		if took := time.Since(began); took < 40*time.Second || took > 46*time.Second {
			t.Errorf("bob's session ended after %v, want 40 to 45 s", took)
		}
		_ = ann.ws.CloseNow()
		_ = bob.CloseNow()
		talking.Wait()
	})
}

func TestAStreamOfEventsEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := openWithTokens(t)
		var end End
		r.env.Ended = func(e End) { end = e }
		began := time.Now()
		l := r.listen(Events{Limit: 10, Identity: &identity.Identity{
			Subject: &permissions.Subject{User: "ann"}, Expires: time.Now().Add(time.Minute),
		}})
		for {
			e, err := l.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.retry != "" && time.Since(began) > time.Minute {
				t.Error("it is told to come back")
			}
		}
		if took := time.Since(began); took != 90*time.Second {
			t.Errorf("it ended after %v, want 90 s", took)
		}
		_ = l.conn.Close()
		<-r.errs
		if end.Reason != ReasonToken {
			t.Errorf("it ended for %q", end.Reason)
		}
	})
}

// TestExpiriesComeInTheirOrder adds, moves and removes at random.
func TestExpiriesComeInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x expiries
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		all := make([]*told1, 1000)
		want := map[*told1]time.Time{}
		for i := range all {
			all[i] = &told1{}
		}
		for range 10_000 {
			e := all[random.IntN(len(all))]
			if random.IntN(4) == 0 {
				x.remove(e)
				delete(want, e)
				continue
			}
			want[e] = time.Now().Add(time.Duration(random.IntN(1e6)+1) * time.Millisecond)
			x.add(e, want[e])
		}
		for len(want) > 0 {
			e, wait := x.take()
			if e == nil {
				time.Sleep(wait)
				continue
			}
			if at, is := want[e.(*told1)]; !is || time.Since(at) != 0 {
				t.Fatalf("seed %d: one is over %v late (awaited: %v)", seed, time.Since(at), is)
			}
			delete(want, e.(*told1))
		}
		if e, _ := x.take(); e != nil || len(x.all) > 0 {
			t.Errorf("seed %d: %d are left", seed, len(x.all))
		}
	})
}

func TestTenThousandTokensThatAreOverAtOnceAreAllTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := &Env{Limits: &protocol.Limits{}}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		told := make(chan string, 10_000)
		at := time.Now().Add(time.Minute)
		for i := range cap(told) {
			l := &told1{told: told, name: fmt.Sprint(i)}
			env.reading.add(context.Background(), l)
			env.expiries.add(l, at)
		}
		go env.Expire(ctx) // the test's; ends with ctx
		time.Sleep(time.Minute - time.Nanosecond)
		synctest.Wait()
		if n := len(told); n != 0 {
			t.Errorf("%d were told too early", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(told); n < 4000 || n > 6000 { // so that others are served between them
			t.Errorf("%d were told within 2 s, want 5,000", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(told); n != cap(told) {
			t.Errorf("%d were told within 4 s, want all", n)
		}
	})
}

// told1 lives by a credential, and says when it is told to leave.
type told1 struct {
	end  expiry
	told chan string
	name string
}

func (l *told1) expiry() *expiry { return &l.end }

func (*told1) of() protocol.UserID { return "ann" }

func (l *told1) dismiss(bye *farewell) { l.told <- l.name + bye.reason }
