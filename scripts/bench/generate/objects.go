package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// kind is the letter that an object's type begins with. `left` shares its with `last`, which only comes to who
// follows without the entries, and nobody does here.
type kind byte

const (
	kindWelcome kind = 'w'
	kindJoined  kind = 'j'
	kindMessage kind = 'm'
	kindAck     kind = 'a'
	kindLeft    kind = 'l'
	kindError   kind = 'e'
)

const typeField = `{"type":"`

// frameCame takes one frame: control frames and the way in are the generator's own matter, all else is the work's.
func (g *generator) frameCame(c *conn, first byte, payload []byte) {
	switch first & 0xf {
	case 0x8:
		g.fail(fmt.Errorf("socket %d: closed by the server: %.120q", c.number, payload))
		return
	case 0x9:
		g.sayFrame(c, 0xa, payload)
		return
	case 0xa:
		return
	}
	if len(payload) <= len(typeField) {
		g.fail(fmt.Errorf("socket %d: %q is no object of the contract", c.number, payload))
		return
	}
	switch k := kind(payload[len(typeField)]); {
	case k == kindError:
		g.fail(fmt.Errorf("socket %d: %.300s", c.number, payload))
	case !c.ready && (k == kindWelcome && !c.joins || k == kindJoined):
		c.ready = true
		g.ready++
	case g.hear != nil:
		g.hear(c, k, payload)
	}
}

// stampLength is the length of a stamp: the marker, the time in 12 hexadecimal digits (three days of nanoseconds), the
// author in 6 digits.
const stampLength = len(marker) + 12 + 6

const marker = "~@"

// publish sends a message whose text says when it was due and by whom it is.
func (g *generator) publish(c *conn, room int, due int64) {
	c.sent++
	g.text = fmt.Appendf(g.text[:0], "%s%012x%06d", marker, due, c.number)
	for len(g.text) < g.size {
		g.text = append(g.text, "the quick brown fox jumps over the lazy dog "[len(g.text)%44])
	}
	g.frame = append(append(g.frame[:0], `{"type":"send","conversation":"`...), g.prefix...)
	g.frame = append(strconv.AppendInt(g.frame, int64(room), 10), `","text":"`...)
	g.frame = append(append(g.frame, g.text...), '"', '}')
	g.say(c, g.frame)
}

// stamp reads what publish wrote.
func stamp(message []byte) (due int64, author int, ok bool) {
	at := bytes.Index(message, []byte(marker))
	if at < 0 || len(message)-at < stampLength {
		return 0, 0, false
	}
	at += len(marker)
	for _, digit := range message[at : at+12] {
		if digit >= 'a' {
			digit -= 'a' - '0' - 10
		}
		due = due<<4 | int64(digit-'0')
	}
	for _, digit := range message[at+12 : at+18] {
		author = author*10 + int(digit-'0')
	}
	return due, author, true
}

// request asks something of a conversation: `join` or `leave`, and what else there is to say.
func (g *generator) request(c *conn, what string, room int, more string) {
	g.say(c, []byte(typeField+what+`","conversation":"`+g.conversation(room)+`"`+more+`}`))
}
