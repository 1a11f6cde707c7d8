package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/protocol"
)

func num(s string) json.Number { return json.Number(s) }

// say puts messages into the outbox.
func say(t *testing.T, c *Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		m := Message{Conversation: "lobby", ID: protocol.MessageID(id), Text: "text of " + id}
		if _, err := c.TrySend(m); err != nil {
			t.Fatal(err)
		}
	}
}

// hearsSends hears these sends in this order, and gives what prev and since each had.
func (k *talk) hearsSends(ids ...string) (said []string) {
	k.t.Helper()
	for _, id := range ids {
		o := k.hears("send")
		if o["id"] != id || o["text"] != "text of "+id {
			k.t.Fatalf("heard %v, want the send %s", o, id)
		}
		said = append(said, fmt.Sprintf("%s prev=%v since=%v", id, o["prev"], o["since"]))
	}
	return said
}

func (k *talk) acks(id, seq string) {
	k.say(`{"type":"ack","id":"` + id + `","conversation":"lobby","seq":` + seq + `,"time":"","sum":""}`)
}

func (k *talk) refuses(id, code, rest string) {
	k.say(`{"type":"error","code":"` + code + `","reason":"no","id":"` + id + `","conversation":"lobby"` + rest + `}`)
}

func (k *talk) said(got []string, want ...string) {
	k.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		k.t.Errorf("sends\n got %q\nwant %q", got, want)
	}
}

func TestSendsWithoutAnAckAreSentAgainInOrderWithPrevAndSince(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "8", "7")
		n.expect("connected again=false", "joined log1 8-7 resumed=false missed=0")
		say(t, c, "a", "b", "c")
		k.said(k.hearsSends("a", "b", "c"), "a prev=<nil> since=<nil>", "b prev=a since=<nil>", "c prev=b since=<nil>")
		k.acks("a", "8")
		n.expect("ack a 8")
		k.close(1001, "")
		k = f.next()
		k.joins("log1", "8", "9")
		say(t, c, "d")
		k.said(k.hearsSends("b", "c", "d"), "b prev=<nil> since=7", "c prev=b since=7", "d prev=c since=<nil>")
		for i, id := range []string{"b", "c", "d"} {
			k.acks(id, fmt.Sprint(9+i))
		}
		n.expect("disconnected", "connected again=true", "joined log1 8-9 resumed=true missed=0",
			"ack b 9", "ack c 10", "ack d 11")
	})
}

func TestAnUnavailableSendIsSentAgainBeforeThoseBehindIt(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b", "c")
		k.hearsSends("a", "b", "c")
		start := time.Now()
		k.refuses("a", "unavailable", `,"retry_after":2`)
		k.refuses("b", "out_of_order", "")
		k.hearsNothing(3 * time.Second) // c has no answer yet
		say(t, c, "d")
		k.hearsNothing(time.Second)
		k.refuses("c", "out_of_order", "")
		k.said(k.hearsSends("a", "b", "c", "d"),
			"a prev=<nil> since=0", "b prev=a since=0", "c prev=b since=0", "d prev=c since=<nil>")
		if d := time.Since(start); d < 2*time.Second {
			t.Errorf("sent again after %v, want 2 s at least", d)
		}
		if s := c.Stats(); s.Retried != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestASendRefusedForGoodIsToldAndThoseBehindItGoOn(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b")
		k.hearsSends("a", "b")
		k.refuses("a", "conflict", "")
		k.refuses("b", "out_of_order", "")
		k.said(k.hearsSends("b"), "b prev=<nil> since=0")
		k.acks("b", "1")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0", "refused a conflict", "ack b 1")
	})
}

func TestTheOutboxIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Unacked = 2
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		say(t, c, "a", "b")
		if _, err := c.TrySend(Message{Conversation: "lobby", Text: "c"}); !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		sent := make(chan error, 1)
		go func() { // ends when the ack makes room
			_, err := c.Send(context.Background(), Message{Conversation: "lobby", ID: "c", Text: "text of c"})
			sent <- err
		}()
		k.hearsSends("a", "b")
		synctest.Wait()
		select {
		case err := <-sent:
			t.Fatalf("a full outbox took a send: %v", err)
		default:
		}
		k.acks("a", "1")
		if err := <-sent; err != nil {
			t.Error(err)
		}
		k.hearsSends("c")
	})
}

func TestWhatTheServerWouldCloseForIsRefusedHere(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		big := make([]byte, 140_000)
		for i := range big {
			big[i] = 'x'
		}
		if _, err := c.TrySend(Message{Conversation: "lobby", ID: "big", Text: string(big)}); err != nil {
			t.Fatal(err)
		}
		say(t, c, "small")
		k.said(k.hearsSends("small"), "small prev=<nil> since=<nil>")
		n.expect("refused big too_large")
		for _, m := range []Message{
			{Conversation: "Lobby", Text: "x"}, {Conversation: "lobby"}, {Conversation: "lobby", Text: "\xff"},
			{Conversation: "lobby", Text: "x", Meta: []byte("[]")},
		} {
			if _, err := c.TrySend(m); err == nil {
				t.Errorf("%+v was taken", m)
			}
		}
	})
}

