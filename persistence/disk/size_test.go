package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/transcript"
	"verbatim/protocol"
)

// many makes a directory with n conversations of one entry, as a clean end leaves it. Only every thousandth transcript
// is its own; the others are links to one, since a start does not open them.
func many(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	r := open(t, dir, Options{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	c, own := datadir.Catalogue{Floor: 1}, ""
	for i := range n {
		id := protocol.ConversationID(fmt.Sprintf("room-%06d", i))
		x := someRunOf(id)
		path := filepath.Join(dir, "transcripts", string(id)+transcript.Suffix)
		err := error(nil)
		if i%1000 == 0 {
			err, own = os.WriteFile(path, x.Lines, 0o600), path
		} else {
			err = os.Link(own, path)
		}
		if err != nil {
			t.Fatal(err)
		}
		e := datadir.Standing{ID: id, Size: int64(len(x.Lines))}
		e.End.Log, e.End.Last, e.End.Time, e.End.Sum = x.Log, 1, x.Time, x.Sum()
		c.Entries = append(c.Entries, e)
	}
	if err := os.WriteFile(datadir.CataloguePath(dir), c.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// An idle conversation is small, and a start opens no transcript. How quick a start and a page are is for the
// benchmarks.
func TestManyConversationsIdleCheaply(t *testing.T) {
	const n = 5000
	dir := many(t, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := open(t, dir, Options{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / n; each > 1000 {
		t.Errorf("an idle conversation takes %d bytes, want under 1000", each)
	}
	if open := r.Stats().OpenFiles; open != 0 {
		t.Errorf("the start left %d transcripts open", open)
	}
	b := &recordtest.Bench{T: t, Record: r}
	for i := range 300 {
		b.Accept(recordtest.Say(fmt.Sprint("new-", i), "ann", "", "hi"))
	}
	if page, more := r.List(persistence.Which{}, "", 50); len(page) != 50 || !more {
		t.Errorf("the page has %d, more %v", len(page), more)
	}
	if page, _ := r.List(persistence.Which{Prefix: "room-004"}, "room-004998", 5); len(page) != 1 || page[0].Last != 1 {
		t.Errorf("the last page is %+v", page)
	}
	for i := range 1000 { // they stand between those that were there
		b.Accept(recordtest.Say(fmt.Sprintf("room-%06d-new", i*4+1), "ann", "", "hi"))
	}
	all, _ := r.List(persistence.Which{}, "", 2*n)
	nines := func(c persistence.Listed) bool { return !strings.Contains(string(c.ID), "9") }
	want := slices.DeleteFunc(all, nines)
	if got, more := r.List(persistence.Which{Contains: "9"}, "", 2*n); more || !slices.Equal(got, want) {
		t.Errorf("%d conversations have a 9 in their name, and %d are found (more %v)", len(want), len(got), more)
	}
	if batch, err := r.Read(context.Background(), "room-002000", 1, 1, 1); err != nil || batch.Len() != 1 {
		t.Errorf("Read: %v", err)
	}
	if open := r.Stats().OpenFiles; open > transcript.MaxOpen {
		t.Errorf("%d files are open", open)
	}
}

// BenchmarkStartClean: 100,000 conversations after a clean stop.
func BenchmarkStartClean(b *testing.B) {
	dir := many(b, 100_000)
	for b.Loop() {
		r, err := Open(b.Context(), dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkListPage: a page of 50 out of 100,000 conversations, a new one before each.
func BenchmarkListPage(b *testing.B) {
	r := open(b, many(b, 100_000), Options{})
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		fill(b, r, fmt.Sprint("new-", i), 1)
		b.StartTimer()
		if page, more := r.List(persistence.Which{}, "", 50); len(page) != 50 || !more {
			b.Fatalf("the page has %d, more %v", len(page), more)
		}
	}
}

// BenchmarkStartAfterKill: kill -9 with a full journal of 1,000,000 messages in 1,000 conversations, and the first
// send after it.
func BenchmarkStartAfterKill(b *testing.B) {
	dir := b.TempDir()
	r := open(b, dir, Options{maxLive: 1000})
	r.stopBackground() // no checkpoint: the journal fills up
	r.background.Wait()
	r.flusher.ctx = context.Background()
	for i := range 20_000 { // 50 messages of one conversation after another
		id := fmt.Sprint("room-", i%1000)
		fill(b, r, id, 50)
		if err := r.flusher.write(r.registry.get(protocol.ConversationID(id))); err != nil {
			b.Fatal(err)
		}
	}
	bytes, segments := r.journal.Usage()
	r.abandon()
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		dead := crash(b, dir)
		b.StartTimer()
		r, err := Open(b.Context(), dead, Options{})
		if err != nil {
			b.Fatal(err)
		}
		fill(b, r, "room-1", 1)
		b.StopTimer()
		if n := r.registry.get("room-999").tail.Last; n != 1000 {
			b.Fatal(n)
		}
		r.abandon()
		b.StartTimer()
	}
	b.ReportMetric(float64(bytes)/1e6, "MB-journal")
	b.ReportMetric(float64(segments), "segments")
}
