package disk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/persistence"
	"verbatim/persistence/datadir"
	"verbatim/persistence/dedup"
	"verbatim/persistence/journal"
	"verbatim/persistence/recordtest"
	"verbatim/persistence/transcript"
	"verbatim/persistence/vfs"
	"verbatim/protocol"
)

// inTime runs a test with a record in a bubble: time passes when everybody waits.
func inTime(t *testing.T, test func(t *testing.T, dir string, b *recordtest.Bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := bench(t, dir, Options{})
		test(t, dir, b)
		if err := b.Record.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnIDIsRememberedForItsTimeWhateverHappensMeanwhile(t *testing.T) {
	inTime(t, func(t *testing.T, _ string, b *recordtest.Bench) {
		lasts := protocol.DefaultLimits().IDs
		for step := time.Second; step < 2*lasts; step = step * 3 / 2 {
			id := fmt.Sprint("id-", step)
			first := recordtest.Say("lobby", "ann", id, "one")
			b.Accept(first)
			for at := step; at <= lasts; at += step {
				time.Sleep(step)
				b.Accept(recordtest.Say("lobby", "bob", fmt.Sprint(id, at), "between"))
			}
			if again := recordtest.Say("lobby", "ann", id, "one"); step <= lasts {
				if b.Commit(again); !again.Duplicate || again.Seq != first.Seq {
					t.Fatalf("sent again within %v, in steps of %v: %+v", lasts, step, again)
				}
			}
		}
	})
}

// A resend that the server itself keeps for long, on a disk that stalls, is decided when its id may be forgotten:
// then it is refused, and never recorded twice.
func TestAResendThatWaitsForTheDiskIsNeverRecordedTwice(t *testing.T) {
	inTime(t, func(t *testing.T, _ string, b *recordtest.Bench) {
		lasts := protocol.DefaultLimits().IDs
		first := recordtest.Say("lobby", "ann", "a1", "one")
		b.Accept(first)
		wait := func(d time.Duration) {
			for step := d / 4; d > 0; d -= step {
				time.Sleep(step)
				b.Accept(recordtest.Say("lobby", "bob", "", strings.Repeat("between", readBlockSize/7)))
				b.Accept(recordtest.Say("lobby", "bob", fmt.Sprint("b", time.Now()), "between"))
			}
		}
		again := func() *persistence.Send {
			s := recordtest.Say("lobby", "ann", "a1", "one")
			prepared, err := b.Record.PrepareDedup(t.Context(), &s.Message)
			if err != nil {
				t.Fatal(err)
			}
			s.Prepared = prepared
			return s
		}
		wait(lasts)
		short := again()
		wait(dedup.Slack)
		if recordtest.Commit(b.Record, short); !short.Duplicate || short.Seq != first.Seq {
			t.Errorf("sent again after %v, decided after %v more: %+v", lasts, dedup.Slack, short)
		}
		long := again()
		came := preparedOf(long).came
		wait(2 * lasts)
		if recordtest.Commit(b.Record, long); long.Err == nil || long.Err.Code != protocol.CodeUnavailable {
			t.Errorf("sent again, decided after %v more: %+v", 2*lasts, long)
		}
		next := recordtest.Say("lobby", "bob", "", "after a1")
		next.Prev = "a1"
		next.Prepared = &prepared{came: came}
		if recordtest.Commit(b.Record, next); next.Err == nil || next.Err.Code != protocol.CodeUnavailable {
			t.Errorf("after a prev that is forgotten meanwhile: %+v", next)
		}
	})
}

func TestIDsOfIdleConversationsAreForgotten(t *testing.T) {
	inTime(t, func(t *testing.T, _ string, b *recordtest.Bench) {
		r := b.Record.(*Record)
		for i := range 10 {
			b.Accept(recordtest.Say(fmt.Sprint("room-", i), "ann", "a1", "one"))
		}
		if n := r.Stats().IDs; n != 10 {
			t.Fatalf("%d ids are remembered, want 10", n)
		}
		time.Sleep(protocol.DefaultLimits().IDs + 2*checkpointEvery)
		synctest.Wait()
		if n := r.Stats().IDs; n != 0 {
			t.Fatalf("%d ids are remembered, want none", n)
		}
		again := recordtest.Say("room-3", "ann", "a1", "one")
		if b.Commit(again); !again.Duplicate { // a block of the transcript's end is looked at in any case
			t.Errorf("sent again: %+v", again)
		}
	})
}

func TestLinesAreInTheTranscriptWithinASecond(t *testing.T) {
	inTime(t, func(t *testing.T, dir string, b *recordtest.Bench) {
		b.Fill("lobby", 3, 1)
		time.Sleep(flushDelay)
		synctest.Wait()
		content, err := os.ReadFile(filepath.Join(dir, "transcripts", "lobby.jsonl"))
		if err != nil || strings.Count(string(content), "\n") != 4 {
			t.Fatalf("the transcript is %q, %v; want 4 lines", content, err)
		}
		if n := b.Record.(*Record).Stats().PendingBytes; n != 0 {
			t.Errorf("%d bytes are pending", n)
		}
	})
}

// slowFS takes its time to open a transcript.
type slowFS struct {
	vfs.OS
	takes time.Duration
}

func (f slowFS) Open(path string, flag int) (vfs.File, error) {
	if strings.HasSuffix(path, transcript.Suffix) {
		time.Sleep(f.takes)
	}
	return f.OS.Open(path, flag)
}

// Writing what waits takes a quarter of the time: after a write that took a second, the next one waits for three.
func TestTranscriptsAreWrittenLessOftenWhereThatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bench(t, t.TempDir(), Options{FS: slowFS{takes: time.Second}})
		pending := func() int64 {
			synctest.Wait()
			return b.Record.(*Record).Stats().PendingBytes
		}
		b.Fill("lobby", 3, 1)
		time.Sleep(flushDelay + time.Second)
		if n := pending(); n != 0 {
			t.Fatalf("%d bytes are pending after the first write", n)
		}
		b.Fill("kitchen", 3, 1)
		time.Sleep(3*time.Second - time.Millisecond)
		if n := pending(); n == 0 {
			t.Error("a second's write was not followed by three of rest")
		}
		time.Sleep(time.Second + time.Millisecond)
		if n := pending(); n != 0 {
			t.Errorf("%d bytes are pending a second after that rest", n)
		}
		if err := b.Record.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAMarkSurvivesACrashAfterASecond(t *testing.T) {
	inTime(t, func(t *testing.T, dir string, b *recordtest.Bench) {
		b.Fill("lobby", 3, 1)
		b.Record.Mark("lobby", "ann", 2)
		b.Record.Mark("lobby", "ann", 3)
		time.Sleep(journal.MarkDelay)
		synctest.Wait()
		dead := bench(t, crash(t, dir), Options{})
		marks, err := dead.Record.Marks("lobby")
		if err != nil || marks["ann"] != 3 {
			t.Errorf("the marks are %v, %v; want ann at 3", marks, err)
		}
		if err := dead.Record.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestMarksOfAnotherLogAreNotShown(t *testing.T) {
	dir, _ := closed(t, 5)
	b := bench(t, dir, Options{})
	b.Record.Mark("lobby", "ann", 4)
	if err := b.Record.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "transcripts", "lobby.jsonl")); err != nil {
		t.Fatal(err)
	}
	b = bench(t, dir, Options{})
	b.Fill("lobby", 1, 1)
	if marks, err := b.Record.Marks("lobby"); err != nil || len(marks) != 0 {
		t.Errorf("the marks are %v, %v; want none", marks, err)
	}
}

func TestAMinuteAfterTheLastMessageNothingIsLeftToReplay(t *testing.T) {
	inTime(t, func(t *testing.T, dir string, b *recordtest.Bench) {
		b.Fill("lobby", 3, 1)
		time.Sleep(checkpointEvery + time.Second)
		synctest.Wait()
		if s := b.Record.(*Record).Stats(); s.JournalSegments != 0 || s.JournalBytes != 0 {
			t.Errorf("the journal has %d segments with %d bytes", s.JournalSegments, s.JournalBytes)
		}
		if c, _, err := datadir.ReadCatalogue(vfs.OS{}, dir); err != nil || c == nil || len(c.Entries) != 1 || c.Entries[0].End.Last != 3 {
			t.Errorf("the catalogue is %+v, %v", c, err)
		}
	})
}

func TestAStartServesFirstAndFoldsWhatItReplayedSoonAfter(t *testing.T) {
	inTime(t, func(t *testing.T, dir string, b *recordtest.Bench) {
		b.Fill("lobby", 3, 1)
		r := open(t, crash(t, dir), Options{})
		time.Sleep(startRest - time.Millisecond)
		synctest.Wait()
		if s := r.Stats(); s.JournalSegments == 0 {
			t.Error("the checkpoint came while all come back")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if s := r.Stats(); s.JournalSegments != 0 {
			t.Errorf("%d segments are left to replay", s.JournalSegments)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTheJournalStaysWithinItsBoundsUnderLoad(t *testing.T) {
	b := bench(t, t.TempDir(), Options{SegmentSize: 64 << 10})
	r := b.Record.(*Record)
	most := 0
	text := strings.Repeat("x", 16<<10)
	for accepted := 0; accepted < 300; {
		one, two := recordtest.Say("lobby", "ann", "", text), recordtest.Say("other", "ann", "", text)
		b.Commit(one, two)
		most = max(most, r.Stats().JournalSegments)
		switch code := recordtest.Code(one) + recordtest.Code(two); code {
		case "":
			accepted++
		case protocol.CodeUnavailable, protocol.CodeUnavailable + protocol.CodeUnavailable: // a busy disk took nothing for a while
		default:
			t.Fatalf("sends were refused: %s", code)
		}
	}
	if most > journal.LiveSegments {
		t.Errorf("there were %d live segments, want at most %d", most, journal.LiveSegments)
	}
	if err := r.checkpoints.checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}
