package journal

import (
	"cmp"
	"encoding/binary"
	"errors"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// The payload of a block is items, each with its kind and its length.
const (
	kindLines = 1 // lines of one transcript, and where in it they go
	kindMark  = 2 // a user's read mark
	kindLive  = 3 // head only: a live segment, and up to where it is valid
	kindOwner = 4 // head only: the data directory's id
)

// LinesItem is lines of one transcript that were committed together. At offset 0 they begin with the log line.
type LinesItem struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID
	Offset       int64        // in the transcript, of the first line
	First        protocol.Seq // of the first entry
	Count        int          // of entries
	Before       protocol.Sum // of the entry (or log line) before the first entry
	Time         protocol.Time
	Lines        []byte
}

// Last returns the seq of the last entry.
func (r *LinesItem) Last() protocol.Seq { return r.First + protocol.Seq(r.Count) - 1 }

// End returns where in the transcript the lines end.
func (r *LinesItem) End() int64 { return r.Offset + int64(len(r.Lines)) }

// Sum returns the last entry's sum, which is at the end of the last line.
func (r *LinesItem) Sum() protocol.Sum { return transcript.LastSum(r.Lines) }

// MarkItem is a user's read mark in one log.
type MarkItem struct {
	Conversation protocol.ConversationID
	Log          protocol.LogID
	User         protocol.UserID
	Seq          protocol.Seq
}

func (m MarkItem) compare(other MarkItem) int {
	return cmp.Or(cmp.Compare(m.Conversation, other.Conversation), cmp.Compare(m.User, other.User))
}

// liveItem says that a segment is valid up to an offset, whatever is beyond it.
type liveItem struct {
	number uint64
	valid  int64
}

func appendItem(dst []byte, kind byte, size int) []byte {
	return binary.AppendUvarint(append(dst, kind), uint64(size))
}

// AppendText adds a text's length and the text; Fields.Text reads it.
func AppendText[T ~string](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendRun(dst []byte, r *LinesItem) []byte {
	var head [256]byte
	h := AppendText(head[:0], r.Conversation)
	h = append(h, r.Log...)
	h = append(h, r.Before[:]...)
	h = binary.AppendUvarint(h, uint64(r.Offset))
	h = binary.AppendUvarint(h, uint64(r.First))
	h = binary.AppendUvarint(h, uint64(r.Count))
	h = binary.AppendUvarint(h, uint64(r.Time))
	dst = appendItem(dst, kindLines, len(h)+len(r.Lines))
	dst = append(dst, h...)
	return append(dst, r.Lines...)
}

func appendMark(dst []byte, m MarkItem) []byte {
	var head [256]byte
	h := AppendText(head[:0], m.Conversation)
	h = append(h, m.Log...)
	h = AppendText(h, m.User)
	h = binary.AppendUvarint(h, uint64(m.Seq))
	dst = appendItem(dst, kindMark, len(h))
	return append(dst, h...)
}

func appendLive(dst []byte, l liveItem) []byte {
	h := binary.AppendUvarint(nil, l.number)
	h = binary.AppendUvarint(h, uint64(l.valid))
	dst = appendItem(dst, kindLive, len(h))
	return append(dst, h...)
}

func appendOwner(dst []byte, id string) []byte {
	dst = appendItem(dst, kindOwner, len(id))
	return append(dst, id...)
}

// Visitor takes items, whose texts and lines are parts of a buffer: what is kept must be cloned. An item whose function
// is nil is passed over. An error ends the visit.
type Visitor struct {
	Lines func(LinesItem) error
	Mark  func(MarkItem) error

	linesAt func(x LinesItem, at int64) error // Lines, with the place at which the item's lines begin
	live    func(liveItem) error
	owner   func(string) error
	at      int64 // where the payload begins
}

// ErrItem says that an item is not what it should be. Its checksum held, so that it was written so.
var ErrItem = errors.New("an item is not what it should be")

// visitItems visits the items of a payload, which begins at v.at.
func visitItems(payload []byte, v Visitor) error {
	for len(payload) > 0 {
		kind := payload[0]
		size, n := binary.Uvarint(payload[1:])
		if n <= 0 || size > uint64(len(payload)-1-n) {
			return ErrItem
		}
		c := Fields{B: payload[1+n : 1+n+int(size)]}
		payload = payload[1+n+int(size):]
		v.at += int64(1+n) + int64(size) // the item's end
		if err := c.item(kind, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *Fields) item(kind byte, v Visitor) error {
	switch kind {
	case kindLines:
		r := LinesItem{Conversation: protocol.ConversationID(c.Text()), Log: protocol.LogID(c.Take(transcript.SumLen))}
		copy(r.Before[:], c.Take(transcript.SumLen))
		r.Offset, r.First, r.Count = int64(c.Number()), protocol.Seq(c.Number()), int(c.Number())
		r.Time, r.Lines = protocol.Time(c.Number()), c.B
		if c.Bad || r.Count < 1 || r.Offset < 0 || len(r.Lines) < transcript.SuffixLen || !r.Conversation.Valid() {
			return ErrItem
		}
		if v.linesAt != nil {
			return v.linesAt(r, v.at-int64(len(r.Lines)))
		}
		if v.Lines != nil {
			return v.Lines(r)
		}
	case kindMark:
		m := MarkItem{Conversation: protocol.ConversationID(c.Text()), Log: protocol.LogID(c.Take(transcript.SumLen))}
		m.User, m.Seq = protocol.UserID(c.Text()), protocol.Seq(c.Number())
		if c.Bad || !m.Conversation.Valid() {
			return ErrItem
		}
		if v.Mark != nil {
			return v.Mark(m)
		}
	case kindLive:
		l := liveItem{number: c.Number(), valid: int64(c.Number())}
		if c.Bad || l.valid < 0 {
			return ErrItem
		}
		if v.live != nil {
			return v.live(l)
		}
	case kindOwner:
		if v.owner != nil {
			return v.owner(string(c.B))
		}
	default:
		return ErrItem
	}
	return nil
}

// Fields takes fields off the front of B. After a fault it returns zeros, and Bad is set.
type Fields struct {
	B   []byte
	Bad bool
}

// Number takes a number: a varint.
func (c *Fields) Number() uint64 {
	n, size := binary.Uvarint(c.B)
	if size <= 0 {
		c.Bad, c.B = true, nil
		return 0
	}
	c.B = c.B[size:]
	return n
}

// Take takes n bytes.
func (c *Fields) Take(n int) []byte {
	if n < 0 || n > len(c.B) {
		c.Bad, c.B = true, nil
		return nil
	}
	out := c.B[:n]
	c.B = c.B[n:]
	return out
}

// Text takes a text that AppendText has added.
func (c *Fields) Text() []byte {
	n := c.Number()
	if n > uint64(len(c.B)) {
		c.Bad, c.B = true, nil
		return nil
	}
	return c.Take(int(n))
}
