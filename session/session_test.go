package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"verbatim/hub"
)

func TestAMessageIsAckedAndSeenByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, bob := r.enter("ann"), r.enter("bob")
		ann.say(`{"type":"send","conversation":"lobby","id":"c1","text":"hi","ref":"r"}`)
		if ack := ann.expect("ack"); ack.Seq != 1 || ack.ID != "c1" || ack.Ref != "r" {
			t.Errorf("got %s", ack.raw)
		}
		if m := bob.expect("message"); m.Seq != 1 || m.Text != "hi" {
			t.Errorf("got %s", m.raw)
		}
	})
}

// The ack of a new message goes out with the message; what adds no entry must not wait for one.
func TestWhatAddsNoEntryIsAnsweredAtOnceWhereItsConversationIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		first := `{"type":"send","conversation":"lobby","id":"c1","text":"hi"}`
		ann.say(first)
		ann.expect("ack")
		ann.expect("message")
		for request, want := range map[string]string{
			first: "ack",
			`{"type":"send","conversation":"lobby","id":"c1","text":"other"}`:           "error",
			`{"type":"send","conversation":"lobby","id":"c2","prev":"c0","text":"two"}`: "error",
		} {
			ann.say(request)
			if got := ann.hears(time.Second); len(got) != 1 || got[0].Type != want {
				t.Errorf("%s: within a second came %s, want one %s", request, raws(got), want)
			}
		}
		eve := r.dial("eve", "")
		eve.say(`{"type":"join","conversation":"lobby","messages":false}`)
		eve.expect("joined")
		eve.say(`{"type":"send","conversation":"lobby","text":"three"}`)
		eve.expect("last") // which wakes it; the next one is a second away
		eve.say(`{"type":"send","conversation":"lobby","text":"four"}`)
		if got := of("ack", eve.hears(20*time.Millisecond)); len(got) != 1 {
			t.Errorf("a follower's send was not acked at once: %s", raws(got))
		}
	})
}

func TestTheServerPingsAfterASilenceAndClosesAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		began := time.Now()
		ann := r.dial("ann", "")
		_ = ann.ws.CloseNow()
		<-r.errs
		if d := time.Since(began); d > time.Second {
			t.Errorf("a closed connection was noticed after %v", d)
		}

		silent := r.dialRaw("bob") // no library that answers pings
		pings := 0
		began = time.Now()
		silent.readUntilClosed(func(opcode byte) { pings++ })
		if d := time.Since(began); d < 59*time.Second || d > 62*time.Second {
			t.Errorf("a silent client was closed after %v, want 60s", d)
		}
		if pings != 1 {
			t.Errorf("%d pings, want 1", pings)
		}
		if err := <-r.errs; !errors.Is(err, errSilent) {
			t.Errorf("got %v", err)
		}
	})
}

// A reader that stalls for less than the write timeout finds our ping behind what it has not taken yet.
func TestAPingThatWaitedForTheSocketMayBeAnsweredForAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		bob := r.dialRaw("bob")
		bob.write(`{"type":"join","conversation":"lobby"}`)
		for text := ""; !strings.Contains(text, `"joined"`); text, _ = bob.text() {
		}
		time.Sleep(20 * time.Second)
		ann.send("hi") // stuck before bob
		ann.expect("ack")
		time.Sleep(25 * time.Second) // the ping was due after 30 s
		for opcode := byte(0); opcode != 0x9; {
			var err error
			if opcode, err = bob.frame(); err != nil {
				t.Fatalf("no ping came: %v", err)
			}
		}
		time.Sleep(20 * time.Second) // 65 s of silence, 20 s after the ping
		if _, err := bob.conn.Write([]byte{0x8a, 0x80, 0, 0, 0, 0}); err != nil {
			t.Fatalf("closed 20 s after the ping, and it has 30: %v", err)
		}
		time.Sleep(20 * time.Second)
		bob.write(`{"type":"ping"}`)
		for text := ""; !strings.Contains(text, `"pong"`); {
			var err error
			if text, err = bob.text(); err != nil {
				t.Fatalf("it answered the ping and was closed: %v", err)
			}
		}
	})
}

func TestAClientThatAnswersPingsLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		time.Sleep(10 * time.Minute)
		ann.say(`{"type":"ping"}`)
		ann.expect("pong")
	})
}

