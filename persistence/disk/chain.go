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
		return "it does not end in salt and sum"
	}
	seq, ok := protocol.EntrySeq(line)
	if !ok || seq != w.seq+1 {
		return fmt.Sprintf("it should be entry %d", w.seq+1)
	}
	if w.time, ok = entryTime(e.head); !ok {
		return fmt.Sprintf("entry %d has no time", seq)
	}
	w.scratch = slices.Grow(w.scratch[:0], len(line))
	if chain(w.sum, e.content(w.scratch)) != e.sum {
		return fmt.Sprintf("the sum of entry %d does not hold: it or a line before it was changed", seq)
	}
	w.seq, w.sum = seq, e.sum
	return ""
}
