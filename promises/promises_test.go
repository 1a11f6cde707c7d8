package promises

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"verbatim/protocol"
)

func TestACorrectHistoryIsFoundCorrect(t *testing.T) {
	// What the contract allows: refused sends, a lost ack, a resend that is a duplicate and one that is not, a resume.
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
		record(record2(entry(3, "ann", "c3"), entry(4, "ann", "c4"), entry(5, "bob", "x1"))...).
		saw("bob#2", 6, "bob", "x2").saw("eve#1", 6, "bob", "x2").rest()
	// A session that joins before the first entry is told of no log, even if the reply comes after that entry.
	early := new(tale).open("ann#1").open("bob#1").open("eve#1").asks("eve#1", 0).join("bob#1", 0, 1, 0).
		send("ann#1", "c1").saw("bob#1", 1, "ann", "c1").open("joe#1").join("joe#1", 0, 1, 1).
		add(Event{Kind: Joined, Session: "eve#1", First: 1}).saw("eve#1", 1, "ann", "c1")
	if v := Check(early.events, Options{}); len(v) > 0 {
		t.Errorf("got %v, want no violation", v)
	}
	if v := Check(h.events, Options{}); len(v) > 0 {
		t.Errorf("got %v, want no violation", v)
	}
}

func TestIfOnlyRedisIsDisturbedClientsMustNoticeNothing(t *testing.T) {
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
	h := two().send("ann#1", "c3").send("ann#1", "c4").saw("bob#1", 4, "ann", "c4").record(record2()...).rest()
	for _, e := range h.events {
		first.Add(e)
	}
	again, err := Replay(&log, Options{})
	if err != nil || first.Err() != nil {
		t.Fatal(err, first.Err())
	}
	got, want := fmt.Sprint(again.Violations(), again.Counts()), fmt.Sprint(first.Violations(), first.Counts())
	if got != want || !first.Broken() {
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
	if n := c.Counts().Violations; n != 100 || len(c.Violations()) != maxExamples {
		t.Errorf("%d counted, %d kept, want 100 and %d", n, len(c.Violations()), maxExamples)
	}
}
