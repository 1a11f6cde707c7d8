package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/protocol"
)

// bubble runs a test with a fake server and a client in the lobby, in a bubble where an hour takes no time.
func bubble(t *testing.T, test func(t *testing.T, f *fake, o Options, n *news)) {
	synctest.Test(t, func(t *testing.T) {
		f, n := newFake(t), newNews(t)
		lobby := []Join{{Conversation: "lobby"}}
		test(t, f, Options{URL: "fake", Name: "ann", Dial: f.dial, Handler: n.handler(), Joins: lobby}, n)
	})
}

func TestAConnectionThatBreaksIsResumedAfterTheLastEntry(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		if j := k.joins("log1", "8", "9"); j["after"] != nil || j["log"] != nil {
			t.Errorf("the first join: %v", j)
		}
		k.entry("message", "8")
		k.entry("message", "9")
		n.expect("connected again=false", "joined log1 8-9 resumed=false missed=0", "entry 8", "entry 9")
		k.close(1001, "draining")
		k = f.next()
		if j := k.joins("log1", "10", "10"); j["after"] != num("9") || j["log"] != "log1" {
			t.Errorf("the resumption: %v, want after 9 of log1", j)
		}
		k.entry("message", "10")
		n.expect("disconnected", "connected again=true", "joined log1 10-10 resumed=true missed=0", "entry 10")
	})
}

func TestAGapIsToldAndMendedByResuming(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "1")
		k.entry("message", "1")
		k.entry("message", "3")
		n.expect("connected again=false", "joined log1 1-1 resumed=false missed=0", "entry 1",
			"violation gap", "disconnected")
		k = f.next()
		if j := k.joins("log1", "2", "3"); j["after"] != num("1") {
			t.Errorf("the resumption: %v, want after 1", j)
		}
		k.entry("message", "2")
		k.entry("message", "3")
		n.expect("connected again=true", "joined log1 2-3 resumed=true missed=0", "entry 2", "entry 3")
		if s := c.Stats(); s.Violations != 1 || s.Entries != 3 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestARepeatedEntryIsToldAndNotDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		k.joins("log1", "1", "2")
		k.entry("message", "1")
		k.entry("message", "2")
		k.entry("message", "1")
		k.entry("message", "3")
		n.expect("connected again=false", "joined log1 1-2 resumed=false missed=0", "entry 1", "entry 2",
			"violation repeat", "entry 3")
	})
}

func TestAnEntryOfAnUnknownTypeIsCountedAndPassedOver(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "1")
		k.entry("message", "1")
		k.entry("poll", "2")
		k.say(`{"type":"weather","conversation":"lobby","rain":true}`)
		k.entry("message", "3")
		n.expect("connected again=false", "joined log1 1-1 resumed=false missed=0", "entry 1", "entry 3")
		if c.Stats().Unknown != 1 {
			t.Errorf("stats %+v", c.Stats())
		}
	})
}

func TestAnotherLogIsToldAndStartedAnew(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		k.joins("log1", "1", "1")
		k.entry("message", "1")
		n.expect("connected again=false", "joined log1 1-1 resumed=false missed=0", "entry 1")
		k.close(1001, "")
		k = f.next()
		j := k.hears("join")
		k.fails(j, "reset", "another one", "")
		if j := k.joins("log2", "5", "5"); j["after"] != nil || j["log"] != nil {
			t.Errorf("the new start: %v", j)
		}
		k.entry("message", "5")
		n.expect("disconnected", "connected again=true", "reset log1 1",
			"joined log2 5-5 resumed=false missed=0", "entry 5")
	})
}

func TestARecordThatHasLostEntriesIsAViolation(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		k.joins("log1", "1", "1")
		k.entry("message", "1")
		k.close(1001, "")
		k = f.next()
		k.fails(k.hears("join"), "bad_request", "after is 1, and the last seq is 0", "")
		k.joins("log1", "1", "0")
		n.expect("connected again=false", "joined log1 1-1 resumed=false missed=0", "entry 1",
			"disconnected", "connected again=true", "violation truncated",
			"reset log1 1", "joined log1 1-0 resumed=false missed=0")
	})
}

