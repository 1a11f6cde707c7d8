package disk

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/recordtest"
	"verbatim/protocol"
)

// fill puts n messages of about 100 bytes of text into a conversation, as fast as the record takes them.
func fill(t testing.TB, r *Record, id string, n int) {
	t.Helper()
	const text = "The quick brown fox jumps over the lazy dog, again and again, until somebody writes another message."
	for done := 0; done < n; {
		sends := make([]*persistence.Send, min(1000, n-done))
		for i := range sends {
			sends[i] = recordtest.Say(id, "ann", fmt.Sprint("m-", fresh.Add(1)), text)
		}
		recordtest.Commit(r, sends...)
		for _, s := range sends {
			if s.Err != nil {
				t.Fatal(s.Err)
			}
		}
		done += len(sends)
	}
}

// fresh makes ids that no test uses twice.
var fresh atomic.Int64

// BenchmarkCommit: one message at a time, each with its own sync. It must cost the same however long the conversation.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{10, 10_000, 1_000_000} {
		b.Run(fmt.Sprint("messages=", n), func(b *testing.B) {
			r := open(b, b.TempDir(), Options{})
			fill(b, r, "lobby", n)
			var i int
			for b.Loop() {
				s := recordtest.Say("lobby", "bob", fmt.Sprint(i), "hello")
				if recordtest.Commit(r, s); s.Err != nil {
					b.Fatal(s.Err)
				}
				i++
			}
		})
	}
}

// BenchmarkPrepareDedup: what a message with an id costs before its Commit, and when that lets go of what it knew.
func BenchmarkPrepareDedup(b *testing.B) {
	r := open(b, b.TempDir(), Options{})
	b.ReportAllocs()
	sends := []*persistence.Send{recordtest.Say("lobby", "ann", "a1", "hello")}
	for b.Loop() {
		var err error
		if sends[0].Prepared, err = r.PrepareDedup(b.Context(), &sends[0].Message); err != nil {
			b.Fatal(err)
		}
		forgetPrepared(sends)
	}
}

// BenchmarkCommitBatch: a thousand messages of one conversation a sync. What a message costs beside the disk.
func BenchmarkCommitBatch(b *testing.B) {
	r := open(b, b.TempDir(), Options{})
	b.ReportAllocs()
	sends := make([]*persistence.Send, 1000)
	for i := 0; b.Loop(); {
		for k := range sends {
			sends[k] = recordtest.Say("lobby", "ann", fmt.Sprint(i), "The quick brown fox jumps over the lazy dog, again and again.")
			i++
		}
		recordtest.Commit(r, sends...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(sends)), "ns/message")
}

// BenchmarkCommitParallel: many conversations, one message at a time each. They share their syncs.
func BenchmarkCommitParallel(b *testing.B) {
	for _, writers := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("conversations=", writers), func(b *testing.B) {
			var syncs atomic.Int64
			r := open(b, b.TempDir(), Options{OnCommit: func(int, int, time.Duration) { syncs.Add(1) }})
			b.SetParallelism(writers / 2)
			var next atomic.Int64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				id := fmt.Sprint("room-", next.Add(1))
				for i := 0; pb.Next(); i++ {
					s := recordtest.Say(id, "ann", fmt.Sprint(i), "hello")
					if recordtest.Commit(r, s); s.Err != nil {
						b.Error(s.Err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/float64(syncs.Load()), "messages/sync")
		})
	}
}

// BenchmarkRead: sequential catch-up in blocks of 64 kB.
func BenchmarkRead(b *testing.B) {
	const n = 200_000
	r := open(b, b.TempDir(), Options{})
	fill(b, r, "lobby", n)
	entries := 0
	for b.Loop() {
		for seq := protocol.Seq(1); seq <= n; {
			batch, err := r.Read(context.Background(), "lobby", seq, n, 64<<10)
			if err != nil {
				b.Fatal(err)
			}
			entries += batch.Len()
			seq = batch.Last() + 1
		}
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkReadAnywhere: one entry at a random place of a long conversation.
func BenchmarkReadAnywhere(b *testing.B) {
	const n = 1_000_000
	r := open(b, b.TempDir(), Options{})
	fill(b, r, "lobby", n)
	seq := protocol.Seq(1)
	for b.Loop() {
		seq = (seq*7919+104729)%n + 1
		if _, err := r.Read(context.Background(), "lobby", seq, seq, 1); err != nil {
			b.Fatal(err)
		}
	}
}
