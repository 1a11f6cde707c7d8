package promises

import (
	"strings"
	"testing"

	"verbatim/protocol"
)

// breach is a history that breaks one rule, and the violation that must be found in it.
type breach struct {
	what    string
	history *tale
	says    string // a part of the violation
}

// check checks that each history has the violation of that promise.
func check(t *testing.T, promise int, rows []breach) {
	t.Helper()
	for _, row := range rows {
		got := Check(row.history.events, Options{})
		found := false
		for _, v := range got {
			found = found || v.Promise == promise && strings.Contains(v.What, row.says)
		}
		if !found {
			t.Errorf("%s: got %v, want promise %d: …%s…", row.what, got, promise, row.says)
		}
	}
}

func TestAnAckedMessageThatIsNotOnTheRecordBreaksPromise1(t *testing.T) {
	otherText := strings.Replace(entry(1, "ann", "c1"), `"text":"c1"`, `"text":"no"`, 1)
	otherTime := strings.Replace(entry(2, "ann", "c2"), at(2), at(7), 1)
	check(t, 1, []breach{
		{"acked, and the record ends before it",
			two().record(entry(1, "ann", "c1")),
			"ends at seq 1, and 2 was acked"},
		{"acked before the record was read, and it ends before it",
			two().add(Event{Kind: Look, Source: "the transcript"}).send("ann#1", "c3").ack("ann#1", "c3", 3).
				record(entry(1, "ann", "c1")),
			"ends at seq 1, and 2 was acked"},
		{"acked, and another stands there",
			two().send("bob#1", "x").record(entry(1, "ann", "c1"), entry(2, "bob", "x")),
			"bob/x at seq 2, where ann/c2 was acked"},
		{"acked, and a later join is told of less",
			two().open("eve#1").join("eve#1", 0, 1, 1),
			"last 1, and seq 2 was acked"},
		{"acked with one sum and then with another",
			two().send("ann#1", "c2").
				add(Event{Kind: Ack, Session: "ann#1", ID: "c2", Seq: 2, Time: at(2), Sum: "other", Duplicate: true}),
			"with the sum sum2 and with other"},
		{"acked, and recorded with another time",
			two().record(entry(1, "ann", "c1"), otherTime),
			"with the time"},
		{"acked, and recorded with another text",
			new(tale).open("ann#1").send("ann#1", "c1").ack("ann#1", "c1", 1).record(otherText),
			"the text"},
		{"the record has another log",
			two().add(Event{Kind: Record, Source: "the transcript", Log: anotherLog, Entries: record2()}),
			"everything up to seq 2 is gone"},
		{"a join says another log",
			two().open("eve#1").asks("eve#1", -1).
				add(Event{Kind: Joined, Session: "eve#1", Log: anotherLog, First: 1, Last: 2}),
			"everything up to seq 2 is gone"},
		{"a line that cannot be read",
			two().record(entry(1, "ann", "c1"), entry(2, "ann", "c2")[:50]),
			"cannot be read"},
	})
}

func TestAnEntryThatWasSeenAndIsGoneBreaksPromise2(t *testing.T) {
	otherBytes := strings.Replace(entry(2, "ann", "c2"), `"text"`, `"meta":{},"text"`, 1)
	check(t, 2, []breach{
		{"seen without an ack, and the record ends before it",
			two().send("ann#1", "c3").saw("bob#1", 3, "ann", "c3").record(record2()...),
			"ends at seq 2, and 3 was seen"},
		{"seen without an ack, and after a crash another stands there",
			two().send("ann#1", "c3").send("bob#1", "x").saw("bob#1", 3, "ann", "c3").cut("bob#1").
				open("bob#2").join("bob#2", 2, 3, 3).saw("bob#2", 3, "bob", "x"),
			"bob/x at seq 3, where ann/c3 was seen"},
		{"seen without an ack, and a later join is told of less",
			two().send("ann#1", "c3").saw("bob#1", 3, "ann", "c3").open("eve#1").join("eve#1", 0, 1, 2),
			"last 2, and seq 3 was seen"},
		{"seen, and its bytes are others later",
			two().record(entry(1, "ann", "c1"), otherBytes),
			"it was"},
		{"seen, and sent by nobody",
			two().saw("bob#1", 3, "ann", "c3"),
			"what nobody sent"},
	})
}

func TestAnotherOrderBreaksPromise3(t *testing.T) {
	check(t, 3, []breach{
		{"a gap",
			two().send("ann#1", "c3").send("ann#1", "c4").saw("bob#1", 4, "ann", "c4"),
			"seq 4 after 2: a gap"},
		{"a repeat",
			two().saw("bob#1", 2, "ann", "c2"),
			"seq 2 again"},
		{"two sessions see two orders",
			two().send("ann#1", "c3").send("ann#1", "c4").open("eve#1").join("eve#1", 2, 3, 2).
				saw("bob#1", 3, "ann", "c3").saw("bob#1", 4, "ann", "c4").saw("eve#1", 3, "ann", "c4"),
			"ann/c4 at seq 3, where ann/c3 stood; it stood at 4"},
		{"acked before it was sent, and yet behind it",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c4", 4).cut("ann#1").open("ann#2").
				send("bob#1", "x").ack("bob#1", "x", 3),
			"bob/x at seq 3, and seq 4 was acked or seen before it was sent"},
		{"acks in another order than the sends",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c4", 3).ack("ann#1", "c3", 4),
			"after that of one that it sent later"},
		{"seqs in another order than the sends",
			two().send("ann#1", "c3").send("ann#1", "c4").ack("ann#1", "c3", 4).ack("ann#1", "c4", 3),
			"what it sent before at 4"},
		{"the record leaves a seq out",
			two().record(entry(1, "ann", "c1"), entry(3, "ann", "c2")),
			"seq 3 where 2 was due"},
	})
}