func TestAClientThatTakesNothingIsClosedAfterTheWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		stuck := r.dialRaw("bob") // net.Pipe has no buffer: the first write that is not read is stuck
		ann := r.enter("ann")
		stuck.write(`{"type":"join","conversation":"lobby"}`)
		began := time.Now()
		ann.send("hi")
		ann.expect("ack")
		if err := <-r.errs; !errors.Is(err, errStalled) {
			t.Errorf("got %v", err)
		}
		if d := time.Since(began); d < 30*time.Second || d > 33*time.Second {
			t.Errorf("closed after %v, want about 30s", d)
		}
	})
}

func TestTypingIsToldToTheOthersAtMostOnceInThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, bob := r.enter("ann"), r.enter("bob")
		for range 10 {
			ann.say(`{"type":"typing","conversation":"lobby"}`)
			time.Sleep(500 * time.Millisecond)
		}
		got := of("typing", bob.hears(time.Second))
		if len(got) != 2 || got[0].User != "ann" {
			t.Errorf("got %s", raws(got))
		}
		if own := of("typing", ann.hears(time.Second)); len(own) > 0 {
			t.Errorf("told about oneself: %s", raws(own))
		}
	})
}

func TestPresenceWaitsFiveSecondsForWhoComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		bob := r.enter("bob")
		if p := ann.expect("presence"); p.User != "bob" || p.Event != "joined" || p.Count != 2 {
			t.Errorf("got %s", p.raw)
		}
		_ = bob.ws.CloseNow()
		time.Sleep(4 * time.Second)
		bob = r.enter("bob")
		time.Sleep(10 * time.Second)
		_ = bob.ws.CloseNow()
		got := of("presence", ann.hears(10*time.Second))
		if len(got) != 1 || got[0].Event != "left" || got[0].User != "bob" || got[0].Count != 1 {
			t.Errorf("got %s", raws(got))
		}
	})
}

func TestAReadMarkGoesToTheOthersAndOnesOwnOtherSessionsOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, phone, bob := r.enter("ann"), r.enter("ann"), r.enter("bob")
		for i := range 20 {
			ann.send(fmt.Sprint(i))
			ann.expect("ack")
		}
		for seq := 1; seq <= 20; seq++ {
			ann.say(fmt.Sprintf(`{"type":"read","conversation":"lobby","seq":%d}`, seq))
			time.Sleep(100 * time.Millisecond)
		}
		ann.say(`{"type":"read","conversation":"lobby","seq":3}`)
		for name, c := range map[string]*client{"bob": bob, "ann's phone": phone} {
			got := of("read", c.hears(2*time.Second))
			if len(got) < 2 || len(got) > 4 || got[len(got)-1].Seq != 20 {
				t.Errorf("%s got %s", name, raws(got))
			}
		}
		if own := of("read", ann.hears(time.Second)); len(own) > 0 {
			t.Errorf("told to who set it: %s", raws(own))
		}
		late := r.dial("bob", "&join=lobby")
		if j := late.expect("joined"); j.Reads["ann"] != 20 || j.Read != 0 {
			t.Errorf("got %s", j.raw)
		}
	})
}

func TestAFollowerGetsLastAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, eve := r.enter("ann"), r.dial("eve", "")
		eve.say(`{"type":"join","conversation":"lobby","messages":false}`)
		if j := eve.expect("joined"); j.First != 1 || j.Last != 0 || j.Count != 1 {
			t.Errorf("a follower is not present: %s", j.raw)
		}
		for i := range 30 {
			ann.send(fmt.Sprint(i))
			ann.expect("ack")
			time.Sleep(100 * time.Millisecond)
		}
		all := eve.hears(2 * time.Second)
		got := of("last", all)
		if len(got) < 3 || len(got) > 5 || got[len(got)-1].Last != 30 {
			t.Errorf("got %s", raws(got))
		}
		if len(got) != len(all) {
			t.Errorf("a follower got more than last: %s", raws(all))
		}
	})
}

func TestACrowdIsANumberAndBecomesAListAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, func(_ *Env, o *hub.Options) { o.Names = 3 })
		ann := r.enter("ann")
		var others []*client
		for i := range 5 {
			others = append(others, r.enter(fmt.Sprint("p", i)))
		}
		time.Sleep(2 * time.Second)
		for _, c := range others {
			_ = c.ws.CloseNow()
		}
		got := of("presence", ann.hears(20*time.Second))
		var crowd, list bool
		for _, p := range got {
			crowd = crowd || p.User == "" && p.Count == 6 && p.Online == nil
			list = list || p.User == "" && len(p.Online) > 0 && p.Count <= 3
		}
		end := got[len(got)-1]
		if !crowd || !list || end.Count != 1 {
			t.Errorf("crowd %v, list %v: %s", crowd, list, raws(got))
		}
	})
}

