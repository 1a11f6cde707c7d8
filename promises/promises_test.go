package promises

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"verbatim/protocol"
)

// tale is a made-up history in one conversation, lobby; each method adds an event.
type tale struct{ events []Event }

const (
	aLog       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	anotherLog = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func (t *tale) add(e Event) *tale {
	e.Conversation = "lobby"
	t.events = append(t.events, e)
	return t
}

// user is who a session is: ann#2 is ann's.
func user(session string) protocol.UserID {
	name, _, _ := strings.Cut(session, "#")
	return protocol.UserID(name)
}

func at(seq protocol.Seq) string { return fmt.Sprintf("2026-11-24T12:00:00.%06dZ", seq) }

// entry is ann/c1 at seq 5, say: its text is its id.
func entry(seq protocol.Seq, author, id string) string {
	return fmt.Sprintf(`{"type":"message","conversation":"lobby","seq":%d,"id":"%s","from":"%s","time":"%s","text":"%s"}`, seq, id, author, at(seq), id)
}

func (t *tale) open(session string) *tale {
	return t.add(Event{Kind: Open, Session: session, User: user(session)})
}

func (t *tale) cut(session string) *tale {
	return t.add(Event{Kind: Lost, Session: session, Reason: "a drill killed the server"})
}

func (t *tale) send(session, id string, prev ...protocol.MessageID) *tale {
	e := Event{Kind: Send, Session: session, ID: protocol.MessageID(id), Text: id}
	if len(prev) > 0 {
		e.Prev = prev[0]
	}
	return t.add(e)
}

func (t *tale) ack(session, id string, seq protocol.Seq) *tale {
	return t.add(Event{Kind: Ack, Session: session, ID: protocol.MessageID(id), Seq: seq, Time: at(seq), Sum: fmt.Sprint("sum", seq)})
}

func (t *tale) duplicate(session, id string, seq protocol.Seq) *tale {
	t.ack(session, id, seq)
	t.events[len(t.events)-1].Duplicate = true
	return t
}

func (t *tale) refuse(session, id string, code protocol.Code) *tale {
	return t.add(Event{Kind: Refused, Session: session, ID: protocol.MessageID(id), Code: code, Reason: "because"})
}

func (t *tale) join(session string, after int64, first, last protocol.Seq) *tale {
	return t.add(Event{Kind: Join, Session: session, After: after}).add(Event{Kind: Joined, Session: session, Log: aLog, First: first, Last: last})
}

func (t *tale) saw(session string, seq protocol.Seq, author, id string) *tale {
	return t.add(Event{Kind: Saw, Session: session, Raw: entry(seq, author, id)})
}

func (t *tale) record(entries ...string) *tale {
	return t.add(Event{Kind: Record, Source: "the transcript", Log: aLog, Entries: entries})
}

func (t *tale) rest() *tale { return t.add(Event{Kind: Rest}) }

// two is how most tales begin: ann has sent c1 and c2, which were acked, and bob has seen them.
func two() *tale {
	return new(tale).open("ann#1").open("bob#1").join("bob#1", 0, 1, 0).
		send("ann#1", "c1").ack("ann#1", "c1", 1).send("ann#1", "c2").ack("ann#1", "c2", 2).
		saw("bob#1", 1, "ann", "c1").saw("bob#1", 2, "ann", "c2")
}

func record2() []string { return []string{entry(1, "ann", "c1"), entry(2, "ann", "c2")} }

func TestACorrectHistoryIsFoundCorrect(t *testing.T) {
	// Whatever the contract allows: a refused send, an ack that is lost, a resend that is one and one that is not, a resume.
	h := two().
		send("ann#1", "c3", "c2").refuse("ann#1", "c3", protocol.CodeUnavailable).
		send("ann#1", "c4", "c3").refuse("ann#1", "c4", protocol.CodeOutOfOrder).
		send("ann#1", "c3", "c2").send("ann#1", "c4", "c3").
		cut("ann#1").cut("bob#1").
		open("ann#2").send("ann#2", "c3", "c2").duplicate("ann#2", "c3", 3).
		send("ann#2", "c4", "c3").ack("ann#2", "c4", 4).
		open("bob#2").join("bob#2", 2, 3, 4).saw("bob#2", 3, "ann", "c3").
		send("bob#2", "x1").saw("bob#2", 4, "ann", "c4").saw("bob#2", 5, "bob", "x1").ack("bob#2", "x1", 5).
		open("eve#1").join("eve#1", -1, 4, 5).saw("eve#1", 4, "ann", "c4").saw("eve#1", 5, "bob", "x1").
		add(Event{Kind: Look, Source: "the transcript"}).send("bob#2", "x2").ack("bob#2", "x2", 6).
		record(entry(1, "ann", "c1"), entry(2, "ann", "c2"), entry(3, "ann", "c3"), entry(4, "ann", "c4"), entry(5, "bob", "x1")).
		saw("bob#2", 6, "bob", "x2").saw("eve#1", 6, "bob", "x2").rest()
	// And who joins before the first entry is told of no log, however late it hears that.
	early := new(tale).open("ann#1").open("bob#1").open("eve#1").add(Event{Kind: Join, Session: "eve#1", After: 0}).join("bob#1", 0, 1, 0).
		send("ann#1", "c1").saw("bob#1", 1, "ann", "c1").open("joe#1").join("joe#1", 0, 1, 1).add(Event{Kind: Joined, Session: "eve#1", First: 1}).
		saw("eve#1", 1, "ann", "c1")
	if v := Check(early.events, Options{}); len(v) > 0 {
		t.Errorf("got %v, want no violation", v)
	}
	if v := Check(h.events, Options{}); len(v) > 0 {
		t.Errorf("got %v, want no violation", v)
	}
}

func TestEachWayToBreakAPromiseIsFoundAndNamed(t *testing.T) {
	for _, row := range []struct {
		what    string
		h       *tale
		promise int
		says    string
	}{
		{"acked, and the record ends before it",
			two().record(entry(1, "ann", "c1")), 1, "ends at seq 1, and 2 was acked"},
		{"acked, and another stands there",
			two().send("bob#1", "x").record(entry(1, "ann", "c1"), entry(2, "bob", "x")), 1, "bob/x at seq 2, where ann/c2 was acked"},
		{"acked, and who joins later is told of less",
			two().open("eve#1").join("eve#1", 0, 1, 1), 1, "last 1, and seq 2 was acked"},
		{"acked with one sum and then with another",
			two().send("ann#1", "c2").add(Event{Kind: Ack, Session: "ann#1", ID: "c2", Seq: 2, Time: at(2), Sum: "other", Duplicate: true}), 1, "with the sum sum2 and with other"},
		{"acked, and recorded with another time",
			two().record(entry(1, "ann", "c1"), strings.Replace(entry(2, "ann", "c2"), at(2), at(7), 1)), 1, "with the time"},
		{"acked, and recorded with another text",
			new(tale).open("ann#1").send("ann#1", "c1").ack("ann#1", "c1", 1).record(strings.Replace(entry(1, "ann", "c1"), `"text":"c1"`, `"text":"no"`, 1)), 1, "the text"},
		{"the log is another one",
			two().add(Event{Kind: Record, Source: "the transcript", Log: anotherLog, Entries: record2()}), 1, "everything up to seq 2 is gone"},
		{"a line that cannot be read",
			two().record(entry(1, "ann", "c1"), entry(2, "ann", "c2")[:50]), 1, "cannot be read"},

		{"seen without an ack, and the record ends before it",
			two().send("ann#1", "c3").saw("bob#1", 3, "ann", "c3").record(record2()...), 2, "ends at seq 2, and 3 was seen"},
		{"seen without an ack, and after a crash another stands there",
			two().send("ann#1", "c3").send("bob#1", "x").saw("bob#1", 3, "ann", "c3").cut("bob#1").open("bob#2").join("bob#2", 2, 3, 3).saw("bob#2", 3, "bob", "x"),
			2, "bob/x at seq 3, where ann/c3 was seen"},
		{"seen without an ack, and who joins later is told of less",
			two().send("ann#1", "c3").saw("bob#1", 3, "ann", "c3").open("eve#1").join("eve#1", 0, 1, 2), 2, "last 2, and seq 3 was seen"},
		{"seen, and its bytes are others later",
			two().record(entry(1, "ann", "c1"), strings.Replace(entry(2, "ann", "c2"), `"text"`, `"meta":{},"text"`, 1)), 2, "it was"},
		{"seen, and sent by nobody",
			two().saw("bob#1", 3, "ann", "c3"), 2, "what nobody sent"},

		{"a gap",
			two().send("ann#1", "c3").send("ann#1", "c4").saw("bob#1", 4, "ann", "c4"), 3, "seq 4 after 2: a gap"},
		{"a repeat",
			two().saw("bob#1", 2, "ann", "c2"), 3, "seq 2 again"},
		{"two sessions see two orders",
			two().send("ann#1", "c3").send("ann#1", "c4").open("eve#1").join("eve#1", 2, 3, 2).
				saw("bob#1", 3, "ann", "c3").saw("bob#1", 4, "ann", "c4").saw("eve#1", 3, "ann", "c4"), 3, "ann/c4 at seq 3, where ann/c3 stood; it stood at 4"},
		{"acked before it was sent, and yet behind it",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c4", 4).cut("ann#1").open("ann#2").
				send("bob#1", "x").ack("bob#1", "x", 3), 3, "bob/x at seq 3, and seq 4 was acked or seen before it was sent"},
		{"acks in another order than the sends",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c4", 3).ack("ann#1", "c3", 4), 3, "after that of one that it sent later"},
		{"seqs in another order than the sends",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c3", 4).ack("ann#1", "c4", 3), 3, "what it sent before at 4"},
		{"the record leaves a seq out",
			two().record(entry(1, "ann", "c1"), entry(3, "ann", "c2")), 3, "seq 3 where 2 was due"},

		{"recorded twice",
			two().record(entry(1, "ann", "c1"), entry(2, "ann", "c2"), entry(3, "ann", "c2")), 4, "ann/c2 at seq 2 and at 3"},
		{"seen at two places",
			two().saw("bob#1", 3, "ann", "c2"), 4, "it stands at 2 too"},
		{"sent again and acked as new",
			two().send("ann#1", "c2").ack("ann#1", "c2", 2), 4, "neither ack says duplicate"},
		{"sent again and acked at another place",
			two().send("ann#1", "c2").duplicate("ann#1", "c2", 3), 4, "it stands at 2 too"},
		{"sent once and acked as a duplicate",
			two().send("ann#1", "c3").duplicate("ann#1", "c3", 3), 4, "it was sent once"},
		{"a conflict with itself",
			two().send("ann#1", "c2").refuse("ann#1", "c2", protocol.CodeConflict), 4, "conflict"},
		{"refused, and yet there",
			two().send("ann#1", "c3", "c9").refuse("ann#1", "c3", protocol.CodeOutOfOrder).record(append(record2(), entry(3, "ann", "c3"))...), 4, "each of its 1 sendings was refused"},
		{"out of order, and its prev was acked",
			two().send("ann#1", "c3", "c2").refuse("ann#1", "c3", protocol.CodeOutOfOrder), 4, "its prev \"c2\" was acked"},
		{"recorded without its prev",
			two().send("ann#1", "c3", "c2").send("ann#1", "c4", "c3").record(append(record2(), entry(3, "ann", "c4"))...), 4, "its prev c3 is not before it"},

		{"a resume that says another first",
			two().open("eve#1").join("eve#1", 1, 1, 2), 5, "resumed after 1, and the join says first 1"},
		{"a resume that begins elsewhere",
			two().open("eve#1").join("eve#1", 0, 1, 2).saw("eve#1", 2, "ann", "c2"), 5, "resumed after 0 and got seq 2 first"},
		{"a resume that is refused",
			two().open("eve#1").add(Event{Kind: Join, Session: "eve#1", After: 2}).refuse("eve#1", "", protocol.CodeReset), 5, "could not join or resume: reset"},
		{"a reader that never gets the last one",
			two().send("ann#1", "c3").ack("ann#1", "c3", 3).rest(), 5, "up to seq 2 and nothing more, and there are 3"},

		{"a reader that is dropped",
			two().add(Event{Kind: Lost, Session: "bob#1"}), 6, "bob#1 was dropped"},

		{"an entry of what was not joined",
			two().open("eve#1").saw("eve#1", 1, "ann", "c1"), 0, "without a join"},
		{"an entry after leave",
			two().add(Event{Kind: Left, Session: "bob#1"}).saw("bob#1", 3, "ann", "c2"), 0, "without a join"},
		{"a send without a reply",
			two().send("ann#1", "c3").rest(), 0, "there is no reply"},
		{"a join without a reply",
			two().add(Event{Kind: Join, Session: "ann#1", After: 0}).rest(), 0, "has no reply"},
		{"an ack of nothing",
			two().ack("ann#1", "c2", 2), 0, "did not send, or had a reply to"},
		{"refused what is allowed",
			two().send("ann#1", "c3").refuse("ann#1", "c3", protocol.CodeForbidden), 0, "forbidden"},
		{"time goes back",
			two().send("ann#1", "c3").add(Event{Kind: Ack, Session: "ann#1", ID: "c3", Seq: 3, Time: at(0)}), 0, "time goes back"},
		{"an entry that is none",
			two().add(Event{Kind: Saw, Session: "bob#1", Raw: "{}"}), 0, "cannot be read"},
	} {
		got := Check(row.h.events, Options{})
		found := false
		for _, v := range got {
			found = found || v.Promise == row.promise && strings.Contains(v.What, row.says)
		}
		if !found {
			t.Errorf("%s: got %v, want promise %d: …%s…", row.what, got, row.promise, row.says)
		}
	}
}

func TestWhereNothingButRedisIsDisturbedNobodyMayNotice(t *testing.T) {
	for what, h := range map[string]*tale{
		"a refusal":      two().send("ann#1", "c3").refuse("ann#1", "c3", protocol.CodeUnavailable),
		"a lost session": two().add(Event{Kind: Lost, Session: "bob#1"}),
	} {
		if v := Check(h.events, Options{Undisturbed: true}); len(v) != 1 || v[0].Promise != 8 {
			t.Errorf("%s: got %v, want one violation of promise 8", what, v)
		}
	}
}

func TestAHistoryThatWasWrittenDownIsDecidedAgainTheSameWay(t *testing.T) {
	var log bytes.Buffer
	first := New(Options{Log: &log})
	for _, e := range two().send("ann#1", "c3").send("ann#1", "c4").saw("bob#1", 4, "ann", "c4").record(record2()...).rest().events {
		first.Add(e)
	}
	again, err := Replay(&log, Options{})
	if err != nil || first.Err() != nil {
		t.Fatal(err, first.Err())
	}
	if got, want := fmt.Sprint(again.Violations(), again.Counts()), fmt.Sprint(first.Violations(), first.Counts()); got != want || !first.Broken() {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := Replay(strings.NewReader(`{"kind":"open"}{"kind":`), Options{}); err == nil {
		t.Error("a log that breaks off was taken")
	}
}

func TestWhatIsDueGoesDownToNothingAndReceiptsAreTheNewestAcks(t *testing.T) {
	c := New(Options{})
	for _, e := range two().send("ann#1", "c3").events {
		c.Add(e)
	}
	if n := c.Due(); n != 1 {
		t.Errorf("%d due, want the ack of c3 alone", n)
	}
	for _, e := range new(tale).ack("ann#1", "c3", 3).events {
		c.Add(e)
	}
	if n := c.Due(); n != 1 {
		t.Errorf("%d due, want seq 3 at bob alone", n)
	}
	for _, e := range new(tale).saw("bob#1", 3, "ann", "c3").events {
		c.Add(e)
	}
	if n := c.Due(); n != 0 || c.Broken() {
		t.Errorf("%d due, want nothing: %v", n, c.Violations())
	}
	if got := fmt.Sprint(c.Receipts(), c.Conversations(), c.High("lobby")); got != "[lobby:3:sum3] [lobby] 3" {
		t.Errorf("got %s", got)
	}
}

func TestOfManyViolationsAllAreCountedAndTheFirstAreKept(t *testing.T) {
	h := two()
	for range 100 {
		h.saw("bob#1", 2, "ann", "c2")
	}
	c := New(Options{})
	for _, e := range h.events {
		c.Add(e)
	}
	if n := c.Counts().Violations; n != 100 || len(c.Violations()) != examples {
		t.Errorf("%d counted, %d kept, want 100 and %d", n, len(c.Violations()), examples)
	}
}
