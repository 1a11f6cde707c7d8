package history_test

import (
	"fmt"
	"testing"
	"time"

	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

// benchmarkAppend measures how fast the appender empties its queue into a real Redis: 100 conversations in turn.
func benchmarkAppend(b *testing.B, size protocol.Seq) {
	s := newServer(b)
	h, err := history.OpenRedis(b.Context(), s.url(), dataID, history.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close(b.Context())
	var ids [100]protocol.ConversationID
	var next [100]protocol.Seq
	for i := range ids {
		ids[i] = protocol.ConversationID(fmt.Sprint("c", i))
		next[i] = 1
	}
	entries := int64(0)
	start := time.Now()
	for i := 0; b.Loop(); i++ {
		c := i % len(ids)
		h.Append(ids[c], log1, historytest.Entries(ids[c], next[c], next[c]+size-1))
		next[c] += size
		entries += int64(size)
		for h.Stats().QueuedBytes > 8<<20 { // the producer is faster
			time.Sleep(time.Millisecond)
		}
	}
	for h.Stats().Appended+h.Stats().Dropped < entries {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(entries)/time.Since(start).Seconds(), "entries/s")
	b.ReportMetric(float64(h.Stats().Dropped), "dropped")
}

func BenchmarkRedisRange(b *testing.B) {
	s := newServer(b)
	h, err := history.OpenRedis(b.Context(), s.url(), dataID, history.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close(b.Context())
	h.Append(lobby, log1, historytest.Entries(lobby, 1, 960))
	for h.Stats().Appended < 960 {
		time.Sleep(time.Millisecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		got, _ := h.Range(b.Context(), lobby, log1, 500, 900, 64<<10)
		b.SetBytes(int64(len(got.Frames)))
	}
}
