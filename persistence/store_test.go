package persistence_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"verbatim/persistence"
	"verbatim/persistence/disk"
	"verbatim/persistence/history"
	"verbatim/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, recent persistence.History) *persistence.Store {
	t.Helper()
	record, err := disk.Open(t.Context(), t.TempDir(), disk.Options{Log: zerolog.Nop(), SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if recent == nil {
		recent = history.NewMemory(history.Options{Log: zerolog.Nop()})
	}
	s := persistence.New(record, recent, 1000, zerolog.Nop())
	t.Cleanup(func() {
		if err := s.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		_ = recent.Close(context.Background())
		if err := record.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func say(t testing.TB, s *persistence.Store, text string) *persistence.Send {
	t.Helper()
	send := &persistence.Send{Message: persistence.Message{
		Conversation: "lobby", Author: "ann", Text: `"` + text + `"`,
	}}
	if err := s.SendWait(context.Background(), send); err != nil || send.Err != nil {
		t.Fatalf("send: %v, %v", err, send.Err)
	}
	return send
}

func fill(t testing.TB, s *persistence.Store, n, size int) {
	t.Helper()
	var completed sync.WaitGroup
	for i := range n {
		completed.Add(1)
		send := &persistence.Send{Message: persistence.Message{
			Conversation: "lobby", Author: "ann", Text: `"` + fmt.Sprint(i+1, " ", strings.Repeat("x", size)) + `"`,
		}, Completion: done{&completed}}
		if err := s.Send(context.Background(), send); err != nil {
			t.Fatal(err)
		}
	}
	completed.Wait()
}

type done struct{ *sync.WaitGroup }

func (d done) Completed(*persistence.Send) { d.Done() }

func number(n uint64) protocol.Number { return protocol.Number{Value: n, Set: true} }

// seqs says which entries a page holds, as "first-last".
func seqs(t *testing.T, p persistence.Page) string {
	t.Helper()
	if len(p.Messages) == 0 {
		return "none"
	}
	first, ok := protocol.EntrySeq(p.Messages)
	last := first
	for rest := string(p.Messages); ; {
		i := strings.Index(rest, `},{"type"`)
		if i < 0 {
			break
		}
		rest = rest[i+2:]
		seq, _ := protocol.EntrySeq([]byte(rest))
		if seq != last+1 {
			t.Errorf("seq %d after %d", seq, last)
		}
		last = seq
	}
	if !ok {
		t.Errorf("no entry: %.80s", p.Messages)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func TestAPageHoldsWhatWasAskedFor(t *testing.T) {
	s := open(t, nil)
	fill(t, s, 300, 10)
	none := protocol.Number{}
	for _, row := range []struct {
		after, before protocol.Number
		limit         int
		want          string
		more          bool
	}{
		{none, none, 50, "251-300", true},
		{none, none, 300, "1-300", false},
		{none, none, 0, "none", true},
		{none, number(58), 50, "8-57", true},
		{none, number(51), 50, "1-50", false},
		{none, number(1), 50, "none", false},
		{none, number(0), 50, "none", false},
		{none, number(9999), 2, "299-300", true},
		{number(0), none, 50, "1-50", true},
		{number(250), none, 50, "251-300", false},
		{number(300), none, 50, "none", false},
		{number(10), number(13), 50, "11-12", false},
		{number(10), number(100), 5, "11-15", true},
		{number(10), number(5), 5, "none", false},
	} {
		p, err := s.Page(t.Context(), "lobby", persistence.PageRequest{After: row.after, Before: row.before, Limit: row.limit, MaxBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if got := seqs(t, p); got != row.want || p.More != row.more {
			t.Errorf("after %v before %v limit %d: got %s more %v, want %s more %v", row.after, row.before, row.limit, got, p.More, row.want, row.more)
		}
	}
	_, err := s.Page(t.Context(), "lobby", persistence.PageRequest{After: number(301), Limit: 1, MaxBytes: 1000})
	var refused *protocol.Error
	if !errors.As(err, &refused) || refused.Code != protocol.CodeBadRequest || !strings.Contains(refused.Reason, "300") {
		t.Errorf("after beyond the last: got %v", err)
	}
}

func TestAFullPageLeavesOutTheFarEnd(t *testing.T) {
	s := open(t, nil)
	fill(t, s, 100, 1000)
	older, err := s.Page(t.Context(), "lobby", persistence.PageRequest{Before: number(91), Limit: 90, MaxBytes: 10_000})
	if err != nil || len(older.Messages) > 10_000 || !older.More || !strings.HasSuffix(seqs(t, older), "-90") {
		t.Errorf("got %s, %d bytes, more %v, %v", seqs(t, older), len(older.Messages), older.More, err)
	}
	newer, err := s.Page(t.Context(), "lobby", persistence.PageRequest{After: number(10), Limit: 90, MaxBytes: 10_000})
	if err != nil || len(newer.Messages) > 10_000 || !newer.More || !strings.HasPrefix(seqs(t, newer), "11-") {
		t.Errorf("got %s, %d bytes, more %v, %v", seqs(t, newer), len(newer.Messages), newer.More, err)
	}
	one, err := s.Page(t.Context(), "lobby", persistence.PageRequest{After: number(10), Limit: 90, MaxBytes: 10})
	if err != nil || seqs(t, one) != "11-11" {
		t.Errorf("never before its first entry: got %s, %v", seqs(t, one), err)
	}
}

// forgetful is a history that fails, or has nothing, as Redis may.
type forgetful struct {
	mu       sync.Mutex
	appended int
}

func (f *forgetful) Append(_ protocol.ConversationID, _ protocol.LogID, b *persistence.Entries) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.appended += b.Len()
}

func (f *forgetful) Range(context.Context, protocol.ConversationID, protocol.LogID, protocol.Seq, protocol.Seq, int) (*persistence.Entries, error) {
	return nil, errors.New("away")
}
func (f *forgetful) Close(context.Context) error { return nil }

func TestWithoutHistoryTheRecordAnswersAndTheHistoryIsFilledAgain(t *testing.T) {
	recent := &forgetful{}
	s := open(t, recent)
	fill(t, s, 10, 10)
	p, err := s.Page(t.Context(), "lobby", persistence.PageRequest{Limit: 50, MaxBytes: 1 << 20})
	if err != nil || seqs(t, p) != "1-10" {
		t.Fatalf("got %s, %v", seqs(t, p), err)
	}
	if recent.appended < 20 {
		t.Errorf("%d entries appended, want the 10 new ones and the 10 read back", recent.appended)
	}
	if st := s.Stats(); st.HistoryMisses != 1 || st.HistoryHits != 0 || st.Recorded != 10 {
		t.Errorf("got %+v", st)
	}
}

// watcher is a publisher that looks whether what it gets is on the record already.
type watcher struct {
	t    *testing.T
	s    *persistence.Store
	next protocol.Seq
}

func (w *watcher) Publish(id protocol.ConversationID, b *persistence.Entries) {
	if b.First != w.next {
		w.t.Errorf("entries from %d, want %d", b.First, w.next)
	}
	w.next = b.Last() + 1
	if tail, err := w.s.Tail(id); err != nil || tail.Last < b.Last() {
		w.t.Errorf("published before it is on the record: %+v, %v", tail, err)
	}
}

func TestEntriesArePublishedInOrderAndOnlyFromTheRecord(t *testing.T) {
	s := open(t, nil)
	w := &watcher{t, s, 1}
	s.SetPublisher(w)
	fill(t, s, 2000, 100)
	if err := s.Drain(context.Background()); err != nil || w.next != 2001 {
		t.Errorf("published up to %d, %v", w.next-1, err)
	}
	if st := s.Stats(); st.Writers != 0 || st.Queued != 0 {
		t.Errorf("an idle store has %+v", st)
	}
}

func TestASendIsCompletedInTheOrderItWasQueued(t *testing.T) {
	s := open(t, nil)
	for want := protocol.Seq(1); want <= 20; want++ {
		if got := say(t, s, "x"); got.Seq != want || got.Sum == (protocol.Sum{}) || got.Time == 0 {
			t.Errorf("got %+v, want seq %d", got, want)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	s := open(b, nil)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			say(b, s, "hello hello hello")
		}
	})
}
