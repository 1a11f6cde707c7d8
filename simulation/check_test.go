package simulation

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/inspect"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// dataDir is where the data directory lies in the simulated file system.
const dataDir = "/data"

// check compares a record after a start with all that was promised. If whole is set it reads everything, else only what
// is in memory anyway.
func (m *model) check(when string, store persistence.Record, whole bool) {
	m.mu.Lock()
	last := make(map[protocol.ConversationID]protocol.Seq)
	logs := make(map[protocol.ConversationID]protocol.LogID)
	for id, r := range m.conversations {
		last[id], logs[id] = r.last, r.log
	}
	m.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(last)) {
		tail, err := store.Tail(id)
		if err != nil || tail.Last < last[id] || logs[id] != "" && tail.Log != logs[id] {
			m.w.fail("%s: the tail of %s is %+v, %v; entry %d was acked or seen, in the log %q",
				when, id, tail, err, last[id], logs[id])
			continue
		}
		m.mu.Lock()
		m.conversation(id).log = tail.Log
		m.mu.Unlock()
		if whole && tail.Last > 0 {
			m.checkEntries(when, store, id, tail)
			m.checkMarks(when, store, id, tail.Last)
		}
	}
}

func (m *model) checkEntries(when string, store persistence.Record, id protocol.ConversationID, tail persistence.Tail) {
	at := make(map[protocol.MessageID]protocol.Seq) // by id alone: no two authors use the same
	last := protocol.Time(0)
	for next := protocol.Seq(1); next <= tail.Last; {
		batch, err := store.Read(context.Background(), id, next, tail.Last, 64<<10)
		for attempts := 0; err != nil && attempts < 5 && m.w.lateFaults.get() > 0; attempts++ {
			time.Sleep(time.Second) // the transcript is being written again
			batch, err = store.Read(context.Background(), id, next, tail.Last, 64<<10)
		}
		if err != nil || batch.First != next || batch.Len() == 0 {
			m.w.fail("%s: reading %s from %d on: %v, %+v", when, id, next, err, batch)
			return
		}
		for ; next <= batch.Last(); next++ {
			wire := string(batch.Wire(next))
			m.saw(when, id, next, wire)
			p, bad := protocol.ParseMessage([]byte(wire))
			if bad != nil {
				return
			}
			if p.Time < last {
				m.w.fail("%s: the time goes back at entry %d of %s", when, next, id)
			}
			last = p.Time
			m.checkPrev(when, &p, at)
			at[p.ID] = next
		}
	}
	if last != tail.Time {
		m.w.fail("%s: the tail of %s says the time %d, its last entry %d", when, id, tail.Time, last)
	}
}

func (m *model) checkPrev(when string, p *protocol.Message, at map[protocol.MessageID]protocol.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _ := strconv.Atoi(strings.SplitN(strings.TrimPrefix(p.Text, `"`), " ", 2)[0])
	if n >= len(m.messages) {
		return // saw reports it
	}
	if msg := m.messages[n]; msg.prev != nil && at[msg.prev.id] == 0 {
		m.w.fail("%s: message %d stands at %d of %s, and its prev not before it", when, n, p.Seq, p.Conversation)
	}
}

func (m *model) checkMarks(when string, store persistence.Record, id protocol.ConversationID, last protocol.Seq) {
	marks, err := store.Marks(id)
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.conversation(id)
	for user, k := range r.marks {
		// The record does not fail because of marks that cannot be read.
		lost := marks[user] < k.kept && m.w.readFaults.get() == 0
		if err != nil || marks[user] > k.set || lost || marks[user] > last {
			m.w.fail("%s: the mark of %s in %s is %d, %v; set were up to %d, and it was %d after an earlier start",
				when, user, id, marks[user], err, k.set, k.kept)
		}
		k.kept = max(k.kept, marks[user])
	}
}

// verify checks what a crash left: the chains of sums, and the acks as receipts.
func (m *model) verify(when string, fsys vfs.FS) {
	m.mu.Lock()
	var receipts []transcript.Receipt
	for id, r := range m.conversations {
		for seq, k := range r.acked {
			receipts = append(receipts, transcript.Receipt{ID: id, Seq: seq, Sum: k.sum})
		}
	}
	m.mu.Unlock()
	if _, err := fsys.Names(dataDir + "/transcripts"); err != nil && len(receipts) == 0 {
		return // the first start did not get that far
	}
	err := inspect.VerifyOn(context.Background(), fsys, dataDir, receipts, func(l inspect.Finding) {
		if l.Err != nil {
			m.w.fail("%s: verify: %v", when, l)
		}
	}, nil)
	if err != nil {
		m.w.fail("%s: verify: %v", when, err)
	}
}