func TestALogThatBeginsAfterItsJoinIsLearned(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("", "1", "0")
		k.say(`{"type":"message","conversation":"lobby","seq":1,"from":"bob","time":"","text":"x","log":"log1"}`)
		k.entry("message", "2")
		n.expect("connected again=false", "joined  1-0 resumed=false missed=0", "entry 1", "entry 2")
		if log, seq := c.Position("lobby"); log != "log1" || seq != 2 {
			t.Errorf("position %s %d, want log1 2", log, seq)
		}
		k.close(1001, "")
		if j := f.next().joins("log1", "3", "2"); j["after"] != num("2") || j["log"] != "log1" {
			t.Errorf("the resuming join: %v, want after 2 of log1", j)
		}
	})
}

func TestALogIsLearnedFromAFirstEntryOfATypeThatIsNotKnown(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("", "1", "0")
		k.say(`{"type":"poll","conversation":"lobby","seq":1,"log":"log1"}`)
		k.entry("message", "2")
		n.expect("connected again=false", "joined  1-0 resumed=false missed=0", "entry 2")
		if log, seq := c.Position("lobby"); log != "log1" || seq != 2 {
			t.Errorf("position %s %d, want log1 2", log, seq)
		}
	})
}

func TestAJoinNamesTheNewestEntryWhoseSumIsKnown(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		joined := func(k *talk, first, last, sum string) map[string]any {
			j := k.hears("join")
			k.say(`{"type":"joined","conversation":"lobby","log":"log1","first":` + first + `,"last":` + last +
				`,"sum":"` + sum + `","online":[],"count":1,"reads":{}` + ref(j) + `}`)
			return j
		}
		names := func(j map[string]any, seq, sum any) {
			t.Helper()
			if j["known"] != seq || j["sum"] != sum {
				t.Errorf("the join: %v, want known %v, sum %v", j, seq, sum)
			}
		}
		k := f.next()
		names(joined(k, "6", "5", "five"), nil, nil)
		k.entry("message", "6") // its sum is not told
		n.expect("connected again=false", "joined log1 6-5 resumed=false missed=0", "entry 6")
		k.close(1001, "")
		k = f.next()
		names(joined(k, "7", "6", "six"), num("5"), "five")
		n.expect("disconnected", "connected again=true", "joined log1 7-6 resumed=true missed=0")
		if _, err := c.TrySend(Message{Conversation: "lobby", ID: "c1", Text: "mine"}); err != nil {
			t.Fatal(err)
		}
		k.hears("send")
		k.say(`{"type":"ack","id":"c1","conversation":"lobby","seq":7,"time":"","sum":"seven"}`)
		n.expect("ack c1 7")
		if seq, sum := c.Receipt("lobby"); seq != 7 || sum != "seven" {
			t.Errorf("receipt %d %s, want 7 seven", seq, sum)
		}
		k.close(1001, "")
		k = f.next()
		j := k.hears("join")
		names(j, num("7"), "seven")
		// What is acked before the join is answered may be of another history already.
		if _, err := c.TrySend(Message{Conversation: "lobby", ID: "c2", Text: "mine"}); err != nil {
			t.Fatal(err)
		}
		k.hears("send")
		k.say(`{"type":"ack","id":"c2","conversation":"lobby","seq":99,"time":"","sum":"other"}`)
		n.expect("disconnected", "connected again=true", "ack c2 99")
		if seq, sum := c.Receipt("lobby"); seq != 7 || sum != "seven" {
			t.Errorf("receipt %d %s, want 7 seven still", seq, sum)
		}
		k.fails(j, "reset", "another", "")
		j = k.hears("join")
		names(j, nil, nil)
		if j["after"] != nil || j["log"] != nil {
			t.Errorf("after a reset the join is %v, want none of the old record", j)
		}
		n.expect("reset log1 6")
	})
}

func TestALaterClientsJoinSaysWhatTheOneBeforeKnew(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Joins[0].After, o.Joins[0].Log = protocol.Number{Value: 3, Set: true}, "log1"
		o.Joins[0].Known, o.Joins[0].Sum = 2, "two"
		run(t, o)
		if j := f.next().hears("join"); j["after"] != num("3") || j["known"] != num("2") || j["sum"] != "two" {
			t.Errorf("the join: %v, want after 3, known 2, sum two", j)
		}
	})
}

