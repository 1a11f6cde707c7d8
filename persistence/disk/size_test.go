package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"verbatim/persistence/recordtest"
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
	c, own := catalogue{floor: 1}, ""
	for i := range n {
		id := protocol.ConversationID(fmt.Sprintf("room-%06d", i))
		x := someRunOf(id)
		path := filepath.Join(dir, "transcripts", string(id)+transcriptSuffix)
		err := error(nil)
		if i%1000 == 0 {
			err, own = os.WriteFile(path, x.lines, 0o600), path
		} else {
			err = os.Link(own, path)
		}
		if err != nil {
			t.Fatal(err)
		}
		e := catalogued{id: id, size: int64(len(x.lines))}
		e.tail.Log, e.tail.Last, e.tail.Time, e.tail.Sum = x.log, 1, x.time, x.sum()
		c.entries = append(c.entries, e)
	}
	if err := os.WriteFile(cataloguePath(dir), c.encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A start and a page of the list are to be quick, and an idle conversation small. The bounds leave room for a machine
// that is busy and for the race detector; the figures are in the log.
func TestAHundredThousandConversationsStartListAndIdleCheaply(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 files")
	}
	const n = 100_000
	dir := many(t, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	r := open(t, dir, Options{})
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := int64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("the start took %v; a conversation takes %d bytes", took, each)
	if took > 5*time.Second || each > 1000 {
		t.Errorf("the start took %v, want under 1 s; a conversation takes %d bytes", took, each)
	}
	b := &recordtest.Bench{T: t, Record: r}
	var slowest time.Duration
	for i := range 1500 {
		b.Accept(recordtest.Say(fmt.Sprint("new-", i), "ann", "", "hi"))
		start := time.Now()
		page, more := r.List("", "", 50)
		slowest = max(slowest, time.Since(start))
		if len(page) != 50 || !more {
			t.Fatalf("the page has %d, more %v", len(page), more)
		}
	}
	t.Logf("the slowest of 1500 pages took %v", slowest)
	if slowest > 100*time.Millisecond {
		t.Errorf("the slowest page took %v, want under 10 ms", slowest)
	}
	if page, _ := r.List("room-099", "room-099998", 5); len(page) != 1 || page[0].Last != 1 {
		t.Errorf("the last page is %+v", page)
	}
	if batch, err := r.Read(context.Background(), "room-050000", 1, 1, 1); err != nil || batch.Len() != 1 {
		t.Errorf("Read: %v", err)
	}
	if open := r.Stats().OpenFiles; open > openFiles {
		t.Errorf("%d files are open", open)
	}
}

// BenchmarkStartAfterKill: kill -9 with a full journal of 1,000,000 messages in 1,000 conversations, and the first send after it.
func BenchmarkStartAfterKill(b *testing.B) {
	dir := b.TempDir()
	r := open(b, dir, Options{})
	r.stopBackground() // no checkpoint: the journal fills up
	r.background.Wait()
	r.journal.bound = 1000
	r.flusher.ctx = context.Background()
	for i := range 20_000 { // 50 messages of one conversation after another
		id := fmt.Sprint("room-", i%1000)
		fill(b, r, id, 50)
		if err := r.flusher.write(r.conversations.get(protocol.ConversationID(id))); err != nil {
			b.Fatal(err)
		}
	}
	bytes, segments := r.journal.usage()
	r.abandon()
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		dead := crash(b, dir)
		b.StartTimer()
		r, err := Open(dead, Options{})
		if err != nil {
			b.Fatal(err)
		}
		fill(b, r, "room-1", 1)
		b.StopTimer()
		if n := r.conversations.get("room-999").tail.Last; n != 1000 {
			b.Fatal(n)
		}
		r.abandon()
		b.StartTimer()
	}
	b.ReportMetric(float64(bytes)/1e6, "MB-journal")
	b.ReportMetric(float64(segments), "segments")
}
