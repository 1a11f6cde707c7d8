package client

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// call is a request whose reply somebody waits for. It is asked anew on each connection until it is answered.
type call struct {
	ref     string
	frame   []byte
	written bool        // on this connection; guarded by Client.mu
	done    chan answer // capacity 1
}

type answer struct {
	reply reply
	err   error
}

// ask waits for a request's reply, until ctx ends.
func (c *Client) ask(ctx context.Context, frame []byte) (reply, error) {
	a := &call{done: make(chan answer, 1)}
	c.mu.Lock()
	if isClosed(c.closing) || isClosed(c.ended) {
		c.mu.Unlock()
		return reply{}, ErrClosed
	}
	a.ref = strconv.FormatUint(c.nextRef(), 10)
	a.frame = append(append(append(frame, `,"ref":"`...), a.ref...), `"}`...)
	c.calls = append(c.calls, a)
	c.mu.Unlock()
	c.wakeWriter()
	defer c.forget(a)
	select {
	case got := <-a.done:
		return got.reply, got.err
	case <-ctx.Done():
		return reply{}, ctx.Err()
	case <-c.ended:
		return reply{}, ErrClosed
	}
}

func (c *Client) forget(a *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = slices.DeleteFunc(c.calls, func(b *call) bool { return a == b })
}

// answer gives a reply to whom it is for; false where it is for nobody here.
func (c *Client) answer(r *reply, err *protocol.Error) bool {
	c.mu.Lock()
	i := slices.IndexFunc(c.calls, func(a *call) bool { return a.ref == r.Ref && a.written })
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	a := c.calls[i]
	c.calls = slices.Delete(c.calls, i, i+1)
	c.mu.Unlock()
	got := answer{reply: *r}
	if err != nil { // a nil *protocol.Error is no nil error
		got.err = err
	}
	a.done <- got
	return true
}

// Page is what History asks for: the newest entries, or those above After, below Before.
type Page struct {
	Conversation  protocol.ConversationID
	After, Before protocol.Number
	Limit         int // 0: 50
}

// History gives one page of entries, ascending, and whether there are more in the direction asked for. It waits until
// ctx ends, over reconnects. Entries of a type that this client does not know are among them, with Seq alone set.
// Not to be called from the Handler.
func (c *Client) History(ctx context.Context, p Page) (entries []protocol.Message, more bool, err error) {
	if !p.Conversation.Valid() {
		return nil, false, protocol.InvalidConversation(string(p.Conversation))
	}
	frame := appendConversation([]byte(`{"type":"history"`), p.Conversation)
	for name, n := range map[string]protocol.Number{"after": p.After, "before": p.Before, "limit": {Value: uint64(max(p.Limit, 0)), Set: p.Limit > 0}} {
		if n.Set {
			frame = strconv.AppendUint(append(append(append(frame, `,"`...), name...), `":`...), n.Value, 10)
		}
	}
	r, err := c.ask(ctx, frame)
	if err != nil {
		return nil, false, err
	}
	for _, wire := range r.Messages {
		if kind, _, _ := head(wire); string(kind) != "message" {
			seq, _ := protocol.EntrySeq(wire)
			entries = append(entries, protocol.Message{Conversation: p.Conversation, Seq: seq})
			continue
		}
		m, err := protocol.ParseMessage(wire)
		if err != nil {
			return nil, false, err
		}
		entries = append(entries, m)
	}
	return entries, r.More, nil
}

// Ping waits, until ctx ends, until the server has answered; over reconnects. Not to be called from the Handler.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.ask(ctx, []byte(`{"type":"ping"`))
	return err
}

// Stats are what a client has counted since it was made.
type Stats struct {
	Entries     uint64 // delivered
	Unknown     uint64 // entries of types that this client does not know, passed over
	Reconnects  uint64 // welcomes after the first
	Disconnects uint64 // connections that ended or could not be made
	PutOff      uint64 // answers `unavailable` to sends, which were sent again
	Violations  uint64
}

type stats struct{ entries, unknown, reconnects, disconnects, putOff, violations atomic.Uint64 }

// Stats may be called at any time.
func (c *Client) Stats() Stats {
	s := &c.stats
	return Stats{
		Entries: s.entries.Load(), Unknown: s.unknown.Load(), Reconnects: s.reconnects.Load(),
		Disconnects: s.disconnects.Load(), PutOff: s.putOff.Load(), Violations: s.violations.Load(),
	}
}

func appendConversation(dst []byte, id protocol.ConversationID) []byte {
	dst = append(dst, `,"conversation":"`...) // a valid id needs no escape
	return append(append(dst, id...), '"')
}

// appendString adds s as a JSON string. It was checked as UTF-8 before, so that the library has nothing to refuse.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