func TestEntriesThatRetentionTookAreTold(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Joins[0].After, o.Joins[0].Log = protocol.Number{Value: 3, Set: true}, "log1"
		run(t, o)
		k := f.next()
		if j := k.joins("log1", "10", "10"); j["after"] != num("3") || j["log"] != "log1" {
			t.Errorf("the join: %v", j)
		}
		n.expect("connected again=false", "joined log1 10-10 resumed=true missed=6")
	})
}

func TestTheServersRetryAfterIsHonoured(t *testing.T) {
	for what, row := range map[string]struct {
		bring func(*fake)
		wait  time.Duration
	}{
		"1001": {func(f *fake) { f.next().close(1001, "the server is draining retry_after=7.5") },
			7500 * time.Millisecond},
		"1013": {func(f *fake) { f.next().close(1013, "too many connections retry_after=30.0") },
			30 * time.Second},
		"503": {nil, 40 * time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
				gaps := make(chan time.Duration, 10)
				o.Handler = Handler{Disconnected: func(d Disconnected) { gaps <- d.Retry }}
				o.Joins = nil
				if row.bring == nil {
					f.instead(func(w http.ResponseWriter, _ *http.Request) {
						f.instead(nil)
						w.Header().Set("Retry-After", "40")
						w.WriteHeader(http.StatusServiceUnavailable)
					})
				}
				run(t, o)
				if row.bring != nil {
					row.bring(f)
				}
				start := time.Now()
				if got := <-gaps; got < row.wait || got > row.wait+250*time.Millisecond {
					t.Errorf("waits %v, want %v and a little", got, row.wait)
				}
				f.next()
				if waited := time.Since(start); waited < row.wait {
					t.Errorf("came back after %v, want %v", waited, row.wait)
				}
			})
		})
	}
}

func TestTheBackoffGrowsToItsMaximumAndIsRandom(t *testing.T) {
	b := Backoff{}.withDefaults()
	for failures, most := range []time.Duration{
		250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		15 * time.Second, 15 * time.Second,
	} {
		var greatest time.Duration
		for range 2000 {
			greatest = max(greatest, b.delay(failures, 0, 0, io.EOF))
		}
		if greatest > most || greatest < most*9/10 {
			t.Errorf("after %d failures: up to %v, want up to %v", failures, greatest, most)
		}
	}
}

func TestWhereNobodyListensTheBackoffStaysShort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	_, why := c.dial(t.Context())
	b := Backoff{}.withDefaults()
	var greatest time.Duration
	for range 2000 {
		greatest = max(greatest, b.delay(20, 0, 0, why))
	}
	if greatest > maxRefusedWait || greatest < maxRefusedWait*9/10 {
		t.Errorf("after 20 failures of %v: up to %v, want up to %v", why, greatest, maxRefusedWait)
	}
	b = Backoff{Initial: time.Millisecond, Max: time.Millisecond}
	if d := b.delay(20, 0, time.Minute, why); d > time.Millisecond {
		t.Errorf("a Max of 1ms: got %v", d)
	}
}

// A busy server that comes back may break a connection off. Its client must not stay away for longer because it had
// looked for the server before.
func TestRefusedConnectionsDoNotLengthenTheWaitAfterAnotherFailure(t *testing.T) {
	b := Backoff{}.withDefaults()
	for range 20 {
		var inRow failures
		for range 10 {
			inRow.wait(b, 0, syscall.ECONNREFUSED)
		}
		if d := inRow.wait(b, 0, io.EOF); d > b.Initial {
			t.Fatalf("the first that was broken off: waits %v, want up to %v", d, b.Initial)
		}
		if d := inRow.wait(b, 0, syscall.ECONNREFUSED); d > b.Initial {
			t.Fatalf("the first that was refused after it: waits %v, want up to %v", d, b.Initial)
		}
		if d := inRow.wait(b, 0, io.EOF); d > 2*b.Initial {
			t.Fatalf("the second that was broken off: waits %v, want up to %v", d, 2*b.Initial)
		}
	}
	var greatest time.Duration
	for range 2000 {
		inRow := failures{other: 5}
		inRow.wait(b, 0, syscall.ECONNREFUSED)
		greatest = max(greatest, inRow.wait(b, 0, io.EOF))
	}
	if greatest < 7*time.Second {
		t.Errorf("after 5 that were broken off, and one refused: up to %v, want 8 s", greatest)
	}
}

