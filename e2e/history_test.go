package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// pages are the same for both doors; n is 120, the rows' fields are put as JSON or as a query.
var pages = []struct {
	what     string
	fields   map[string]int
	from, to int
	more     bool
}{
	{"the newest page", nil, 71, 120, true},
	{"limit 10", map[string]int{"limit": 10}, 111, 120, true},
	{"limit 1000", map[string]int{"limit": 1000}, 1, 120, false},
	{"limit 120", map[string]int{"limit": 120}, 1, 120, false},
	{"before 58", map[string]int{"before": 58}, 8, 57, true},
	{"before 58, limit 57", map[string]int{"before": 58, "limit": 57}, 1, 57, false},
	{"before 58, limit 56", map[string]int{"before": 58, "limit": 56}, 2, 57, true},
	{"before 2", map[string]int{"before": 2}, 1, 1, false},
	{"before 1", map[string]int{"before": 1}, 1, 0, false},
	{"before beyond the last", map[string]int{"before": 1000, "limit": 5}, 116, 120, true},
	{"after 0", map[string]int{"after": 0}, 1, 50, true},
	{"after 41, limit 3", map[string]int{"after": 41, "limit": 3}, 42, 44, true},
	{"after 70", map[string]int{"after": 70}, 71, 120, false},
	{"after 69", map[string]int{"after": 69}, 70, 119, true},
	{"after the last", map[string]int{"after": 120}, 121, 120, false},
	{"after 10, before 15", map[string]int{"after": 10, "before": 15}, 11, 14, false},
	{"after 10, before 100, limit 5", map[string]int{"after": 10, "before": 100, "limit": 5}, 11, 15, true},
	{"after 10, before 11", map[string]int{"after": 10, "before": 11}, 11, 10, false},
	{"after 10, before 12, limit 1", map[string]int{"after": 10, "before": 12, "limit": 1}, 11, 11, false},
}

func TestHistoryIsPagedAsAskedFor(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", 120)
		look := func(when string) {
			for _, row := range pages {
				var asked, query []string
				for name, value := range row.fields {
					asked = append(asked, fmt.Sprintf(`"%s":%d`, name, value))
					query = append(query, fmt.Sprintf("%s=%d", name, value))
				}
				ann.history("lobby", asked...).wantSeqs(t, when+", history, "+row.what, row.from, row.to, row.more)
				head, p := s.page(t, "lobby", strings.Join(query, "&"))
				p.wantSeqs(t, when+", HTTP, "+row.what, row.from, row.to, row.more)
				if head.Last != 120 {
					t.Errorf("HTTP, %s: last %d, want 120", row.what, head.Last)
				}
			}
		}
		look("live")
		s.crash()
		ann = s.dial(t, "ann")
		look("after a crash")
	})
}

func TestHistoryNeedsNoJoinAndAnEmptyConversationHasAnEmptyPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	f := ann.ask(`{"type":"history","conversation":"lobby"}`)
	if f.Type != "history" || !strings.Contains(f.Raw, `"messages":[]`) || f.More {
		t.Errorf(`got %s, want "messages":[] and more false`, f)
	}
	ann.refused("not_joined", `{"type":"typing","conversation":"lobby"}`)
}

func TestAPageEndsBeforeItPasses256kB(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		for i := range 40 {
			ann.send("lobby", "", fmt.Sprintf("%d %s", i+1, strings.Repeat("x", 16000)))
		}
		const limit = 256 << 10
		newest := ann.history("lobby", `"limit":1000`)
		older := ann.history("lobby", `"limit":1000`, `"before":21`)
		ascending := ann.history("lobby", `"limit":1000`, `"after":5`)
		_, overHTTP := s.page(t, "lobby", "limit=1000&after=5")
		for what, p := range map[string]page{
			"newest": newest, "before 21": older, "after 5": ascending, "HTTP after 5": overHTTP,
		} {
			size := 0
			for _, m := range p.entries {
				size += len(m.Raw)
			}
			// Nearly full, too: one more entry would have passed it.
			if size > limit || size+16200 < limit-2000 || !p.more {
				t.Errorf("%s: %d entries, %d bytes, more=%v; want just under %d and more",
					what, len(p.entries), size, p.more, limit)
			}
		}
		if got := newest.entries[len(newest.entries)-1].Seq; got != 40 {
			t.Errorf("the newest page ends at %d, want 40: the older ones are left out", got)
		}
		if got := older.entries[len(older.entries)-1].Seq; got != 20 {
			t.Errorf("before 21 ends at %d, want 20: the older ones are left out", got)
		}
		if got := ascending.entries[0].Seq; got != 6 {
			t.Errorf("after 5 begins at %d, want 6: the newer ones are left out", got)
		}
	})
}

func TestAPageHasItsFirstEntryHoweverLong(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ann := s.dial(t, "ann")
	// The longest entry that the limits allow: every byte of its text but one takes six on the wire.
	long := "x" + strings.Repeat(`\u0001`, 16383)
	for range 4 {
		meta := strings.Repeat("y", 4000)
		f := ann.ask(`{"type":"send","conversation":"lobby","text":"%s","meta":{"k":"%s"}}`, long, meta)
		if f.Type != "ack" {
			t.Fatalf("got %s", f)
		}
	}
	p := ann.history("lobby", `"after":1`, `"limit":1`)
	p.wantSeqs(t, "one long entry", 2, 2, true)
}

func TestOldHistoryComesFromTheRecordWhenMemoryKeepsLittle(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", 300)
		ann.history("lobby", `"after":0`, `"limit":100`).wantSeqs(t, "the oldest", 1, 100, true)
		ann.history("lobby", `"before":250`, `"limit":100`).wantSeqs(t, "the middle", 150, 249, true)
		bob := s.dial(t, "bob")
		bob.join("lobby", `"after":0`)
		bob.messages("lobby", 1, 300)
	}, "--history-size", "20")
}
