package disk

import (
	"fmt"
	"slices"

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
// as the record. The lines come one after another, the log line first.
func chained(id protocol.ConversationID, path string, yield func(line []byte) error) func(line []byte) error {
	var walk chainWalk
	n := 0
	return func(line []byte) error {
		n++
		what := ""
		if n > 1 {
			what = walk.next(line)
		} else if head, ok := parseLogLine(line); ok && head.conversation == id {
			walk.sum = head.sum
		} else {
			what = notLogLine(line)
		}
		if what != "" {
			return &notWholeError{fmt.Sprintf("%s:%d", path, n), what}
		}
		return yield(line)
	}
}

// chainWalk holds lines of a transcript against the chain, one after another.
type chainWalk struct {
	seq     protocol.Seq
	sum     protocol.Sum
	time    protocol.Time
	scratch []byte
}

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
	if w.time, ok = entryTime(e.head); !ok {
		return fmt.Sprintf("entry %d has no time", seq)
	}
	var sum protocol.Sum
	if sum, w.scratch = e.chain(w.scratch, w.sum); sum != e.sum {
		return fmt.Sprintf("the sum of entry %d does not hold: it or a line before it was changed", seq)
	}
	w.seq, w.sum = seq, e.sum
	return ""
}
