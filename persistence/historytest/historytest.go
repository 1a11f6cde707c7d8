// Package historytest is what every persistence.History must pass.
package historytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Open makes an empty history that keeps `size` entries of a conversation for ttl. The test closes it.
type Open func(t *testing.T, size int, ttl time.Duration) persistence.History

// Run holds a history to its promises.
func Run(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		size int
		ttl  time.Duration
		run  func(*bench)
	}{
		{"WhatWasAppendedIsGivenBack", 100, time.Hour, givenBack},
		{"ARangeKeepsItsBounds", 100, time.Hour, bounds},
		{"SmallBatchesAreReadTogether", 100, time.Hour, together},
		{"NothingIsGivenAcrossAGap", 100, time.Hour, gap},
		{"OlderEntriesAreRefilled", 100, time.Hour, refilled},
		{"OverlapsAreGivenOnce", 100, time.Hour, overlaps},
		{"AnotherLogIsAnotherStory", 100, time.Hour, otherLog},
		{"TheNewestAreKept", 20, time.Hour, newest},
		{"AWholeBatchMayBeAboveTheSize", 20, time.Hour, large},
		{"ConversationsAreKeptApart", 100, time.Hour, apart},
		{"EntriesExpire", 100, 300 * time.Millisecond, expires},
		{"AClosedHistoryIsEmpty", 100, time.Hour, closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &bench{T: t, h: open(t, test.size, test.ttl)}
			defer b.h.Close(context.Background())
			test.run(b)
		})
	}
}

const (
	lobby   protocol.ConversationID = "lobby"
	kitchen protocol.ConversationID = "kitchen"
	logA    protocol.LogID          = "0123456789abcdef0123456789abcdef"
	logB    protocol.LogID          = "fedcba9876543210fedcba9876543210"
	page                            = 1 << 20
)

func givenBack(b *bench) {
	b.append(lobby, logA, 1, 5)
	b.append(lobby, logA, 6, 6)
	b.wantAll(lobby, logA, 1, 6)
	b.wantAll(lobby, logA, 4, 6)
	b.wantNone(lobby, logA, 7, 9)
}

func bounds(b *bench) {
	b.append(lobby, logA, 1, 10)
	b.settle()
	if got := b.read(lobby, logA, 3, 5, page); got.First != 3 || got.Last() != 5 {
		b.Errorf("3 to 5 gave %d to %d", got.First, got.Last())
	}
	if got := b.read(lobby, logA, 3, 10, 1); got.First != 3 || got.Last() != 3 {
		b.Errorf("a page of one byte gave %d to %d, want the entry 3 alone", got.First, got.Last())
	}
	two := len(Entries(lobby, 3, 4).Frames)
	if got := b.read(lobby, logA, 3, 10, two); got.Last() != 4 {
		b.Errorf("a page of two entries' bytes ended at %d, want 4", got.Last())
	}
	if got := b.read(lobby, logA, 3, 10, two+1); got.Last() != 4 {
		b.Errorf("a page of two entries' bytes and one more ended at %d, want 4", got.Last())
	}
}

func together(b *bench) {
	for seq := protocol.Seq(1); seq <= 90; seq++ {
		b.append(lobby, logA, seq, seq)
	}
	b.settle()
	if got := b.read(lobby, logA, 11, 80, page); got.First != 11 || got.Last() != 80 {
		b.Errorf("one read gave %d to %d, want 11 to 80", got.First, got.Last())
	}
}

func gap(b *bench) {
	b.append(lobby, logA, 1, 4)
	b.append(lobby, logA, 8, 9)
	b.settle()
	b.wantAll(lobby, logA, 8, 9)
	b.wantNone(lobby, logA, 5, 9)
	b.wantNone(lobby, logA, 7, 7)
	if got := b.read(lobby, logA, 1, 9, page); got != nil && got.Last() != 4 {
		b.Errorf("a read from 1 ended at %d, want 4 or nothing", got.Last())
	}
}

func refilled(b *bench) {
	b.append(lobby, logA, 50, 60)
	b.append(lobby, logA, 40, 49)
	b.append(lobby, logA, 38, 44) // overlaps
	b.wantAll(lobby, logA, 38, 60)
	b.wantNone(lobby, logA, 37, 60)
}

func overlaps(b *bench) {
	b.append(lobby, logA, 10, 20)
	b.append(lobby, logA, 12, 15)
	b.append(lobby, logA, 10, 20)
	b.append(lobby, logA, 18, 25)
	b.append(lobby, logA, 5, 30)
	b.wantAll(lobby, logA, 5, 30)
}

func otherLog(b *bench) {
	b.append(lobby, logA, 1, 9)
	b.settle()
	b.wantNone(lobby, logB, 1, 9)
	b.append(lobby, logB, 1, 3)
	b.wantAll(lobby, logB, 1, 3)
	b.wantNone(lobby, logB, 4, 9)
}

func newest(b *bench) {
	for seq := protocol.Seq(1); seq <= 100; seq++ {
		b.append(lobby, logA, seq, seq)
	}
	b.wantAll(lobby, logA, 81, 100)
	b.wantNone(lobby, logA, 1, 100)
	b.append(lobby, logA, 1, 5) // older than what is kept
	b.settle()
	b.wantAll(lobby, logA, 81, 100)
}

func large(b *bench) {
	b.append(lobby, logA, 1, 70)
	b.wantAll(lobby, logA, 51, 70)
	b.append(lobby, logA, 71, 140)
	b.wantAll(lobby, logA, 121, 140)
	b.wantNone(lobby, logA, 50, 140)
}

func apart(b *bench) {
	b.append(lobby, logA, 1, 3)
	b.append(kitchen, logB, 1, 5)
	b.wantAll(lobby, logA, 1, 3)
	b.wantAll(kitchen, logB, 1, 5)
	b.wantNone(lobby, logA, 4, 5)
	b.wantNone(lobby, logB, 1, 5)
}

func expires(b *bench) {
	b.append(lobby, logA, 1, 3)
	b.until("the entries are gone", func() bool { return b.read(lobby, logA, 1, 3, page) == nil })
}

func closed(b *bench) {
	b.append(lobby, logA, 1, 3)
	if err := b.h.Close(context.Background()); err != nil {
		b.Errorf("close: %v", err)
	}
	b.append(lobby, logA, 4, 5)
	if got := b.read(lobby, logA, 1, 5, page); got != nil {
		b.Errorf("a closed history gave %d to %d", got.First, got.Last())
	}
}

// Entries returns entries as a record would make them.
func Entries(id protocol.ConversationID, from, to protocol.Seq) *persistence.Entries {
	entries := &persistence.Entries{First: from, At: 1}
	for seq := from; seq <= to; seq++ {
		message := protocol.Message{
			Conversation: id, Seq: seq, From: "ann", Time: protocol.Time(seq) * 1e6,
			Text: fmt.Sprintf(`"this is entry %d, \"quoted\", for %s"`, seq, id),
		}
		entries.Add(message.AppendJSON(nil, nil))
	}
	return entries
}
