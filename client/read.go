package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// read takes what the server says until the connection ends; why is the error. Nothing but the connection's end stops it
// (a context that can end would cost more than all else here, and the connection is closed from outside anyway).
func (c *Client) read(l *link) error {
	for {
		kind, r, err := l.ws.Reader(context.Background())
		if err != nil {
			var closed websocket.CloseError
			if errors.As(err, &closed) { // without the library's own words around it
				err = closed
			}
			return fmt.Errorf("client: read: %w", err)
		}
		if kind != websocket.MessageText {
			return errors.New("client: read: a binary frame came, and the server sends none")
		}
		n, err := c.readFrame(r)
		if err != nil {
			return fmt.Errorf("client: read: %w", err)
		}
		if err := c.take(c.frame[:n]); err != nil {
			return err
		}
	}
}

// readFrame reads one message to its end into the client's own buffer.
func (c *Client) readFrame(r io.Reader) (n int, err error) {
	for {
		if n == len(c.frame) {
			c.frame = append(c.frame, make([]byte, len(c.frame))...)
		}
		m, err := r.Read(c.frame[n:])
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// take does what one object of the server asks for. An error breaks the connection off.
func (c *Client) take(frame []byte) error {
	kind, conversation, ok := head(frame)
	if !ok {
		return c.garbled(frame, errors.New("it does not begin with its type"))
	}
	if string(kind) == "message" {
		if seq, ok := protocol.EntrySeq(frame); ok {
			return c.takeEntry(conversation, seq, frame)
		}
		return c.garbled(frame, errors.New("an entry without its seq in its place"))
	}
	if known, wanted := c.wants(string(kind)); known && !wanted {
		return nil
	} else if !known {
		return c.takeUnknown(conversation, frame)
	}
	r, err := decode(frame)
	if err != nil {
		return c.garbled(frame, err)
	}
	return c.takeReply(&r)
}

// wants says whether a type is one of v1's, and whether anybody here looks at it.
func (c *Client) wants(kind string) (known, wanted bool) {
	h := &c.options.Handler
	switch kind {
	case "welcome", "joined", "ack", "left", "history", "pong", "error":
		return true, true
	case "last":
		return true, h.Last != nil
	case "presence":
		return true, h.Presence != nil
	case "typing":
		return true, h.Typing != nil
	case "read":
		return true, h.Read != nil
	case "stream", "stop": // growing messages are not this client's yet
		return true, false
	}
	return false, false
}

// takeUnknown counts an entry of a type that came after this client, and passes over all else.
func (c *Client) takeUnknown(conversation, frame []byte) error {
	seq, ok := protocol.EntrySeq(frame)
	if !ok {
		return nil
	}
	v := c.conversationOf(conversation)
	if v == nil {
		return nil
	}
	c.stats.unknown.Add(1)
	_, err := c.advance(v, seq, frame)
	return err
}

func (c *Client) takeReply(r *reply) error {
	h := &c.options.Handler
	switch r.Type {
	case "welcome":
		c.welcome(r)
	case "joined":
		c.joined(r)
	case "ack":
		c.acked(r)
	case "left":
		c.left(r)
	case "history", "pong":
		if !c.proved(r) {
			c.answer(r, nil)
		}
	case "error":
		c.failed(r)
	case "last":
		h.Last(Last{r.Conversation, r.Last, r.Time})
	case "presence":
		h.Presence(Presence{r.Conversation, r.User, r.Event, r.Count, r.Online})
	case "typing":
		h.Typing(TypingEvent{r.Conversation, r.User})
	case "read":
		h.Read(ReadMark{r.Conversation, r.User, r.Seq})
	}
	return nil
}

// welcome begins the session: whatever the connection before left undone is to be written now.
func (c *Client) welcome(r *reply) {
	c.mu.Lock()
	again := c.live || isClosed(c.welcomed)
	c.user, c.limits, c.live = r.User, r.Limits.limits(), true
	limits := c.limits
	c.mu.Unlock()
	c.wakeWriter()
	if !isClosed(c.welcomed) {
		close(c.welcomed)
	}
	if again {
		c.stats.reconnects.Add(1)
	}
	if h := c.options.Handler.Connected; h != nil {
		h(Connected{Session: r.Session, Version: r.Version, User: r.User, Limits: limits, Again: again})
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// failed gives an error to whom it concerns: its ref says which request, its id which send.
func (c *Client) failed(r *reply) {
	err := r.err()
	switch {
	case r.Ref != "" && (c.joinFailed(r, err) || c.proved(r) || c.readFailed(r, err) || c.answer(r, err)):
	case r.ID != "" && c.sendFailed(r, err):
	default:
		c.said = err
		c.tellRefusal(Refusal{Conversation: r.Conversation, ID: r.ID, Err: err})
	}
}

func (c *Client) tellRefusal(r Refusal) {
	if h := c.options.Handler.Refuse; h != nil {
		h(r)
	}
}

// garbled tells of a frame that cannot be read, and breaks the connection off: what follows may be no better.
func (c *Client) garbled(frame []byte, why error) error {
	v := Violation{Kind: Garbled, Detail: fmt.Sprintf("the server's frame %.100q cannot be read: %v", frame, why)}
	c.tellViolation(v)
	return v
}

func (c *Client) tellViolation(v Violation) {
	c.stats.violations.Add(1)
	if h := c.options.Handler.Violation; h != nil {
		h(v)
	}
}
