package history_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"verbatim/persistence"
	"verbatim/persistence/history"
	"verbatim/persistence/historytest"
	"verbatim/protocol"
)

const (
	lobby protocol.ConversationID = "lobby"
	log1  protocol.LogID          = "11111111111111111111111111111111"
	log2  protocol.LogID          = "22222222222222222222222222222222"
	page                          = 1 << 20
)

func TestMain(m *testing.M) {
	logging.Disable() // the tests' own clients meet many a dead server
	goleak.VerifyTestMain(m)
}

func TestMemory(t *testing.T) {
	historytest.Run(t, func(_ *testing.T, size int, ttl time.Duration) persistence.History {
		return history.NewMemory(history.Options{Size: size, TTL: ttl})
	})
}

func read(t *testing.T, h persistence.History, id protocol.ConversationID, from, to protocol.Seq) *persistence.Entries {
	t.Helper()
	got, err := h.Range(t.Context(), id, log1, from, to, page)
	if err != nil {
		t.Fatalf("range: %v", err)
	}
	if got == nil {
		return nil
	}
	if err := historytest.Check(got, id, from, to); err != nil {
		t.Fatal(err)
	}
	return got
}

// span names an answer in a failure.
func span(b *persistence.Entries) string {
	if b == nil {
		return "nothing"
	}
	return fmt.Sprintf("%d to %d", b.First, b.Last())
}

func TestMemorySharesWhatWasAppended(t *testing.T) {
	m := history.NewMemory(history.Options{})
	entries := historytest.Entries(lobby, 1, 50)
	m.Append(lobby, log1, entries)
	if got := read(t, m, lobby, 1, 50); &got.Frames[0] != &entries.Frames[0] {
		t.Error("entries were copied as a whole")
	}
	if got := read(t, m, lobby, 30, 50); &got.Frames[0] != &entries.Frame(30)[0] {
		t.Error("a part of the entries was copied")
	}
}

func TestMemoryForgetsConversationsAfterTheTTLAndSleepsWhenEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := history.NewMemory(history.Options{TTL: time.Hour})
		m.Append("a", log1, historytest.Entries("a", 1, 3))
		time.Sleep(40 * time.Minute)
		m.Append("b", log1, historytest.Entries("b", 1, 3))
		time.Sleep(19 * time.Minute)
		m.Append("a", log1, historytest.Entries("a", 4, 4)) // a minute before it expires
		time.Sleep(40 * time.Minute)                        // 1:39; b expires at 1:40, a at 1:59
		if read(t, m, "a", 1, 4) == nil || read(t, m, "b", 1, 3) == nil {
			t.Fatal("forgotten before its time")
		}
		time.Sleep(time.Minute + time.Second)
		if read(t, m, "a", 1, 4) == nil {
			t.Error("an append did not refresh the time of the older entries")
		}
		if read(t, m, "b", 1, 3) != nil {
			t.Error("given after its time")
		}
		if s := m.Stats(); s.Conversations != 1 {
			t.Errorf("the sweep left %d conversations, want the one that was appended to of late", s.Conversations)
		}
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if s := m.Stats(); s.Conversations != 0 || s.Bytes != 0 {
			t.Errorf("after the TTL there are %d conversations and %d bytes, want none", s.Conversations, s.Bytes)
		}
		// A timer that is still armed would show here: nothing is left to wake the bubble for.
		m.Append("c", log1, historytest.Entries("c", 1, 1))
		m.Close(t.Context())
	})
}

func TestMemoryDoesNotReviveWhatHasExpired(t *testing.T) {
	now := time.Now()
	m := history.NewMemory(history.Options{TTL: time.Hour, Now: func() time.Time { return now }})
	defer m.Close(t.Context())
	m.Append(lobby, log1, historytest.Entries(lobby, 1, 3))
	now = now.Add(time.Hour)
	m.Append(lobby, log1, historytest.Entries(lobby, 4, 4))
	if got := read(t, m, lobby, 1, 4); got != nil {
		t.Errorf("expired entries came back with an append: %d to %d", got.First, got.Last())
	}
	if read(t, m, lobby, 4, 4) == nil {
		t.Error("the append after the expiry is not there")
	}
}

