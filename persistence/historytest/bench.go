package historytest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// bench is one history under test and the words of the suite.
type bench struct {
	*testing.T
	h       persistence.History
	markers int
}

func (b *bench) append(id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq) {
	b.h.Append(id, log, Entries(id, from, to))
}

func (b *bench) read(
	id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq, maxBytes int,
) *persistence.Entries {
	b.Helper()
	var got *persistence.Entries
	var err error
	// A busy Redis may miss a read's time limit.
	b.until(fmt.Sprintf("%s %d to %d can be asked for", id, from, to), func() bool {
		got, err = b.h.Range(context.Background(), id, log, from, to, maxBytes)
		return err == nil
	})
	if got != nil {
		b.check(got, id, from, to)
	}
	return got
}

// check holds whatever is given to the truth: the right bytes, in place, within the bounds.
func (b *bench) check(got *persistence.Entries, id protocol.ConversationID, from, to protocol.Seq) {
	b.Helper()
	if err := Check(got, id, from, to); err != nil {
		b.Fatal(err)
	}
}

// Check says what is wrong with an answer for entries that Entries has made.
func Check(got *persistence.Entries, id protocol.ConversationID, from, to protocol.Seq) error {
	if got.Len() == 0 || got.First != from || got.Last() > to {
		return fmt.Errorf("asked for %d to %d, got %d to %d", from, to, got.First, got.Last())
	}
	if got.At != 0 {
		return fmt.Errorf("entries that were read back have the time %d, want 0", got.At)
	}
	want := Entries(id, from, got.Last())
	if !bytes.Equal(got.Frames, want.Frames) {
		return fmt.Errorf("the frames %d to %d are\n%q, want\n%q", got.First, got.Last(), got.Frames, want.Frames)
	}
	for seq := from; seq <= got.Last(); seq++ {
		if !bytes.Equal(got.Wire(seq), want.Wire(seq)) {
			return fmt.Errorf("entry %d is %q, want %q", seq, got.Wire(seq), want.Wire(seq))
		}
	}
	return nil
}

// wantAll waits until the history gives all of from to `to`, by as many reads as it needs.
func (b *bench) wantAll(id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq) {
	b.Helper()
	b.until(fmt.Sprintf("%d to %d can be read", from, to), func() bool {
		next := from
		for next <= to {
			got := b.read(id, log, next, to, page)
			if got == nil {
				return false
			}
			next = got.Last() + 1
		}
		return true
	})
}

// wantNone says that an entry must not be there, once all that was appended before has arrived.
func (b *bench) wantNone(id protocol.ConversationID, log protocol.LogID, from, to protocol.Seq) {
	b.Helper()
	b.settle()
	if got := b.read(id, log, from, to, page); got != nil {
		b.Errorf("%s %d to %d: got %d to %d, want nothing", id, from, to, got.First, got.Last())
	}
}

// settle waits until what was appended has arrived. A history writes round trip after round trip, but one round trip
// may go to several servers at once: a marker can overtake what was appended before it, the next marker cannot.
func (b *bench) settle() {
	b.Helper()
	for range 2 {
		b.markers++
		id := protocol.ConversationID(fmt.Sprintf("marker-%d", b.markers))
		b.append(id, logA, 1, 1)
		b.until("the marker has arrived", func() bool { return b.read(id, logA, 1, 1, page) != nil })
	}
}

func (b *bench) until(what string, met func() bool) {
	b.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(2 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			b.Fatalf("waited a minute and it is not so that %s", what)
		}
	}
}
