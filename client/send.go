package client

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"verbatim/protocol"
)

// Message is what is to be put on the record. With an ID of the owner's, what a program sends again after it was
// started again is on the record once: within the server's limits.ids of the first time, and however late where Since
// is a seq after which the first one must stand, such as that of what it is about. The server looks for the id from there
// on, in the record where that is far back: a program that answers old entries costs it a read of all that came since.
type Message struct {
	Conversation protocol.ConversationID
	ID           protocol.MessageID // "": one is made up
	Text         string
	Target       protocol.Seq    // the seq that it answers to; 0: none
	Meta         jsontext.Value  // a JSON object; nil: none
	Since        protocol.Number // beside ID: see there; not set: Target, where there is one
}

// Send takes a message into the outbox and gives its id; it waits, until ctx ends, while that is full. From then on the
// client sends it until Handler.Ack or Handler.Refuse tells how it ended. Messages of one conversation come onto the
// record in the order in which Send took them. Not to be called from the Handler: see TrySend.
func (c *Client) Send(ctx context.Context, m Message) (protocol.MessageID, error) {
	return c.send(ctx, m, nil)
}

// SendWait sends a message and waits, until ctx ends, for its ack. Where ctx ends first the message stays in the outbox.
// A *protocol.Error is the server's refusal.
func (c *Client) SendWait(ctx context.Context, m Message) (Ack, error) {
	settled := make(chan outcome, 1)
	if _, err := c.send(ctx, m, settled); err != nil {
		return Ack{}, err
	}
	select {
	case o := <-settled:
		return o.ack, o.err
	case <-ctx.Done():
		return Ack{}, ctx.Err()
	case <-c.ended:
		return Ack{}, ErrClosed
	}
}

// TrySend is Send that does not wait: where the outbox is full it gives ErrFull.
func (c *Client) TrySend(m Message) (protocol.MessageID, error) {
	select {
	case c.slots <- struct{}{}:
		return c.put(m, nil)
	default:
		if isClosed(c.draining) || isClosed(c.closing) || isClosed(c.ended) {
			return "", ErrClosed
		}
		return "", ErrFull
	}
}

func (c *Client) send(ctx context.Context, m Message, settled chan outcome) (protocol.MessageID, error) {
	select {
	case c.slots <- struct{}{}:
		return c.put(m, settled)
	case <-ctx.Done():
		return "", ctx.Err()
	case <-c.draining:
		return "", ErrClosed
	case <-c.closing:
		return "", ErrClosed
	case <-c.ended:
		return "", ErrClosed
	}
}

// put queues a message, for which a slot has been taken.
func (c *Client) put(m Message, settled chan outcome) (protocol.MessageID, error) {
	item := &outgoing{settled: settled}
	switch {
	case m.ID != "" && m.Since.Set:
		item.since, item.earlier = m.Since, true
	case m.ID != "" && m.Target != 0:
		item.since, item.earlier = protocol.Number{Value: uint64(m.Target), Set: true}, true
	}
	if m.ID == "" {
		m.ID = protocol.MessageID(rand.Text())
	}
	body, err := encodeMessage(&m, c.Limits().Meta)
	if err == nil && (isClosed(c.draining) || isClosed(c.closing) || isClosed(c.ended)) {
		err = ErrClosed
	}
	if err != nil {
		<-c.slots
		return "", err
	}
	item.id, item.body = m.ID, body
	c.mu.Lock()
	v := c.of(m.Conversation)
	v.typing.told = time.Time{} // the next key is news again
	v.items = append(v.items, item)
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
	return m.ID, nil
}

// encodeMessage checks what the server would refuse in a way that no reply could be matched to: an id that no answer
// could repeat, or a frame that is no JSON, as one is whose meta is nested too deep; within mostMeta bytes none is.
func encodeMessage(m *Message, mostMeta int) ([]byte, error) {
	id := string(m.ID)
	if err := protocol.CheckID("id", id); err != nil {
		return nil, err
	}
	switch {
	case !m.Conversation.Valid():
		return nil, protocol.InvalidConversation(string(m.Conversation))
	case strings.ContainsRune(id, 0):
		return nil, protocol.BadRequest("id has a U+0000, which no error could repeat: leave it out")
	case m.Text == "":
		return nil, protocol.BadRequest("a message's text has at least 1 byte")
	case !utf8.ValidString(m.Text):
		return nil, protocol.BadRequest("a message's text is valid UTF-8: this one is not")
	case mostMeta > 0 && len(m.Meta) > mostMeta:
		return nil, protocol.TooLarge(fmt.Sprintf("meta has at most %d bytes: this one has %d", mostMeta, len(m.Meta)))
	case m.Meta != nil && (!m.Meta.IsValid() || m.Meta.Kind() != '{'):
		return nil, protocol.BadRequest("meta is a JSON object, without a name that stands twice")
	}
	body := make([]byte, 0, len(m.Text)+len(m.Meta)+64)
	body = appendString(append(body, `,"text":`...), m.Text)
	if m.Target != 0 {
		body = strconv.AppendUint(append(body, `,"target":`...), uint64(m.Target), 10)
	}
	if m.Meta != nil {
		body = append(append(body, `,"meta":`...), m.Meta...)
	}
	return body, nil
}

