package promises

import (
	"fmt"
	"strings"

	"verbatim/protocol"
)

// tale is a made-up history in one conversation, lobby. Each method adds an event.
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

// user returns whose a session is: ann#2 is ann's.
func user(session string) protocol.UserID {
	name, _, _ := strings.Cut(session, "#")
	return protocol.UserID(name)
}

func at(seq protocol.Seq) string { return fmt.Sprintf("2026-11-24T12:00:00.%06dZ", seq) }

// entry returns an entry, whose text is its id.
func entry(seq protocol.Seq, author, id string) string {
	return fmt.Sprintf(`{"type":"message","conversation":"lobby","seq":%d,"id":"%s","from":"%s",`+
		`"time":"%s","text":"%s"}`, seq, id, author, at(seq), id)
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
	return t.add(Event{
		Kind: Ack, Session: session, ID: protocol.MessageID(id), Seq: seq, Time: at(seq), Sum: fmt.Sprint("sum", seq),
	})
}

func (t *tale) duplicate(session, id string, seq protocol.Seq) *tale {
	t.ack(session, id, seq)
	t.events[len(t.events)-1].Duplicate = true
	return t
}

func (t *tale) refuse(session, id string, code protocol.Code) *tale {
	return t.add(Event{Kind: Refused, Session: session, ID: protocol.MessageID(id), Code: code, Reason: "because"})
}

// asks is a join without its answer.
func (t *tale) asks(session string, after int64) *tale {
	return t.add(Event{Kind: Join, Session: session, After: after})
}

func (t *tale) join(session string, after int64, first, last protocol.Seq) *tale {
	return t.asks(session, after).add(Event{Kind: Joined, Session: session, Log: aLog, First: first, Last: last})
}

func (t *tale) saw(session string, seq protocol.Seq, author, id string) *tale {
	return t.add(Event{Kind: Saw, Session: session, Raw: entry(seq, author, id)})
}

func (t *tale) record(entries ...string) *tale {
	return t.add(Event{Kind: Record, Source: "the transcript", Log: aLog, Entries: entries})
}

func (t *tale) rest() *tale { return t.add(Event{Kind: Rest}) }

// two is the beginning of most tales: ann has sent c1 and c2, which were acked, and bob has seen them.
func two() *tale {
	return new(tale).open("ann#1").open("bob#1").join("bob#1", 0, 1, 0).
		send("ann#1", "c1").ack("ann#1", "c1", 1).send("ann#1", "c2").ack("ann#1", "c2", 2).
		saw("bob#1", 1, "ann", "c1").saw("bob#1", 2, "ann", "c2")
}

// record2 returns the record of two, and what follows it.
func record2(more ...string) []string {
	return append([]string{entry(1, "ann", "c1"), entry(2, "ann", "c2")}, more...)
}
