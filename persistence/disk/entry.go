package disk

import (
	"cmp"
	"encoding/binary"
	"errors"

	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// What stands in the payload of a journal's block: a run of items, each with its kind and its length.
const (
	kindLines = 1 // lines of one transcript, and where in it they go
	kindMark  = 2 // a user's read mark
	kindLive  = 3 // head only: a segment that is live, and up to where it is valid
	kindOwner = 4 // head only: the data directory's id
)

// run is lines of one transcript that were committed together. A run at offset 0 begins with the log line.
type run struct {
	conversation protocol.ConversationID
	log          protocol.LogID
	offset       int64        // in the transcript, of the first line
	first        protocol.Seq // of the first entry
	count        int          // of entries
	before       protocol.Sum // of the entry (or log line) before the first entry
	time         protocol.Time
	lines        []byte
}

func (r *run) last() protocol.Seq { return r.first + protocol.Seq(r.count) - 1 }
func (r *run) end() int64         { return r.offset + int64(len(r.lines)) }

// sum is the last entry's: it stands at the end of the last line.
func (r *run) sum() protocol.Sum { return transcript.LastSum(r.lines) }

// markItem is a user's read mark in one log.
type markItem struct {
	conversation protocol.ConversationID
	log          protocol.LogID
	user         protocol.UserID
	seq          protocol.Seq
}

func (m markItem) compare(other markItem) int {
	return cmp.Or(cmp.Compare(m.conversation, other.conversation), cmp.Compare(m.user, other.user))
}

// liveItem says that a segment is valid up to there, whatever stands beyond.
type liveItem struct {
	number uint64
	valid  int64
}

func appendItem(dst []byte, kind byte, size int) []byte {
	return binary.AppendUvarint(append(dst, kind), uint64(size))
}

func appendText[T ~string](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendRun(dst []byte, r *run) []byte {
	var head [256]byte
	h := appendText(head[:0], r.conversation)
	h = append(h, r.log...)
	h = append(h, r.before[:]...)
	h = binary.AppendUvarint(h, uint64(r.offset))
	h = binary.AppendUvarint(h, uint64(r.first))
	h = binary.AppendUvarint(h, uint64(r.count))
	h = binary.AppendUvarint(h, uint64(r.time))
	dst = appendItem(dst, kindLines, len(h)+len(r.lines))
	dst = append(dst, h...)
	return append(dst, r.lines...)
}

func appendMark(dst []byte, m markItem) []byte {
	var head [256]byte
	h := appendText(head[:0], m.conversation)
	h = append(h, m.log...)
	h = appendText(h, m.user)
	h = binary.AppendUvarint(h, uint64(m.seq))
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

// visitor takes the items of a payload. What it is given are parts of the payload. A nil function passes over its kind.
type visitor struct {
	run   func(run) error
	mark  func(markItem) error
	live  func(liveItem) error
	owner func(string) error
}

var errItem = errors.New("an item is not what it should be")

// visitItems reads a payload. Its checksum held, so that what is wrong in it was written so.
func visitItems(payload []byte, v visitor) error {
	for len(payload) > 0 {
		kind := payload[0]
		size, n := binary.Uvarint(payload[1:])
		if n <= 0 || size > uint64(len(payload)-1-n) {
			return errItem
		}
		c := cutter{b: payload[1+n : 1+n+int(size)]}
		payload = payload[1+n+int(size):]
		if err := c.item(kind, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutter) item(kind byte, v visitor) error {
	switch kind {
	case kindLines:
		r := run{conversation: protocol.ConversationID(c.text()), log: protocol.LogID(c.take(transcript.SumLen))}
		copy(r.before[:], c.take(transcript.SumLen))
		r.offset, r.first, r.count = int64(c.number()), protocol.Seq(c.number()), int(c.number())
		r.time, r.lines = protocol.Time(c.number()), c.b
		if c.bad || r.count < 1 || r.offset < 0 || len(r.lines) < transcript.SuffixLen || !r.conversation.Valid() {
			return errItem
		}
		if v.run != nil {
			return v.run(r)
		}
	case kindMark:
		m := markItem{conversation: protocol.ConversationID(c.text()), log: protocol.LogID(c.take(transcript.SumLen))}
		m.user, m.seq = protocol.UserID(c.text()), protocol.Seq(c.number())
		if c.bad || !m.conversation.Valid() {
			return errItem
		}
		if v.mark != nil {
			return v.mark(m)
		}
	case kindLive:
		l := liveItem{number: c.number(), valid: int64(c.number())}
		if c.bad || l.valid < 0 {
			return errItem
		}
		if v.live != nil {
			return v.live(l)
		}
	case kindOwner:
		if v.owner != nil {
			return v.owner(string(c.b))
		}
	default:
		return errItem
	}
	return nil
}

// cutter takes fields off the front of an item. After a fault it gives zeros, and bad is set.
type cutter struct {
	b   []byte
	bad bool
}

func (c *cutter) number() uint64 {
	n, size := binary.Uvarint(c.b)
	if size <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[size:]
	return n
}

func (c *cutter) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cutter) text() []byte {
	n := c.number()
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	return c.take(int(n))
}