// appendSend adds a send as it goes out now. A first one needs no `since`; a resend is found by it however late it is
// (promise 4). Where this client knew nothing of the conversation when it first wrote it, the server remembers the id for
// limits.ids; a resend that is later than half of that has the server look through all of the record.
func (c *Client) appendSend(dst []byte, v *conversation, item, before *outgoing) []byte {
	now := time.Now()
	again := !item.first.IsZero()
	if !again {
		item.first = now
		if !item.earlier {
			item.since = v.known()
		}
	}
	dst = appendConversation(append(dst, `{"type":"send"`...), v.id)
	dst = appendString(append(dst, `,"id":`...), string(item.id))
	if before != nil {
		dst = appendString(append(dst, `,"prev":`...), string(before.id))
	}
	if item.earlier && item.since.Set || again && (item.since.Set || now.Sub(item.first) > c.limits.IDs/2) {
		dst = strconv.AppendUint(append(dst, `,"since":`...), item.since.Value, 10)
	}
	dst = append(dst, item.body...)
	return append(dst, '}')
}

// known is the last seq that this client knows of; not set where it knows nothing.
func (v *conversation) known() protocol.Number {
	known := v.acked
	if v.begun {
		known = max(known, protocol.Seq(v.at.Load()))
	}
	return protocol.Number{Value: uint64(known), Set: v.begun || known > 0}
}

// acked takes a send out of its outbox: it is on the record.
func (c *Client) acked(r *reply) {
	ack := Ack{Conversation: r.Conversation, ID: r.ID, Seq: r.Seq, Time: r.Time, Sum: r.Sum, Duplicate: r.Duplicate}
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	i := -1
	if v != nil {
		i = v.find(r.ID)
	}
	if i < 0 { // of a send that is none of this client's
		c.mu.Unlock()
		return
	}
	item := v.settle(i)
	v.acked, v.delay = max(v.acked, r.Seq), 0
	if v.expected != 0 { // before this connection's join is answered, the record may be another one
		v.learnSum(r.Seq, r.Sum)
	}
	c.goOn(v)
	c.mu.Unlock()
	<-c.slots
	if item.settled != nil {
		item.settled <- outcome{ack: ack}
	}
	if h := c.options.Handler.Ack; h != nil {
		h(ack)
	}
}

// sendFailed says whether an error answers a send of this client's, and does what it asks for: send it again, or give it up.
func (c *Client) sendFailed(r *reply, err *protocol.Error) bool {
	c.mu.Lock()
	v := c.conversations[r.Conversation]
	i := -1
	if v != nil {
		i = v.find(r.ID)
	}
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	var item *outgoing
	switch err.Code {
	case protocol.CodeUnavailable, protocol.CodeRateLimited:
		c.stats.putOff.Add(1)
		v.putOff(i, time.Now(), v.backOff(err.RetryAfter))
	case protocol.CodeOutOfOrder:
		v.putOff(i, time.Now(), 0)
	default:
		item = v.settle(i)
	}
	c.goOn(v)
	c.mu.Unlock()
	if item != nil {
		c.giveUp(v.id, item, err)
	}
	return true
}

// giveUp tells that a send is refused for good. Its slot is free again.
func (c *Client) giveUp(id protocol.ConversationID, item *outgoing, err *protocol.Error) {
	<-c.slots
	if item.settled != nil {
		item.settled <- outcome{err: err}
	}
	c.tellRefusal(Refusal{Conversation: id, ID: item.id, Err: err})
}

// giveUpLargest gives up the largest send without an answer, after a close for a frame that was too large: else it would be
// sent again for ever, and nothing behind it.
func (c *Client) giveUpLargest() {
	c.mu.Lock()
	var in *conversation
	at, most := 0, 0
	for _, v := range c.conversations {
		for i, item := range v.items {
			if item.flying && len(item.body) > most {
				in, at, most = v, i, len(item.body)
			}
		}
	}
	if in == nil {
		c.mu.Unlock()
		return
	}
	item := in.settle(at)
	c.mu.Unlock()
	c.giveUp(in.id, item, protocol.TooLarge("the connection was closed for a frame over the limit, and of what was on its way "+
		"this is the largest: send it in parts"))
}

// goOn has what is left in an outbox written, unless answers are waited for first. mu is held.
func (c *Client) goOn(v *conversation) {
	switch {
	case v.again || v.outbox.written == len(v.items):
	case v.until.IsZero():
		c.enqueue(v)
		c.wakeWriter()
	default:
		c.later(v, time.Until(v.until))
	}
}

// later has a conversation written when d has passed. mu is held.
func (c *Client) later(v *conversation, d time.Duration) {
	if d <= 0 {
		c.enqueue(v)
		c.wakeWriter()
		return
	}
	// The timer's goroutine waits for nothing but mu; after the client's end it changes nothing that anybody sees.
	time.AfterFunc(d, func() {
		c.mu.Lock()
		c.enqueue(v)
		c.mu.Unlock()
		c.wakeWriter()
	})
}