func TestMemoryTakesRoomFromTheLeastRecentlyUsedFirst(t *testing.T) {
	const entries, most = 100, 200 << 10
	m := history.NewMemory(history.Options{Memory: most})
	defer m.Close(t.Context())
	fill := func(id protocol.ConversationID) {
		for seq := protocol.Seq(1); seq <= entries; seq++ {
			m.Append(id, log1, historytest.Entries(id, seq, seq))
		}
	}
	fill("old")
	fill("read")
	one := m.Stats().Bytes / 2
	for i := int64(2); i < most/one; i++ {
		fill(protocol.ConversationID(fmt.Sprint("c", i)))
	}
	read(t, m, "read", 1, 1)
	for seq := protocol.Seq(1); m.Stats().Dropped < entries*3/2; seq++ {
		m.Append("late", log1, historytest.Entries("late", seq, seq))
	}
	if read(t, m, "old", entries, entries) != nil {
		t.Error("the conversation that was not used longest should have lost all first")
	}
	if read(t, m, "c2", 1, entries) != nil || read(t, m, "c2", entries, entries) == nil {
		t.Error("the next one should have lost its oldest entries and kept its newest")
	}
	if got := read(t, m, "read", 1, entries); got == nil || got.Last() != entries {
		t.Error("a conversation that was read of late lost entries before one that was not")
	}
	if s := m.Stats(); s.Bytes > most {
		t.Errorf("%d bytes are held, at most %d were allowed", s.Bytes, most)
	}
	m.Append("huge", log1, historytest.Entries("huge", 1, 5000))
	if s := m.Stats(); s.Conversations != 0 || s.Bytes != 0 {
		t.Errorf("entries above all memory left %d conversations and %d bytes", s.Conversations, s.Bytes)
	}
}

// TestMemoryAgainstAModel appends ranges as they may come and holds each answer to a map of what was appended.
func TestMemoryAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		m := history.NewMemory(history.Options{Size: size})
		defer m.Close(context.Background())
		var first, last protocol.Seq // what the model holds; last 0: nothing
		for range rapid.IntRange(1, 40).Draw(t, "appends") {
			from := protocol.Seq(rapid.IntRange(1, 80).Draw(t, "from"))
			to := from + protocol.Seq(rapid.IntRange(0, 25).Draw(t, "more"))
			m.Append(lobby, log1, historytest.Entries(lobby, from, to))
			switch touch := last != 0 && from <= last+1 && to+1 >= first; {
			case touch:
				first, last = min(first, from), max(last, to)
			case to > last:
				first, last = from, to
			}
			if last-first >= protocol.Seq(size) {
				first = last - protocol.Seq(size) + 1
			}
			ask := protocol.Seq(rapid.IntRange(1, 110).Draw(t, "ask"))
			until := ask + protocol.Seq(rapid.IntRange(0, 60).Draw(t, "until"))
			got, _ := m.Range(context.Background(), lobby, log1, ask, until, rapid.IntRange(1, 9000).Draw(t, "bytes"))
			if held := first <= ask && ask <= last; held != (got != nil) {
				t.Fatalf("%d to %d are held; asked for %d: got %s", first, last, ask, span(got))
			}
			if got != nil {
				if err := historytest.Check(got, lobby, ask, min(until, last)); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestMemoryServesManyAtOnce(t *testing.T) {
	m := history.NewMemory(history.Options{Size: 50, Memory: 64 << 10, TTL: time.Minute})
	defer m.Close(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		id := protocol.ConversationID(fmt.Sprint("c", i%2))
		wg.Go(func() { // ends after its appends
			for seq := protocol.Seq(1); seq <= 500; seq++ {
				m.Append(id, log1, historytest.Entries(id, seq, seq+3))
			}
		})
		wg.Go(func() { // ends after its reads
			for seq := protocol.Seq(1); seq <= 500; seq++ {
				if got, _ := m.Range(context.Background(), id, log1, seq, seq+20, 4096); got != nil {
					if err := historytest.Check(got, id, seq, seq+20); err != nil {
						t.Error(err)
					}
				}
				m.Stats()
			}
		})
	}
	wg.Wait()
}

func BenchmarkMemoryAppend(b *testing.B) {
	for _, held := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint("held=", held), func(b *testing.B) {
			m := history.NewMemory(history.Options{Size: held, Memory: 1 << 40})
			defer m.Close(b.Context())
			one := historytest.Entries(lobby, 1, 1)
			next := protocol.Seq(1)
			add := func() {
				m.Append(lobby, log1, &persistence.Entries{First: next, Frames: one.Frames, Ends: one.Ends})
				next++
			}
			for range held {
				add()
			}
			b.ReportAllocs()
			for b.Loop() {
				add()
			}
		})
	}
}

func BenchmarkMemoryRange(b *testing.B) {
	for _, many := range []protocol.Seq{1, 64} {
		b.Run(fmt.Sprint("entries=", many), func(b *testing.B) {
			m := history.NewMemory(history.Options{})
			defer m.Close(b.Context())
			for seq := protocol.Seq(1); seq < 960; seq += many {
				m.Append(lobby, log1, historytest.Entries(lobby, seq, seq+many-1))
			}
			b.ReportAllocs()
			for b.Loop() {
				got, _ := m.Range(b.Context(), lobby, log1, 500, 900, 64<<10)
				b.SetBytes(int64(len(got.Frames)))
			}
		})
	}
}
