package logging

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"verbatim/protocol"
)

func TestAFloodOfNotesIsALineNowAndThenWithHowManyWereLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		l := NewNotes(zerolog.New(log))
		flood := func(n int, from string) {
			for range n {
				for _, kind := range []string{"host", "origin"} {
					l.Add(Note{Kind: kind, Level: zerolog.WarnLevel, Words: "refused", From: from, Code: protocol.CodeForbidden})
				}
			}
		}
		wantLines := func(when string, n int, words ...string) {
			t.Helper()
			synctest.Wait()
			got := log.String()
			if strings.Count(got, "\n") != n {
				t.Errorf("%s: got %d lines, want %d:\n%s", when, strings.Count(got, "\n"), n, got)
			}
			for _, w := range words {
				if !strings.Contains(got, w) {
					t.Errorf("%s: no line has %s:\n%s", when, w, got)
				}
			}
		}
		flood(1, "192.0.2.1:1")
		wantLines("the first", 2, `"from":"192.0.2.1:1"`, `"code":"forbidden"`, `"level":"warn"`)
		flood(99, "192.0.2.1:2")
		flood(1, "192.0.2.1:3")
		wantLines("a flood at once", 2)
		time.Sleep(NoteEvery)
		wantLines("when it is over", 4, `"from":"192.0.2.1:3","unlogged":99`)
		if got := l.Unlogged(); got != 2*99 {
			t.Errorf("left out: got %d, want 198", got)
		}
		flood(1, "192.0.2.1:4")
		wantLines("a moment after a line", 4)
		l.Flush()
		wantLines("at the end of the server", 6, `"from":"192.0.2.1:4"`)
		time.Sleep(time.Hour)
		wantLines("an hour later", 6)
		flood(1, "192.0.2.1:5")
		wantLines("then one", 8, `"from":"192.0.2.1:5"`)
	})
}

// A flood is as many lines as there are ten seconds in it, whatever is in it.
func TestALongFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		l := NewNotes(zerolog.New(log))
		const seconds, each = 600, 20
		n := Note{Kind: "origin policy: origin", Words: strings.Repeat("x", 60_000), Path: strings.Repeat("y", 60_000)}
		for range seconds {
			for range each {
				l.Add(n)
			}
			time.Sleep(time.Second)
		}
		l.Flush()
		synctest.Wait()
		got := strings.Count(log.String(), "\n")
		if most := seconds/10 + 2; got > most || len(log.String()) > most*1000 {
			t.Errorf("got %d lines, %d bytes; want at most %d lines of 1000", got, len(log.String()), most)
		}
		if left := l.Unlogged(); left != int64(seconds*each-got) {
			t.Errorf("left out: got %d, want all others, %d", left, seconds*each-got)
		}
	})
}
