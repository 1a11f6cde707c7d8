package disk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/vfs/vfstest"
	"verbatim/protocol"
)

// life is conversations over many starts and crashes: what was acked, at which seq.
type life struct {
	t      *testing.T
	mu     sync.Mutex
	acked  map[protocol.ConversationID]map[protocol.Seq]string
	refuse int
	next   int
}

// talk sends messages to some conversations until stop, together. Those that are refused are sent again with the same
// id, some of them, and some messages that were acked too.
func (l *life) talk(r *Record, ids []string, random *rand.Rand, stop <-chan struct{}) {
	again := make(map[string][]*persistence.Send)
	for {
		select {
		case <-stop:
			return
		default:
		}
		var appends []*persistence.AppendRequest
		for _, id := range ids {
			sends := again[id]
			again[id] = nil
			for range 1 + random.IntN(5) {
				l.mu.Lock()
				l.next++
				n := l.next
				l.mu.Unlock()
				sends = append(sends, recordtest.Say(id, "ann", fmt.Sprint("id-", n), strings.Repeat("z", random.IntN(3000))))
			}
			appends = append(appends, &persistence.AppendRequest{Conversation: protocol.ConversationID(id), Sends: sends})
		}
		recordtest.CommitAll(r, appends...)
		if r.Ready() != nil {
			select {
			case <-stop:
			case <-time.After(time.Millisecond): // nobody sends without a pause to who refuses
			}
		}
		for _, t := range appends {
			l.note(t.Conversation, t.Sends, t.Entries)
			for _, s := range t.Sends {
				if s.Err != nil && random.IntN(2) == 0 || random.IntN(10) == 0 {
					copied := *s
					copied.Err = nil
					again[string(t.Conversation)] = append(again[string(t.Conversation)], &copied)
				}
			}
		}
	}
}

// note keeps what was acked, and holds the acks against each other.
func (l *life) note(id protocol.ConversationID, sends []*persistence.Send, entries *persistence.Entries) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acked[id] == nil {
		l.acked[id] = make(map[protocol.Seq]string)
	}
	accepted := 0
	for _, s := range sends {
		if s.Err != nil {
			l.refuse++
			continue
		}
		if !s.Duplicate {
			accepted++
			l.acked[id][s.Seq] = string(entries.Wire(s.Seq))
		}
		if wire, ok := l.acked[id][s.Seq]; ok && !strings.Contains(wire, fmt.Sprintf(`"id":"%s"`, s.ID)) {
			l.t.Errorf("%s was acked at %d of %s, where %.120s stands", s.ID, s.Seq, id, wire)
		}
	}
	if n := lengthOf(entries); n != accepted {
		l.t.Errorf("there are %d entries, and %d sends were accepted", n, accepted)
	}
}

func lengthOf(b *persistence.Entries) int {
	if b == nil {
		return 0
	}
	return b.Len()
}

// check holds a record against what was acked: all of that is there, and every id once.
func (l *life) check(b *recordtest.Bench) {
	l.t.Helper()
	for id, acked := range l.acked {
		wires := []string{}
		if b.Tail(string(id)).Log != "" {
			wires = b.All(string(id), 1)
		}
		seen := make(map[string]bool)
		for i, wire := range wires {
			m, err := protocol.ParseMessage([]byte(wire))
			if err != nil || seen[string(m.ID)] {
				l.t.Fatalf("%s: entry %d: %v, or its id %s stands twice", id, i+1, err, m.ID)
			}
			seen[string(m.ID)] = true
		}
		for seq, wire := range acked {
			if int(seq) > len(wires) || wires[seq-1] != wire {
				l.t.Fatalf("%s: entry %d was acked as %.150s, and is lost or another of %d", id, seq, wire, len(wires))
			}
		}
	}
}

// TestNothingAckedIsLostWhateverFailsWhenThePowerIsCut runs several lives of a record on a disk that fails now and
// then, ends each at a random moment, by kill -9 or by cutting the power, keeps then of what was not synced a random
// part, and starts again.
func TestNothingAckedIsLostWhateverFailsWhenThePowerIsCut(t *testing.T) {
	t.Parallel()
	rounds := 6 // each kind of trouble twice; the simulation goes on where this ends
	if testing.Short() {
		rounds = 3
	}
	for seed := range rounds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 7))
			l := &life{t: t, acked: make(map[protocol.ConversationID]map[protocol.Seq]string)}
			fs := newPowerFS(random.Uint64())
			for start := range 6 {
				l.live(fs, random, seed%3)
				if random.IntN(2) == 0 { // kill -9: what was not synced is in the page cache still
					fs = fs.Kill()
				} else {
					fs = fs.Cut()
				}
				fs.SetFault(nil)
				if _, err := verifyOn(t, fs, powerDir); err != nil {
					lines, _ := verifyOn(t, fs, powerDir)
					t.Fatalf("after crash %d: %v: %v", start, err, lines)
				}
			}
			r := open(t, powerDir, Options{FS: fs.Cut(), SegmentSize: 128 << 10})
			l.check(&recordtest.Bench{T: t, Record: r})
			total := 0
			for _, acked := range l.acked {
				total += len(acked)
			}
			t.Logf("%d entries acked, %d sends refused", total, l.refuse)
		})
	}
}

// live opens a record, checks it, lets it talk for a while, and ends it in the middle.
func (l *life) live(fs *vfstest.FS, random *rand.Rand, trouble int) {
	r, err := Open(l.t.Context(), powerDir, Options{FS: fs, SegmentSize: 128 << 10, Retry: time.Millisecond})
	if err != nil {
		l.t.Fatal(err)
	}
	l.check(&recordtest.Bench{T: l.t, Record: r})
	errIO := errors.New("input/output error")
	cutAt, operations, cut := 100+random.IntN(1000), 0, make(chan struct{})
	faults := rand.New(rand.NewPCG(random.Uint64(), 2))
	fs.SetFault(func(op, path string) error {
		if operations++; operations == cutAt {
			close(cut)
		}
		if trouble > 0 && (op == "sync" || op == "write") && faults.IntN(40/trouble) == 0 {
			return errIO
		}
		if trouble > 1 && faults.IntN(60) == 0 {
			return errIO
		}
		return nil
	})
	stop := make(chan struct{})
	var talkers sync.WaitGroup
	for _, ids := range [][]string{{"room-0"}, {"room-1"}, {"room-2", "room-3", "room-4"}} {
		mine := rand.New(rand.NewPCG(random.Uint64(), 3))
		talkers.Go(func() { l.talk(r, ids, mine, stop) })
	}
	talkers.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_ = r.checkpoints.checkpoint(context.Background())
			}
		}
	})
	select {
	case <-cut:
	case <-time.After(3 * time.Second):
	}
	fs.Off()
	close(stop)
	talkers.Wait()
	r.abandon()
}
