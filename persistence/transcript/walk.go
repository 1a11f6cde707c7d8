package transcript

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"verbatim/protocol"
)

// Extend follows the chain of sums from an end through the lines of rest. It returns the last end at which the chain
// holds, and how many bytes of rest lead there.
func Extend(from End, rest []byte) (to End, n int64) {
	w := &Walk{Seq: from.Last, Sum: from.Sum}
	to = from
	for {
		line, _, whole := bytes.Cut(rest[n:], []byte("\n"))
		if !whole || w.Next(line) != "" {
			return to, n
		}
		n += int64(len(line)) + 1
		to.Last, to.Time, to.Sum = w.Seq, w.Time, w.Sum
	}
}

// Chained returns a function that takes a transcript's lines one after another, the log line first, and holds each to
// the chain of sums before yield gets it: what somebody changed is not passed on as the record. It returns an
// *IntegrityError, or yield's error. walk is where the lines have come.
func Chained(
	walk *Walk, id protocol.ConversationID, path string, yield func(line []byte) error,
) func(line []byte) error {
	n := 0
	return func(line []byte) error {
		n++
		what := ""
		if n > 1 {
			what = walk.Next(line)
		} else if head, ok := ParseLogLine(line); ok && head.Conversation == id {
			walk.Begin(head)
		} else {
			what = NotLogLine(line)
		}
		if what != "" {
			return &IntegrityError{fmt.Sprintf("%s:%d", path, n), what}
		}
		return yield(line)
	}
}

// Walk holds lines of a transcript to the chain, one after another. If it begins with the log line (Begin), it also
// holds each entry to what this program writes: a person who changes lines can make all sums behind them fit.
type Walk struct {
	Head LogLine // zero: the walk began further down
	Seq  protocol.Seq
	Sum  protocol.Sum  // of the entry Seq
	Time protocol.Time // of the entry Seq

	scratch []byte // the salt and the wire bytes of the entry before
	again   []byte
}

// Begin begins the walk with the log line.
func (w *Walk) Begin(head LogLine) { w.Head, w.Sum, w.Time = head, head.Sum, head.Time }

// Next takes one more line, newline left out, and returns what is wrong with it, or "".
func (w *Walk) Next(line []byte) string {
	e, ok := ParseEntryLine(line)
	if !ok {
		return NotEntry(line)
	}
	seq, ok := protocol.EntrySeq(line)
	if !ok || seq != w.Seq+1 {
		return fmt.Sprintf("it should be entry %d", w.Seq+1)
	}
	before := w.Time
	if w.Time, ok = EntryTime(e.Wire); !ok {
		return fmt.Sprintf("entry %d has no time", seq)
	}
	var sum protocol.Sum
	if sum, w.scratch = e.chainSum(w.scratch, w.Sum); sum != e.Sum {
		return fmt.Sprintf("the sum of entry %d does not hold: it or a line before it was changed", seq)
	}
	w.Seq, w.Sum = seq, e.Sum
	switch {
	case w.Head.Conversation == "":
		return ""
	case w.Time < before:
		return fmt.Sprintf(
			"entry %d is dated before the one before it, and time never goes back: somebody changed it", seq)
	default:
		return w.foreign(w.scratch[SaltLen:])
	}
}

// foreign returns what in an entry's wire bytes this program would not have written there, or "".
func (w *Walk) foreign(wire []byte) string {
	m, bad := protocol.ParseMessage(wire)
	switch {
	case bad != nil:
		return fmt.Sprintf("entry %d cannot be read: %s", w.Seq, bad.Reason)
	case m.Conversation != w.Head.Conversation:
		return fmt.Sprintf("entry %d is of the conversation %.80q", w.Seq, m.Conversation)
	case w.Seq == 1 && m.Log != w.Head.Log:
		return fmt.Sprintf("entry 1 has the log %.40q, and the first line has %q", m.Log, w.Head.Log)
	case w.Seq != 1 && m.Log != "":
		return fmt.Sprintf("entry %d has a log, which entry 1 alone has", w.Seq)
	}
	w.again = m.AppendJSON(w.again[:0], nil)
	if m.Redacted || !bytes.Equal(w.again, wire) || !utf8.Valid(wire) {
		return fmt.Sprintf("entry %d is not written as this program writes: somebody changed it", w.Seq)
	}
	return ""
}
