package hub

import (
	"math/rand/v2"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"verbatim/persistence"
	"verbatim/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func someEntries(first protocol.Seq, entries, size int) *persistence.Entries {
	b := &persistence.Entries{First: first}
	for i := range entries {
		text := `"` + string(make([]byte, size)) + `"`
		m := protocol.Message{Conversation: "lobby", Seq: first + protocol.Seq(i), From: "ann", Text: text}
		b.Add(m.AppendJSON(nil, nil))
	}
	return b
}

// The ring is compared with a list that forgets nothing: what it finds must be right, and the newest must be found.
func TestTheRingFindsTheNewestAndNeverTheWrongEntry(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		var r ring
		var all []*persistence.Entries // by the index of each entry
		next := protocol.Seq(1)
		bytes := 0
		for range random.IntN(3000) + 1 {
			if random.IntN(200) == 0 {
				next += protocol.Seq(random.IntN(5)) // a hole, as after a run that another node lost
			}
			b := someEntries(next, random.IntN(4)+1, random.IntN(3000))
			if !r.put(b) {
				t.Fatal("a new run was passed over")
			}
			if r.put(b) {
				t.Fatal("a run was taken twice")
			}
			all = append(all, b)
			next = b.Last() + 1
			bytes += len(b.Frames)
			if random.IntN(500) == 0 {
				r.clear()
				bytes = 0
			}
			want := protocol.Seq(random.Uint64N(uint64(next)) + 1)
			got, n := r.find(want, random.Uint64N(uint64(len(all))+3))
			if got != nil && (!got.Holds(want) || all[n] != got) {
				t.Fatalf("round %d: looked for %d, found %d to %d", round, want, got.First, got.Last())
			}
			if got, _ := r.find(b.Last(), 0); bytes > 0 && got != b {
				t.Fatalf("round %d: the newest entry was not found", round)
			}
		}
		if r.bytes > ringMaxBytes && r.next.Load()-r.oldest > 1 {
			t.Errorf("the ring holds %d bytes", r.bytes)
		}
	}
}

func TestReadersOfTheRingNeedNoLock(t *testing.T) {
	var r ring
	const last = 20_000
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			missed, at, hint := 0, protocol.Seq(0), uint64(0)
			for at < last {
				if at >= protocol.Seq(r.last.Load()) {
					continue
				}
				b, n := r.find(at+1, hint)
				if b == nil {
					missed++
					at++ // a session would read it from the record
					continue
				}
				if !b.Holds(at + 1) {
					t.Errorf("looked for %d, found %d to %d", at+1, b.First, b.Last())
					return
				}
				at, hint = b.Last(), n+1
			}
		})
	}
	for seq := protocol.Seq(1); seq <= last; {
		b := someEntries(seq, 1+int(seq%3), 50)
		r.put(b)
		seq = b.Last() + 1
	}
	readers.Wait()
}

func BenchmarkRingPutAndFind(b *testing.B) {
	var r ring
	one := someEntries(1, 1, 100)
	b.ReportAllocs()
	seq := protocol.Seq(1)
	for b.Loop() {
		r.put(&persistence.Entries{First: seq, Frames: one.Frames, Ends: one.Ends})
		if got, _ := r.find(seq, uint64(seq-1)); got == nil {
			b.Fatal("not found")
		}
		seq++
	}
}
