package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

type listed struct {
	ID     string `json:"id"`
	Last   int    `json:"last"`
	Time   string `json:"time"`
	Online int    `json:"online"`
}

func (s *server) conversations(t testing.TB, query string) (list []listed, more bool) {
	t.Helper()
	var body struct {
		Conversations []listed `json:"conversations"`
		More          bool     `json:"more"`
	}
	s.get(t, "/api/conversations?"+query).is(t, 200).into(t, &body)
	return body.Conversations, body.More
}

func TestTheConversationsAreListedByTheirIds(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		got := s.get(t, "/api/conversations").is(t, 200).body
		if strings.TrimSpace(got) != `{"conversations":[],"more":false}` {
			t.Errorf("none: got %s", got)
		}
		ann := s.dial(t, "ann")
		var times = map[string]string{}
		for i := range 30 {
			id := fmt.Sprintf("room-%02d", i)
			times[id] = ann.send(id, "", "hi").Time
		}
		for _, id := range []string{"zoo", "alpha", "room.x"} {
			times[id] = ann.send(id, "", "hi").Time
		}
		ann.join("alpha")
		ann.join("never-said-anything") // it exists from its first entry on
		s.dial(t, "bob").join("alpha")
		s.dial(t, "bob").join("alpha")
		look := func(when string, online int) {
			t.Helper()
			for _, row := range []struct {
				query       string
				n           int
				first, last string
				more        bool
			}{
				{"", 33, "alpha", "zoo", false},
				{"limit=5", 5, "alpha", "room-03", true},
				{"limit=33", 33, "alpha", "zoo", false},
				{"limit=32", 32, "alpha", "room.x", true},
				{"after=room-03&limit=5", 5, "room-04", "room-08", true},
				{"after=room-29", 2, "room.x", "zoo", false},
				{"after=room-2x", 2, "room.x", "zoo", false},
				{"prefix=room-", 30, "room-00", "room-29", false},
				{"prefix=room-0&after=room-05", 4, "room-06", "room-09", false},
				{"prefix=room-1&limit=3", 3, "room-10", "room-12", true},
				{"prefix=alpha", 1, "alpha", "alpha", false},
			} {
				got, more := s.conversations(t, row.query)
				if len(got) != row.n || got[0].ID != row.first || got[len(got)-1].ID != row.last || more != row.more {
					t.Errorf("%s, %q: got %d conversations, more=%v: %v; want %d, %s to %s, more=%v",
						when, row.query, len(got), more, got, row.n, row.first, row.last, row.more)
				}
				for _, c := range got {
					if c.Last != 1 || c.Time != times[c.ID] {
						t.Errorf("%s: got %+v, want last 1 at %s", when, c, times[c.ID])
					}
				}
			}
			if got, _ := s.conversations(t, "prefix=none"); len(got) != 0 {
				t.Errorf("%s: prefix none: got %v", when, got)
			}
			got, _ := s.conversations(t, "prefix=alpha")
			if len(got) != 1 || got[0].Online != online {
				t.Errorf("%s: alpha: got %+v, want %d online", when, got, online)
			}
		}
		look("live", 2)
		s.crash()
		look("after a crash", 0)
	})
}

func TestABadListIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, query := range []string{"limit=x", "limit=-1", "limit=1.5"} {
		s.get(t, "/api/conversations?"+query).refuses(t, 400, "bad_request")
	}
}

func TestABadPageIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.dial(t, "ann").sendMany("lobby", "a", 3)
	at := func(query string) answer { return s.get(t, "/api/conversations/lobby/messages?"+query) }
	for _, query := range []string{
		"after=x", "after=-1", "after=1.5", "after=9007199254740992", "before=x", "before=-1",
		"limit=x", "limit=1001", "limit=-1",
		"after=0&wait=x", "after=0&wait=-1",
	} {
		at(query).refuses(t, 400, "bad_request")
	}
	s.get(t, "/api/conversations/NO/messages").refuses(t, 400, "invalid_conversation")
	s.get(t, "/api/conversations/nowhere/messages").refuses(t, 404, "not_found")
	s.get(t, "/api/conversations/nowhere/messages?after=0&wait=1").refuses(t, 404, "not_found")
	s.get(t, "/api/conversations/nowhere/transcript").refuses(t, 404, "not_found")
	s.get(t, "/api/conversations/NO/transcript").refuses(t, 400, "invalid_conversation")
	s.get(t, "/api/conversations/lobby/transcript?format=pdf").refuses(t, 400, "bad_request")
	at("after=1&log=0123456789abcdef").refuses(t, 409, "reset")
	head, p := s.page(t, "lobby", "after=1")
	p.wantSeqs(t, "after 1", 2, 3, false)
	_, p = s.page(t, "lobby", "after=1&log="+head.Log)
	p.wantSeqs(t, "after 1 with the log", 2, 3, false)
	if j := s.dial(t, "ann").join("lobby"); j.Log != head.Log || j.Sum != head.Sum || j.Last != head.Last {
		t.Errorf("joined %s, but the page has log %s, last %d, sum %s", j, head.Log, head.Last, head.Sum)
	}
}

func TestAPageCanWaitForWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	inBothModes(t, func(t *testing.T, s *server) {
		ann := s.dial(t, "ann")
		ann.sendMany("lobby", "a", 3)
		// There already: at once, and not when the minute is over.
		began := time.Now()
		_, p := s.page(t, "lobby", "after=2&wait=60")
		p.wantSeqs(t, "what is there", 3, 3, false)
		if d := time.Since(began); d > 45*time.Second {
			t.Errorf("took %v, want at once", d)
		}
		// Nothing comes: an empty page at the end of the wait, and not before.
		began = time.Now()
		_, p = s.page(t, "lobby", "after=3&wait=1")
		p.wantSeqs(t, "nothing", 4, 3, false)
		if d := time.Since(began); d < time.Second {
			t.Errorf("an empty page came after %v, want 1 s", d)
		}
		// It comes meanwhile: when it does.
		got := make(chan page, 1)
		go func() { // ends with the answer
			_, p := s.page(t, "lobby", "after=3&wait=60")
			got <- p
		}()
		ann.never(500*time.Millisecond, "an error", ofType("error")) // so that the request is there first
		select {
		case p := <-got:
			t.Fatalf("answered before anything came: %v", p)
		default:
		}
		began = time.Now()
		ann.sendMany("lobby", "b", 1)
		(<-got).wantSeqs(t, "what came", 4, 4, false)
		if d := time.Since(began); d > 45*time.Second {
			t.Errorf("answered %v after it came", d)
		}
	})
}
