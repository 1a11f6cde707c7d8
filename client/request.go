package client

import (
	"context"
	"slices"
	"strconv"

	"verbatim/protocol"
)

// call is a request whose reply a caller waits for. Each new connection repeats it until it is answered.
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

// ask sends a request and waits for its reply, at most until ctx ends. frame is the request without its ref.
func (c *Client) ask(ctx context.Context, frame []byte) (reply, error) {
	a := &call{done: make(chan answer, 1)}
	c.mu.Lock()
	if isClosed(c.closing) || isClosed(c.ended) {
		c.mu.Unlock()
		return reply{}, ErrClosed
	}
	ref := c.nextRef()
	a.ref = strconv.FormatUint(ref, 10)
	a.frame = appendRef(frame, ref)
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

// answer passes a reply to the call that it is for, and reports whether there is one.
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
	if err != nil { // a nil *protocol.Error is not a nil error
		got.err = err
	}
	a.done <- got
	return true
}

// Page says which entries History returns: the newest ones; or, if After is set, the oldest after that seq; or, if only
// Before is set, the newest before that seq.
type Page struct {
	Conversation  protocol.ConversationID
	After, Before protocol.Number
	Limit         int // entries; 0: the server's default, 50
}

// History returns one page of entries in ascending order, and whether there are more in the direction asked for. It
// waits for the answer across reconnects, at most until ctx ends. Of entries of a type that this client does not know
// only Conversation and Seq are set. A *protocol.Error is the server's refusal. Do not call it from the Handler.
func (c *Client) History(ctx context.Context, p Page) (entries []protocol.Message, more bool, err error) {
	if !p.Conversation.Valid() {
		return nil, false, protocol.InvalidConversation(string(p.Conversation))
	}
	frame := appendRequest(nil, "history", p.Conversation)
	if p.After.Set {
		frame = appendNumber(frame, "after", p.After.Value)
	}
	if p.Before.Set {
		frame = appendNumber(frame, "before", p.Before.Value)
	}
	if p.Limit > 0 {
		frame = appendNumber(frame, "limit", uint64(p.Limit))
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

// Ping waits for an answer of the server, across reconnects, at most until ctx ends. Do not call it from the Handler.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.ask(ctx, []byte(`{"type":"ping"`))
	return err
}