func TestMoreThanAHundredBadRequestsAMinuteCloseTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.dial("ann", "")
		for range maxBad {
			ann.say("hello")
			ann.expect("error")
		}
		time.Sleep(61 * time.Second)
		ann.say("hello")
		ann.expect("error")
		time.Sleep(59 * time.Second)
		for range maxBad { // with the one of 59 s ago, 101 in a minute
			ann.say("hello")
			ann.expect("error")
		}
		if ann.hears(10 * time.Second); websocket.CloseStatus(ann.end) != websocket.StatusPolicyViolation {
			t.Errorf("got %v", ann.end)
		}
	})
}

func TestADrainingServerAcksWhatIsInFlightAndSaysComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.dial("ann", "")
		for i := range 50 {
			ann.say(fmt.Sprintf(`{"type":"send","conversation":"lobby","id":"%d","text":"x"}`, i))
		}
		ann.expect("ack")
		r.drain()
		acks := 1 + len(of("ack", ann.hears(10*time.Second)))
		var closed websocket.CloseError
		if !errors.As(ann.end, &closed) || closed.Code != websocket.StatusGoingAway ||
			!strings.Contains(closed.Reason, "retry_after=") {
			t.Errorf("got %v", ann.end)
		}
		if tail, err := r.env.Store.Tail("lobby"); err != nil || int(tail.Last) != acks {
			t.Errorf("%d acks for %d entries, %v", acks, tail.Last, err)
		}
	})
}

func TestOverItsRateASessionIsReadMoreSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, func(e *Env, _ *hub.Options) { e.Limits.Rate = 10 })
		ann := r.dial("ann", "")
		began := time.Now()
		go func() {
			for range 70 {
				ann.say(`{"type":"send","conversation":"lobby","text":"x"}`)
			}
		}()
		for range 70 {
			ann.expect("ack")
		}
		if d := time.Since(began); d < 4900*time.Millisecond || d > 5200*time.Millisecond {
			t.Errorf("70 sends at 10 a second after a burst of 20 took %v, want 5s", d)
		}
	})
}

func TestJoiningAgainStartsAnewWithoutARepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		for range 200 {
			ann.send("x")
		}
		for range 200 {
			ann.expect("ack")
		}
		bob := r.dial("bob", "")
		for after := range 20 {
			bob.say(fmt.Sprintf(`{"type":"join","conversation":"lobby","after":%d}`, after))
		}
		bob.say(`{"type":"leave","conversation":"lobby"}`)
		var next uint64
		joins := 0
		for {
			s := bob.next()
			switch s.Type {
			case "joined":
				next = s.First
				joins++
			case "message":
				if s.Seq != next {
					t.Fatalf("seq %d after join %d, want %d", s.Seq, joins, next)
				}
				next++
			}
			if s.Type == "left" {
				break
			}
		}
		if joins != 20 {
			t.Errorf("%d joins", joins)
		}
		ann.send("after the leave")
		ann.expect("ack")
		if got := bob.hears(time.Second); len(got) > 0 {
			t.Errorf("after left came %s", raws(got))
		}
	})
}

func TestAJoinOfAnotherHistoryIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann := r.enter("ann")
		var sums []string
		for range 3 {
			ann.send("x")
			sums = append(sums, ann.expect("ack").Sum)
		}
		bob := r.dial("bob", "")
		join := func(known int, sum string) said {
			bob.say(fmt.Sprintf(`{"type":"join","conversation":"lobby","after":1,"known":%d,"sum":"%s"}`, known, sum))
			for {
				if s := bob.next(); s.Type == "joined" || s.Type == "error" {
					return s
				}
			}
		}
		for known, sum := range map[int]string{1: sums[0], 2: sums[1], 3: sums[2]} {
			if got := join(known, sum); got.Type != "joined" {
				t.Errorf("known %d with its sum: %s, want joined", known, got.raw)
			}
		}
		bob.say(`{"type":"leave","conversation":"lobby"}`)
		bob.expect("left")
		for known, sum := range map[int]string{1: sums[1], 2: sums[0], 3: sums[0], 4: sums[2]} {
			if got := join(known, sum); got.Code != "reset" {
				t.Errorf("known %d with the sum %s: %s, want reset", known, sum, got.raw)
			}
		}
		ann.send("more")
		ann.expect("ack")
		if got := of("message", bob.hears(time.Second)); len(got) > 0 {
			t.Errorf("after a reset came %s", raws(got))
		}
	})
}
