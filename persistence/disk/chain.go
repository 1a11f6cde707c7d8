package disk

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"verbatim/persistence"
	"verbatim/protocol"
)

// goOn follows the chain of sums through lines, and says how far it holds.
func goOn(tail persistence.Tail, rest []byte) (persistence.Tail, int64) {
	w := &chainWalk{seq: tail.Last, sum: tail.Sum}
	done := int64(0)
	for {
		n := slices.Index(rest[done:], '\n')
		if n < 0 || w.next(rest[done:done+int64(n)]) != "" {
			return tail, done
		}
		done += int64(n) + 1
		tail.Last, tail.Time, tail.Sum = w.seq, w.time, w.sum
	}
}

// chained holds the lines of a transcript to the chain of sums before yield gets them: what somebody changed is not passed on
// as the record. The lines come one after another, the log line first; walk is where they have come.
func chained(
	walk *chainWalk, id protocol.ConversationID, path string, yield func(line []byte) error,
) func(line []byte) error {
	n := 0
	return func(line []byte) error {
		n++
		what := ""
		if n > 1 {
			what = walk.next(line)
		} else if head, ok := parseLogLine(line); ok && head.conversation == id {
			walk.begin(head)
		} else {
			what = notLogLine(line)
		}
		if what != "" {
			return &notWholeError{fmt.Sprintf("%s:%d", path, n), what}
		}
		return yield(line)
	}
}

// chainWalk holds lines of a transcript against the chain, one after another. Where it begins with the log line, it also
// holds each entry to what this program writes: a person who changes lines can make all sums behind them fit.
type chainWalk struct {
	head    logLine // of no conversation: the walk began further down
	seq     protocol.Seq
	sum     protocol.Sum
	time    protocol.Time
	scratch []byte // the salt and the wire bytes of the entry before
	again   []byte
}

// begin takes the log line.
func (w *chainWalk) begin(head logLine) { w.head, w.sum, w.time = head, head.sum, head.time }

// next takes one more line, newline left out, and says what is wrong with it; "": nothing is.
func (w *chainWalk) next(line []byte) string {
	e, ok := parseEntryLine(line)
	if !ok {
		return notEntry(line)
	}
	seq, ok := protocol.EntrySeq(line)
	if !ok || seq != w.seq+1 {
		return fmt.Sprintf("it should be entry %d", w.seq+1)
	}
	before := w.time
	if w.time, ok = entryTime(e.head); !ok {
		return fmt.Sprintf("entry %d has no time", seq)
	}
	var sum protocol.Sum
	if sum, w.scratch = e.chain(w.scratch, w.sum); sum != e.sum {
		return fmt.Sprintf("the sum of entry %d does not hold: it or a line before it was changed", seq)
	}
	w.seq, w.sum = seq, e.sum
	switch {
	case w.head.conversation == "":
		return ""
	case w.time < before:
		return fmt.Sprintf("entry %d is dated before the one before it, and time never goes back: somebody changed it", seq)
	default:
		return w.foreign(w.scratch[saltLen:])
	}
}

// foreign returns what in an entry's wire bytes this program would not have written there, or "".
func (w *chainWalk) foreign(wire []byte) string {
	m, bad := protocol.ParseMessage(wire)
	switch {
	case bad != nil:
		return fmt.Sprintf("entry %d cannot be read: %s", w.seq, bad.Reason)
	case m.Conversation != w.head.conversation:
		return fmt.Sprintf("entry %d is of the conversation %.80q", w.seq, m.Conversation)
	case w.seq == 1 && m.Log != w.head.log:
		return fmt.Sprintf("entry 1 has the log %.40q, and the first line has %q", m.Log, w.head.log)
	case w.seq != 1 && m.Log != "":
		return fmt.Sprintf("entry %d has a log, which entry 1 alone has", w.seq)
	}
	w.again = m.AppendJSON(w.again[:0], nil)
	if m.Redacted || !bytes.Equal(w.again, wire) || !utf8.Valid(wire) {
		return fmt.Sprintf("entry %d is not written as this program writes: somebody changed it", w.seq)
	}
	return ""
}
