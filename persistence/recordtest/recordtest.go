// Package recordtest holds every persistence.Record to what the interface promises.
package recordtest

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Bench is a record under test. Every test gets one of its own.
type Bench struct {
	T      *testing.T
	Record persistence.Record
	// Reopen closes the record and opens it again, as a restart does. nil: it cannot.
	Reopen func() persistence.Record
	// Forget makes the record forget the ids that it need not remember any more. nil: it cannot.
	Forget func()
}

// Run runs the suite. open makes an empty record, which it closes at the test's end.
func Run(t *testing.T, open func(t *testing.T) *Bench) {
	for _, test := range []struct {
		name string
		run  func(*Bench)
	}{
		{"EntriesGetSeqsInOrderAndAreReadAsTheyWereCommitted", entriesInOrder},
		{"ASumChainsToTheOneBefore", sumsChain},
		{"TheSameIDIsRecordedOnce", sameIDOnce},
		{"AFirstEntryNeedsLeaveToCreate", firstNeedsLeave},
		{"TheSameIDInOneBatchIsRecordedOnce", sameIDInOneBatch},
		{"TheSameIDOfAnotherAuthorIsAnother", sameIDOtherAuthor},
		{"TheSameIDWithOtherContentIsAConflict", conflicts},
		{"EqualJSONIsNoConflict", equalJSON},
		{"PrevMustStandOnTheRecord", prev},
		{"TargetMayNotBeBeyondTheLast", target},
		{"TheFirstEntryAndItsAckNameTheLog", firstNamesLog},
		{"ASendForAnotherLogIsRefused", sendForLog},
		{"EachEntrysSumIsFoundAgain", sumsFound},
		{"AConversationExistsFromItsFirstEntry", existence},
		{"ReadsKeepTheirBounds", readBounds},
		{"ReadsHaveNoSeam", noSeam},
		{"LinesAreTheWireBytesWithSaltAndSum", lines},
		{"TheListIsSortedAndPaged", list},
		{"TheNewestComeFirstAndEachOnceWhateverIsSaidMeanwhile", newestFirst},
		{"TheNewestAreAsFreshAsTheLastCommit", newestFresh},
		{"AListOfTheNewestGoesOnAfterARestart", newestAfterRestart},
		{"MarksNeverGoBack", marks},
		{"ARestartChangesNothing", restart},
		{"AResendAfterARestartIsADuplicate", resendAfterRestart},
		{"ALateResendWithSinceIsRecordedOnce", lateResend},
		{"ALargeBatchIsRecorded", largeBatch},
		{"ConversationsDoNotDisturbEachOther", concurrent},
		{"TurnsThatShareACommitAreAsIfEachWereAlone", together},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := open(t)
			b.T = t
			test.run(b)
		})
	}
}

// Say makes a send. id may be "".
func Say(conversation, author, id, text string) *persistence.Send {
	return &persistence.Send{Message: persistence.Message{
		Conversation: protocol.ConversationID(conversation), Author: protocol.UserID(author),
		ID: protocol.MessageID(id), Text: strconv.Quote(text),
	}}
}

// Commit prepares and commits sends of one conversation, as a Store does.
func (b *Bench) Commit(sends ...*persistence.Send) *persistence.Entries {
	b.T.Helper()
	for _, s := range sends {
		prepared, err := b.Record.PrepareDedup(context.Background(), &s.Message)
		if err != nil {
			b.T.Fatalf("PrepareDedup: %v", err)
		}
		s.Prepared = prepared
	}
	return Commit(b.Record, sends...)
}

// Commit commits sends of one conversation.
func Commit(record persistence.Record, sends ...*persistence.Send) *persistence.Entries {
	t := &persistence.AppendRequest{Conversation: sends[0].Conversation, Sends: sends}
	record.Commit([]*persistence.AppendRequest{t})
	return t.Entries
}

// CommitAll commits append requests together, and after that one by one those with Retry set, as a Store does. It
// returns the number of the latter.
func CommitAll(record persistence.Record, appends ...*persistence.AppendRequest) (retried int) {
	record.Commit(appends)
	for _, t := range appends {
		if t.Retry {
			retried++
			t.Retry = false
			record.Commit([]*persistence.AppendRequest{t})
		}
	}
	return retried
}

// Accept commits sends that must be accepted.
func (b *Bench) Accept(sends ...*persistence.Send) *persistence.Entries {
	b.T.Helper()
	entries := b.Commit(sends...)
	for i, s := range sends {
		if s.Err != nil || s.Duplicate {
			b.T.Fatalf("send %d (%s): err %v, duplicate %v; want it accepted", i, s.Text, s.Err, s.Duplicate)
		}
	}
	return entries
}

// Fill accepts n entries, size at a time.
func (b *Bench) Fill(conversation string, n, size int) {
	b.T.Helper()
	for i := 0; i < n; i += size {
		var sends []*persistence.Send
		for k := i; k < min(n, i+size); k++ {
			sends = append(sends, Say(conversation, "ann", "", fmt.Sprint("message ", k+1)))
		}
		b.Accept(sends...)
	}
}

// Code gives a send's error code; "": none.
func Code(s *persistence.Send) protocol.Code {
	if s.Err == nil {
		return ""
	}
	return s.Err.Code
}

// All reads a conversation from an entry on to its end.
func (b *Bench) All(conversation string, from protocol.Seq) (wires []string) {
	b.T.Helper()
	tail := b.Tail(conversation)
	for seq := from; seq <= tail.Last; {
		entries, err := b.Record.Read(context.Background(), protocol.ConversationID(conversation), seq, tail.Last, 64<<10)
		if err != nil {
			b.T.Fatalf("Read from %d: %v", seq, err)
		}
		if entries.First != seq || entries.Len() < 1 {
			b.T.Fatalf("Read from %d gave %d entries from %d on", seq, entries.Len(), entries.First)
		}
		for ; seq <= entries.Last(); seq++ {
			wire := entries.Wire(seq)
			if got, ok := protocol.EntrySeq(wire); !ok || got != seq {
				b.T.Fatalf("entry %d says that it is %d: %s", seq, got, wire)
			}
			wires = append(wires, string(wire))
		}
	}
	return wires
}

// Tail gives how far a conversation has come.
func (b *Bench) Tail(conversation string) persistence.Tail {
	b.T.Helper()
	tail, err := b.Record.Tail(protocol.ConversationID(conversation))
	if err != nil {
		b.T.Fatalf("Tail: %v", err)
	}
	return tail
}