func TestASendThatIsDoubledOrRefusedForNoReasonBreaksPromise4(t *testing.T) {
	check(t, 4, []breach{
		{"recorded twice",
			two().record(record2(entry(3, "ann", "c2"))...),
			"ann/c2 at seq 2 and at 3"},
		{"seen at two places",
			two().saw("bob#1", 3, "ann", "c2"),
			"it stands at 2 too"},
		{"sent again and acked as new",
			two().send("ann#1", "c2").ack("ann#1", "c2", 2),
			"neither ack says duplicate"},
		{"sent again and acked at another place",
			two().send("ann#1", "c2").duplicate("ann#1", "c2", 3),
			"it stands at 2 too"},
		{"sent once and acked as a duplicate",
			two().send("ann#1", "c3").duplicate("ann#1", "c3", 3),
			"it was sent once"},
		{"a conflict with itself",
			two().send("ann#1", "c2").refuse("ann#1", "c2", protocol.CodeConflict),
			"conflict"},
		{"refused, and yet there",
			two().send("ann#1", "c3", "c9").refuse("ann#1", "c3", protocol.CodeOutOfOrder).
				record(record2(entry(3, "ann", "c3"))...),
			"each of its 1 sendings was refused"},
		{"out of order, and its prev was acked",
			two().send("ann#1", "c3", "c2").refuse("ann#1", "c3", protocol.CodeOutOfOrder),
			`its prev "c2" was acked`},
		{"out of order, and it had no prev",
			two().send("ann#1", "c3").refuse("ann#1", "c3", protocol.CodeOutOfOrder),
			`its prev "" was acked`},
		{"recorded without its prev",
			two().send("ann#1", "c3", "c2").send("ann#1", "c4", "c3").record(record2(entry(3, "ann", "c4"))...),
			"its prev c3 is not before it"},
	})
}

func TestAResumeThatIsNotExactBreaksPromise5(t *testing.T) {
	check(t, 5, []breach{
		{"a resume that says another first",
			two().open("eve#1").join("eve#1", 1, 1, 2),
			"resumed after 1, and the join says first 1"},
		{"a resume that begins elsewhere",
			two().open("eve#1").join("eve#1", 0, 1, 2).saw("eve#1", 2, "ann", "c2"),
			"resumed after 0 and got seq 2 first"},
		{"a resume that is refused",
			two().open("eve#1").asks("eve#1", 2).refuse("eve#1", "", protocol.CodeReset),
			"could not join or resume: reset"},
		{"a reader that never gets the last one",
			two().send("ann#1", "c3").ack("ann#1", "c3", 3).rest(),
			"up to seq 2 and nothing more, and there are 3"},
	})
}

func TestAReaderThatIsDroppedBreaksPromise6(t *testing.T) {
	check(t, 6, []breach{
		{"without a reason", two().add(Event{Kind: Lost, Session: "bob#1"}), "bob#1 was dropped"},
	})
}

func TestOtherBreachesOfTheContractAreFound(t *testing.T) {
	check(t, 0, []breach{
		{"an entry of a conversation that was not joined",
			two().open("eve#1").saw("eve#1", 1, "ann", "c1"),
			"without a join"},
		{"an entry after leave",
			two().add(Event{Kind: Left, Session: "bob#1"}).saw("bob#1", 3, "ann", "c2"),
			"without a join"},
		{"an entry that is none",
			two().add(Event{Kind: Saw, Session: "bob#1", Raw: "{}"}),
			"cannot be read"},
		{"a join that nobody asked for",
			two().add(Event{Kind: Joined, Session: "ann#1", Log: aLog, First: 1, Last: 2}),
			"ann#1 was joined unasked"},
		{"a send without a reply",
			two().send("ann#1", "c3").rest(),
			"there is no reply"},
		{"a join without a reply",
			two().asks("ann#1", 0).rest(),
			"has no reply"},
		{"an ack of nothing",
			two().ack("ann#1", "c2", 2),
			"ack of c2, which it did not send, or had a reply to"},
		{"an error for nothing",
			two().refuse("ann#1", "c2", protocol.CodeUnavailable),
			"unavailable for c2, which it did not send, or had a reply to"},
		{"refused what is allowed",
			two().send("ann#1", "c3").refuse("ann#1", "c3", protocol.CodeForbidden),
			"forbidden"},
		{"an entry that is older than the one before",
			two().send("ann#1", "c3").add(Event{Kind: Ack, Session: "ann#1", ID: "c3", Seq: 3, Time: at(0)}),
			"of the one before: time goes back"},
		{"an entry that is newer than the one after",
			two().send("ann#1", "c3").send("bob#1", "x").ack("bob#1", "x", 4).
				add(Event{Kind: Ack, Session: "ann#1", ID: "c3", Seq: 3, Time: at(9)}),
			"of the one after: time goes back"},
	})
}

func TestAHistoryThatIsNoneIsFound(t *testing.T) {
	check(t, 0, []breach{
		{"one message with two texts",
			two().add(Event{Kind: Send, Session: "ann#1", ID: "c2", Text: "another"}),
			"sent ann/c2 twice with other texts"},
		{"one message with two prevs",
			two().send("ann#1", "c2", "c1"),
			"sent ann/c2 twice with other texts or prevs"},
		{"a session that begins twice",
			two().open("bob#1"),
			"bob#1 began twice"},
		{"an event of a session that is not open",
			two().cut("bob#1").saw("bob#1", 3, "ann", "c2"),
			`the session "bob#1", which is not open`},
		{"an event of an unknown kind",
			two().add(Event{Kind: "sing", Session: "bob#1"}),
			`the unknown kind "sing"`},
	})
}