func TestHistoryAndPingAreAskedAgainAfterAReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Joins = nil
		c, _ := run(t, o)
		k := f.next()
		pinged := make(chan error, 1)
		go func() { pinged <- c.Ping(context.Background()) }() // ends with the pong
		k.hears("ping")
		k.close(1001, "")
		k = f.next()
		k.say(`{"type":"pong"` + ref(k.hears("ping")) + `}`)
		if err := <-pinged; err != nil {
			t.Error(err)
		}
		go func() { // ends with the reply
			known := `{"type":"message","conversation":"lobby","seq":4,"from":"bob",` +
				`"time":"2026-11-24T12:00:00.000000Z","text":"hi"}`
			unknown := `{"type":"poll","conversation":"lobby","seq":5}`
			k.pages(k.hears("history"), known+","+unknown, true)
		}()
		entries, more, err := c.History(context.Background(), Page{Conversation: "lobby", Limit: 2})
		if err != nil || !more || len(entries) != 2 || entries[0].PlainText() != "hi" || entries[1].Seq != 5 {
			t.Errorf("history: %+v %v %v", entries, more, err)
		}
	})
}

func TestTheNewestReadMarkIsToldAgainWhereItWasLost(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		c.Read("lobby", 3)
		if o := k.hears("read"); o["seq"] != num("3") {
			t.Errorf("heard %v", o)
		}
		k.close(1001, "")
		k = f.next()
		k.joins("log1", "1", "0") // which says no mark
		if o := k.hears("read"); o["seq"] != num("3") {
			t.Errorf("heard %v", o)
		}
	})
}

func TestALateResendOfOneWhoKnewNothingIsLookedForInAllOfTheRecord(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Joins = nil
		c, _ := run(t, o)
		k := f.next()
		say(t, c, "a")
		k.hearsSends("a")
		k.close(1001, "")
		k = f.next()
		k.said(k.hearsSends("a"), "a prev=<nil> since=<nil>")
		f.instead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		k.close(1001, "")
		time.Sleep(10 * time.Minute) // of the bubble's: the outage
		f.instead(nil)
		k = f.next()
		k.said(k.hearsSends("a"), "a prev=<nil> since=0")
	})
}

func num0(n uint64) protocol.Number { return protocol.Number{Value: n, Set: true} }

func TestASendWithAnIDOfItsOwnersIsLookedForFromItsTargetOrSinceOn(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "8", "7")
		n.expect("connected again=false", "joined log1 8-7 resumed=false missed=0")
		messages := []Message{
			{ID: "a", Target: 5}, {ID: "b", Target: 5, Since: num0(3)}, {ID: "c", Since: num0(0)},
			{ID: "d"}, {Target: 5}, {Since: num0(3)},
		}
		for _, m := range messages {
			m.Conversation, m.Text = "lobby", "text"
			if _, err := c.TrySend(m); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range []any{num("5"), num("3"), num("0"), nil, nil, nil} {
			if o := k.hears("send"); o["since"] != want {
				t.Errorf("send %d: %v, want since %v", i, o, want)
			}
		}
	})
}

func TestWhatStandsBeforeTheServerMayTakeLessThanItTheLargestSendIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-0 resumed=false missed=0")
		for _, m := range []Message{
			{ID: "a", Text: "text of a"}, {ID: "big", Text: strings.Repeat("x", 5000)}, {ID: "b", Text: "text of b"},
		} {
			m.Conversation = "lobby"
			if _, err := c.TrySend(m); err != nil {
				t.Fatal(err)
			}
			k.hears("send")
		}
		k.close(1009, "message too big")
		n.expect("refused big too_large", "disconnected")
		k = f.next()
		k.joins("log1", "1", "0")
		k.hearsSends("a", "b")
	})
}

func TestALaterClientResumesWhereAnEarlierOneStood(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		j := k.hears("join")
		if _, ok := c.Resume("lobby"); ok {
			t.Error("before the join is answered there is a place to resume at")
		}
		k.say(`{"type":"joined","conversation":"lobby","log":"log1","first":8,"last":8,"sum":"eight",` +
			`"online":[],"count":1,"reads":{}` + ref(j) + `}`)
		k.entry("message", "8")
		k.entry("message", "9")
		n.expect("connected again=false", "joined log1 8-8 resumed=false missed=0", "entry 8", "entry 9")
		stood, ok := c.Resume("lobby")
		if !ok {
			t.Fatal("there is no place to resume at")
		}
		c.Close()
		o.Joins = []Join{stood}
		run(t, o)
		j = f.next().hears("join")
		if j["after"] != num("9") || j["log"] != "log1" || j["known"] != num("8") || j["sum"] != "eight" {
			t.Errorf("the later client's join: %v, want after 9 of log1, where 8 has its sum", j)
		}
	})
}
