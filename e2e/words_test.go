package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// What frames are recognized by.

func ofType(kind string) func(frame) bool { return func(f frame) bool { return f.Type == kind } }

func in(kind, conversation string) func(frame) bool {
	return func(f frame) bool { return f.Type == kind && f.Conversation == conversation }
}

func about(kind, conversation, user string) func(frame) bool {
	return func(f frame) bool { return f.Type == kind && f.Conversation == conversation && f.User == user }
}

func presence(event, conversation, user string) func(frame) bool {
	return func(f frame) bool {
		return f.Type == "presence" && f.Conversation == conversation && f.User == user && f.Event == event
	}
}

// later is what came after another frame did.
func later(than frame, is func(frame) bool) func(frame) bool {
	return func(f frame) bool { return f.at > than.at && is(f) }
}

// What a user does.

// join joins and returns the `joined`; fields are further ones, as `,"limit":5`.
func (c *client) join(conversation string, fields ...string) frame {
	c.t.Helper()
	f := c.ask(`{"type":"join","conversation":"%s"%s}`, conversation, joinFields(fields))
	if f.Type != "joined" || f.Conversation != conversation {
		c.t.Fatalf("join %s%v: got %s, want joined", conversation, fields, f)
	}
	return f
}

func joinFields(fields []string) string {
	all := ""
	for _, f := range fields {
		all += "," + f
	}
	return all
}

// send puts a message on the record and returns its ack.
func (c *client) send(conversation, id, text string, fields ...string) frame {
	c.t.Helper()
	f := c.trySend(conversation, id, text, fields...)
	if f.Type != "ack" || f.ID != id {
		c.t.Fatalf("send %s to %s: got %s, want its ack", id, conversation, f)
	}
	return f
}

// trySend sends and returns the reply, whatever it is. An empty id is left out.
func (c *client) trySend(conversation, id, text string, fields ...string) frame {
	c.t.Helper()
	if id != "" {
		fields = append([]string{fmt.Sprintf(`"id":%s`, quoted(id))}, fields...)
	}
	return c.ask(`{"type":"send","conversation":"%s","text":%s%s}`, conversation, quoted(text), joinFields(fields))
}

// sendMany sends n numbered messages without waiting for each, then waits for all acks. Ids are prefix-1, prefix-2, …
func (c *client) sendMany(conversation, prefix string, n int) (last frame) {
	c.t.Helper()
	for i := 1; i <= n; i++ {
		c.say(`{"type":"send","conversation":"%s","id":"%s-%d","text":"%s number %d"}`, conversation, prefix, i, prefix,
			i)
	}
	for i := 1; i <= n; i++ {
		id := fmt.Sprintf("%s-%d", prefix, i)
		last = c.expect("the ack of "+id, func(f frame) bool {
			return (f.Type == "ack" || f.Type == "error") && f.Conversation == conversation && f.ID == id
		})
		if last.Type != "ack" {
			c.t.Fatalf("send %s: %s", id, last)
		}
	}
	return last
}

// messages waits for the entries from..to of a conversation: in order, with no gap and no repeat.
func (c *client) messages(conversation string, from, to int) []frame {
	c.t.Helper()
	var got []frame
	for seq := from; seq <= to; seq++ {
		f := c.expect(fmt.Sprintf("seq %d of %s", seq, conversation), in("message", conversation))
		if f.Seq != seq {
			c.t.Fatalf("%s in %s: got seq %d, want %d: %s", c.name, conversation, f.Seq, seq, f)
		}
		got = append(got, f)
	}
	return got
}

// refused wants an error of that code and returns it.
func (c *client) refused(code, format string, args ...any) frame {
	c.t.Helper()
	f := c.ask(format, args...)
	wantError(c.t, f, code)
	return f
}

func wantError(t testing.TB, f frame, code string) {
	t.Helper()
	if f.Type != "error" || f.Code != code {
		t.Fatalf("got %s, want error %s", f, code)
	}
	if f.Reason == "" {
		t.Errorf("error %s has no reason for a person: %s", code, f)
	}
}

// history asks for a page; fields as `"before":5`.
func (c *client) history(conversation string, fields ...string) page {
	c.t.Helper()
	f := c.ask(`{"type":"history","conversation":"%s"%s}`, conversation, joinFields(fields))
	if f.Type != "history" {
		c.t.Fatalf("history of %s %v: got %s", conversation, fields, f)
	}
	return pageOf(c.t, f.Messages, f.More)
}

// page is a page of entries, from either door.
type page struct {
	entries []frame
	more    bool
}

func pageOf(t testing.TB, raw []json.RawMessage, more bool) page {
	t.Helper()
	p := page{more: more}
	for _, r := range raw {
		f, err := parseFrame(r)
		if err != nil {
			t.Errorf("an entry against the contract: %v: %s", err, f)
		}
		p.entries = append(p.entries, f)
	}
	return p
}

// wantSeqs wants exactly from..to, ascending (nothing where to < from), and that `more`.
func (p page) wantSeqs(t testing.TB, what string, from, to int, more bool) {
	t.Helper()
	var got []int
	ok := len(p.entries) == max(0, to-from+1)
	for i, f := range p.entries {
		got = append(got, f.Seq)
		ok = ok && f.Seq == from+i
	}
	if !ok {
		t.Errorf("%s: got seqs %v, want %d to %d", what, got, from, to)
	}
	if p.more != more {
		t.Errorf("%s: got more=%v, want %v", what, p.more, more)
	}
}

// quoted is a text as a JSON string, nothing escaped that need not be.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// parsed is a time of the contract.
func parsed(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatalf("time %q: %v", s, err)
	}
	return at
}
