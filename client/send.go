package client

import (
	"context"
	"crypto/rand"
	"time"

	"verbatim/protocol"
)

// Send puts a message into the outbox and returns its id. While the outbox is full it waits, at most until ctx ends.
// From then on the client sends the message until Handler.Ack or Handler.Refuse reports how that ended. Messages of one
// conversation are recorded in the order in which Send accepted them. The error is ctx.Err(), ErrClosed, or a
// *protocol.Error that says what is wrong with m. Do not call it from the Handler: see TrySend.
func (c *Client) Send(ctx context.Context, m Message) (protocol.MessageID, error) {
	return c.send(ctx, m, nil)
}

// SendWait sends a message and waits for its ack, at most until ctx ends; then it returns ctx.Err(), and the message
// stays in the outbox. A *protocol.Error is the server's refusal, or says what is wrong with m. Do not call it from the
// Handler.
func (c *Client) SendWait(ctx context.Context, m Message) (Ack, error) {
	done := make(chan completion, 1)
	if _, err := c.send(ctx, m, done); err != nil {
		return Ack{}, err
	}
	select {
	case end := <-done:
		return end.ack, end.err
	case <-ctx.Done():
		return Ack{}, ctx.Err()
	case <-c.ended:
		return Ack{}, ErrClosed
	}
}

// TrySend is Send without waiting: if the outbox is full, it returns ErrFull.
func (c *Client) TrySend(m Message) (protocol.MessageID, error) {
	select {
	case c.slots <- struct{}{}:
		return c.put(m, nil)
	default:
		if c.isEnding() {
			return "", ErrClosed
		}
		return "", ErrFull
	}
}

func (c *Client) send(ctx context.Context, m Message, done chan completion) (protocol.MessageID, error) {
	select {
	case c.slots <- struct{}{}:
		return c.put(m, done)
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

// put adds a message to the outbox. The caller has taken a slot for it, which put frees again if it refuses the
// message.
func (c *Client) put(m Message, done chan completion) (protocol.MessageID, error) {
	s := &outgoing{done: done}
	s.since, s.callerSince = m.callerSince()
	if m.ID == "" {
		m.ID = protocol.MessageID(rand.Text())
	}
	body, err := m.encode(c.Limits().Meta)
	if err == nil && c.isEnding() {
		err = ErrClosed
	}
	if err != nil {
		<-c.slots
		return "", err
	}
	s.id, s.body = m.ID, body
	c.mu.Lock()
	v := c.of(m.Conversation)
	v.typing.sent = time.Time{} // the first key after a message is told at once
	v.outbox.sends = append(v.outbox.sends, s)
	c.enqueue(v)
	c.mu.Unlock()
	c.wakeWriter()
	return m.ID, nil
}

// appendSend adds a send as it is written now. A first write needs no since. A later one is found by it, however late
// it comes (promise 4). If this client knew nothing of the conversation when it first wrote the send, there is no
// since; the server then remembers the id for Limits.IDs. After half of that time the server is asked to search the
// whole record. mu is held.
func (c *Client) appendSend(dst []byte, v *conversation, s, prev *outgoing) []byte {
	now := time.Now()
	first := s.firstWrite.IsZero()
	if first {
		s.firstWrite = now
		if !s.callerSince {
			s.since = v.lastKnown()
		}
	}
	dst = appendRequest(dst, "send", v.id)
	dst = appendText(dst, "id", string(s.id))
	if prev != nil {
		dst = appendText(dst, "prev", string(prev.id))
	}
	late := now.Sub(s.firstWrite) > c.limits.IDs/2
	if s.callerSince || !first && (s.since.Set || late) {
		dst = appendNumber(dst, "since", s.since.Value)
	}
	dst = append(dst, s.body...)
	return append(dst, '}')
}