func TestACrowdThatFindsNobodyYetStaysAsWideAsTheDrainHasSpreadIt(t *testing.T) {
	b := Backoff{}.withDefaults()
	const asked = 8 * time.Second
	var thirds [3]int
	for range 3000 {
		d := b.delay(1, 0, asked, syscall.ECONNREFUSED)
		if d > asked {
			t.Fatalf("waits %v after a drain that asked for %v", d, asked)
		}
		thirds[min(2, int(3*d/asked))]++
	}
	for third, n := range thirds {
		if n < 800 || n > 1200 {
			t.Errorf("%d of 3000 wait for the %d. third of the time", n, third+1)
		}
	}
	if d := b.delay(1, 0, asked, io.EOF); d > 500*time.Millisecond {
		t.Errorf("a connection that broke: waits %v, and nobody asked for that", d)
	}
}

func TestAServerThatIsGoneWithoutAWordIsNoticed(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		start := time.Now()
		k.hears("ping") // and no answer
		f.next()
		if d := time.Since(start); d < time.Minute || d > 3*time.Minute {
			t.Errorf("noticed after %v", d)
		}
	})
}

func TestCloseEndsEverybodyWhoWaits(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, ended := run(t, o)
		k := f.next()
		k.joins("log1", "1", "0")
		errs := make(chan error, 3)
		go func() {
			_, err := c.SendWait(context.Background(), Message{Conversation: "lobby", Text: "hi"})
			errs <- err
		}()
		go func() { errs <- c.Ping(context.Background()) }()
		go func() { _, _, err := c.History(context.Background(), Page{Conversation: "lobby"}); errs <- err }()
		synctest.Wait()
		c.Close()
		for range 3 {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("Run: %v", err)
		}
		_, err := c.Send(context.Background(), Message{Conversation: "lobby", Text: "hi"})
		if !errors.Is(err, ErrClosed) {
			t.Errorf("Send after Close: %v", err)
		}
	})
}

func TestAJoinThatIsPutOffIsAskedAgainAndOneThatIsRefusedIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		run(t, o)
		k := f.next()
		says := func(code string) { k.fails(k.hears("join"), code, "no", "") }
		start := time.Now()
		says("unavailable")
		says("forbidden")
		if d := time.Since(start); d < time.Second {
			t.Errorf("asked again after %v", d)
		}
		n.expect("connected again=false", "left forbidden")
		k.close(1001, "")
		f.next().hearsNothing(time.Minute)
	})
}

func TestLeavingAndJoiningAnewWhileConnected(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		c, _ := run(t, o)
		k := f.next()
		k.joins("log1", "1", "1")
		k.entry("message", "1")
		n.expect("connected again=false", "joined log1 1-1 resumed=false missed=0", "entry 1")
		c.Leave("lobby")
		k.hears("leave")
		k.say(`{"type":"left","conversation":"lobby"}`)
		n.expect("left ")
		k.entry("message", "2") // of no join: it is none of this client's
		if err := c.Join(Join{Conversation: "lobby", Limit: 1}); err != nil {
			t.Fatal(err)
		}
		if j := k.joins("log1", "2", "2"); j["limit"] != num("1") || j["after"] != nil {
			t.Errorf("the join: %v", j)
		}
		k.entry("message", "2")
		n.expect("joined log1 2-2 resumed=false missed=0", "entry 2")
		if err := c.Join(Join{Conversation: "Lobby"}); err == nil {
			t.Error("an invalid id was taken")
		}
	})
}

func TestAConversationIsFollowedWithoutItsEntries(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake, o Options, n *news) {
		o.Joins[0].Follow = true
		o.Handler.Last = func(l Last) { n.add("last %d", l.Last) }
		run(t, o)
		k := f.next()
		if j := k.joins("log1", "6", "5"); j["messages"] != false {
			t.Errorf("the join: %v", j)
		}
		k.say(`{"type":"last","conversation":"lobby","last":7,"time":""}`)
		n.expect("connected again=false", "joined log1 6-5 resumed=false missed=0", "last 7")
		k.close(1001, "")
		if j := f.next().joins("log1", "8", "7"); j["messages"] != false || j["log"] != "log1" {
			t.Errorf("the join after that: %v", j)
		}
	})
}
