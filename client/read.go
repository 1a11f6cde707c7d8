package client

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/coder/websocket"

	"verbatim/protocol"
)

// read handles what the server sends until the connection ends, and returns why it ended. It takes no context: one that
// can end would cost more than everything else here, and another goroutine closes the connection anyway.
func (c *Client) read(l *link) error {
	for {
		kind, r, err := l.ws.Reader(context.Background())
		if err != nil {
			var closed websocket.CloseError
			if errors.As(err, &closed) { // without the text that the library puts around it
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
		if err := c.handle(c.frame[:n]); err != nil {
			return err
		}
	}
}

// readFrame reads one message to its end into the client's own buffer, and returns its length.
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

// handle acts on one object of the server. An error breaks the connection.
func (c *Client) handle(frame []byte) error {
	kind, conversation, ok := head(frame)
	if !ok {
		return c.malformed(frame, errors.New("it does not begin with its type"))
	}
	if string(kind) == "message" {
		if seq, ok := protocol.EntrySeq(frame); ok {
			return c.takeEntry(conversation, seq, frame)
		}
		return c.malformed(frame, errors.New("an entry without its seq in its place"))
	}
	known, wanted := c.wants(string(kind))
	if !known {
		return c.takeUnknown(conversation, frame)
	}
	if !wanted {
		return nil
	}
	r, err := decode(frame)
	if err != nil {
		return c.malformed(frame, err)
	}
	c.handleReply(&r)
	return nil
}

// wants reports whether a type belongs to the protocol's version 1, and whether this client looks at it.
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
	case "stream", "stop": // this client has no growing messages yet
		return true, false
	}
	return false, false
}

func (c *Client) handleReply(r *reply) {
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
		if !c.rechecked(r) {
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
}

// welcome begins the session: what the last connection left undone is written now.
func (c *Client) welcome(r *reply) {
	again := isClosed(c.welcomed)
	limits := r.Limits.limits()
	c.mu.Lock()
	c.user, c.limits, c.live = r.User, limits, true
	c.mu.Unlock()
	c.wakeWriter()
	if again {
		c.stats.reconnects.Add(1)
	} else {
		close(c.welcomed)
	}
	if h := c.options.Handler.Connected; h != nil {
		h(Connected{Session: r.Session, Version: r.Version, User: r.User, Limits: limits, Again: again})
	}
}

// failed passes an error to what it answers: its ref names a request, its id a send.
func (c *Client) failed(r *reply) {
	err := r.err()
	switch {
	case r.Ref != "" && (c.joinFailed(r, err) || c.rechecked(r) || c.readFailed(r, err) || c.answer(r, err)):
	case r.ID != "" && c.sendFailed(r, err):
	default:
		c.lastError = err
		c.reportRefusal(Refusal{Conversation: r.Conversation, ID: r.ID, Err: err})
	}
}
