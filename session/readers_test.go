package session

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"verbatim/hub"
	"verbatim/persistence"
	"verbatim/protocol"
)

// A reader that stops and goes on sees every entry once and in order, wherever each is found: ring, history or record.
func TestASlowReaderSeesNoSeam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		const entries = 6000
		ann := r.dial("ann", "")
		go func() {
			text := strings.Repeat("x", 700) // all together 5 MB: five times the ring
			for range entries {
				ann.say(`{"type":"send","conversation":"lobby","text":"` + text + `"}`)
			}
		}()
		go func() {
			for range entries {
				ann.expect("ack")
			}
		}()
		for name, pause := range map[string]int{"never": 0, "sometimes": 200, "often": 20} {
			reader := r.dial(name, "")
			reader.say(`{"type":"join","conversation":"lobby","after":0}`)
			reader.expect("joined")
			for next := uint64(1); next <= entries; next++ {
				if m := reader.expect("message"); m.Seq != next {
					t.Fatalf("%s pausing: seq %d, want %d", name, m.Seq, next)
				}
				if pause > 0 && rand.IntN(pause) == 0 {
					time.Sleep(10 * time.Millisecond)
				}
			}
		}
	})
}

func TestWhoFallsBehindGetsThePresenceAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		slow := r.enter("slow")
		for i := range 40 { // each in a tick of its own: more of them than are kept
			r.enter(fmt.Sprint("p", i))
			time.Sleep(100 * time.Millisecond)
		}
		all := of("presence", slow.hears(3*time.Second))
		last := all[len(all)-1]
		if last.Count != 41 || len(all) < 40 && len(last.Online) != 41 {
			t.Errorf("%d frames, the last: %s", len(all), last.raw)
		}
	})
}

func TestWhoJoinedBeforeTheFirstEntryAndFellBehindGetsThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		slow := r.dialRaw("slow") // takes nothing until it is asked to
		slow.write(`{"type":"join","conversation":"lobby"}`)
		if opcode, err := slow.frame(); opcode != 1 || err != nil {
			t.Fatal("no joined", err)
		}
		ann := r.enter("ann")
		const entries = 3000
		text := strings.Repeat("x", 1000) // three times the ring
		for range entries {
			ann.send(text)
			ann.expect("ack")
		}
		for got := 0; got < entries; {
			opcode, err := slow.frame()
			if err != nil {
				t.Fatalf("after %d of %d entries: %v", got, entries, err)
			}
			if opcode == 1 {
				got++
			}
		}
	})
}

// The last user's leaving must not take the conversation's successor along.
func TestWhoJoinsAMomentAfterTheLastHasLeftGetsWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		ann, bob := r.enter("ann"), r.dial("bob", "")
		ann.say(`{"type":"leave","conversation":"lobby"}`)
		ann.expect("left")
		time.Sleep(5*time.Second + 20*time.Millisecond)
		bob.say(`{"type":"join","conversation":"lobby"}`)
		bob.expect("joined")
		time.Sleep(time.Second)
		ann.send("hi")
		ann.expect("ack")
		if got := of("message", bob.hears(time.Minute)); len(got) != 1 {
			t.Errorf("bob is in the lobby and got %d messages, want 1", len(got))
		}
	})
}

func TestWhoFellBehindTwiceIsToldOfPresenceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		slow := r.dialRaw("slow")
		slow.write(`{"type":"join","conversation":"lobby"}`)
		slow.text() // joined
		ann := r.enter("ann")
		crowd := func(prefix string) {
			for i := range 20 { // each in a tick of its own, more than are kept
				r.enter(fmt.Sprint(prefix, i))
				time.Sleep(100 * time.Millisecond)
			}
		}
		crowd("p")
		ann.send("hi")
		ann.expect("ack")
		time.Sleep(100 * time.Millisecond)
		slow.text() // what was stuck; the next write asks for the state anew, and is stuck in turn
		crowd("q")
		heard := make(chan string, 1000)
		go func() { // from here on it reads all at once; ends with the connection
			for {
				text, err := slow.text()
				if err != nil {
					return
				}
				heard <- text
			}
		}()
		time.Sleep(5 * time.Second)
		r.enter("late")
		time.Sleep(5 * time.Second)
		last := ""
		for len(heard) > 0 {
			last = <-heard
		}
		if !strings.Contains(last, `"user":"late"`) {
			t.Errorf("the last that it heard is %.200s", last)
		}
	})
}

func TestJoinsOfTheURLStopWhereTheRepliesAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, nil)
		stuck := r.dialRaw("x", strings.Repeat("&join=lobby", 2000)) // it has taken the welcome alone
		time.Sleep(time.Second)
		if n := r.env.Hub.Stats().Members; n > 1 {
			t.Errorf("%d members", n)
		}
		_ = stuck
		if n := r.env.Counters.Blocked.Load(); n == 0 {
			t.Error("a client that takes no replies was answered without bound")
		}
	})
}

// hung is a record whose disk does not answer until it is told to.
type hung struct {
	persistence.Record
	until chan struct{}
}

func (h *hung) Commit(turns []*persistence.AppendRequest) {
	<-h.until
	for _, t := range turns {
		for _, s := range t.Sends {
			s.Err = protocol.Unavailable("hung", time.Second)
		}
	}
}

func (h *hung) Tail(protocol.ConversationID) (persistence.Tail, error) {
	return persistence.Tail{}, nil
}

func TestACloseCodeComesWithin5sThoughTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &hung{until: make(chan struct{})}
		r := open(t, func(e *Env, _ *hub.Options) { e.Store = persistence.New(disk, nil, 10, e.Log) })
		ann := r.dial("ann", "")
		ann.send("hi")
		time.Sleep(time.Second)
		r.drain()
		ann.hears(5 * time.Second)
		if websocket.CloseStatus(ann.end) != websocket.StatusGoingAway {
			t.Errorf("got %v, want 1001", ann.end)
		}
		close(disk.until)
		if err := r.env.Store.Drain(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestAFullFrameOfASendThatWaitsForTheDiskIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &hung{until: make(chan struct{})}
		r := open(t, func(e *Env, _ *hub.Options) { e.Store = persistence.New(disk, nil, 10, e.Log) })
		ann := r.dial("ann", "")
		go func() { // ends when the disk has answered
			pad := strings.Repeat("p", 120_000)
			for range 40 {
				ann.say(`{"type":"send","conversation":"lobby","text":"x","pad":"` + pad + `"}`)
			}
		}()
		time.Sleep(time.Second)
		if n := r.env.Counters.Messages.Load(); n > maxInFlight/120_000+2 {
			t.Errorf("%d sends with frames of 120 kB are kept in memory, want about 1 MB of them", n)
		}
		close(disk.until)
		for range 40 {
			ann.expect("error")
		}
	})
}

func TestOneSessionFetchesFewBlocksHoweverOftenItJoins(t *testing.T) {
	r := open(t, nil)
	ann := r.dial("ann", "")
	ann.send("hi")
	ann.expect("ack")
	for range maxFetches {
		r.env.fetches.take(nil, nil) // the disk is slow
	}
	for range 500 {
		ann.say(`{"type":"join","conversation":"lobby","after":0}`)
		ann.expect("joined")
	}
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if n := bytes.Count(stacks, []byte("(*cursor).startFetch.func")); n > maxBlocks {
		t.Errorf("one session with one join has %d goroutines that fetch", n)
	}
	for range maxFetches {
		r.env.fetches.release()
	}
	if m := ann.expect("message"); m.Seq != 1 {
		t.Errorf("got %s", m.raw)
	}
}
