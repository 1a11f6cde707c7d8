package hub

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"verbatim/protocol"
)

func TestAllWhoAskAtOnceGetTheSameConversation(t *testing.T) {
	const askers, ids = 8, 50
	table := newTable()
	var made atomic.Int64
	got := make([][]*Conversation, askers)
	var asking sync.WaitGroup
	for a := range askers {
		asking.Go(func() {
			for i := range ids {
				id := protocol.ConversationID(fmt.Sprint("c", i))
				got[a] = append(got[a], table.findOrMake(id, func(id protocol.ConversationID, _ uint64) *Conversation {
					made.Add(1)
					return &Conversation{ID: id}
				}))
			}
		})
	}
	asking.Wait()
	if made.Load() != ids || table.size.Load() != ids {
		t.Errorf("%d were made, and %d are counted, want %d", made.Load(), table.size.Load(), ids)
	}
	for a := range got {
		for i, c := range got[a] {
			if c != got[0][i] || c != table.find(c.ID) {
				t.Fatalf("asker %d has another conversation %s", a, c.ID)
			}
		}
	}
}

func TestTheSuccessorOfAConversationThatEndedStays(t *testing.T) {
	table := newTable()
	newOne := func(id protocol.ConversationID, _ uint64) *Conversation { return &Conversation{ID: id} }
	first := table.findOrMake("lobby", newOne)
	table.remove(first)
	if c := table.find("lobby"); c != nil {
		t.Error("a conversation that was removed is found")
	}
	second := table.findOrMake("lobby", newOne)
	if second == first || table.find("lobby") != second || table.size.Load() != 1 {
		t.Error("its successor is not found, or is not counted as one")
	}
}
