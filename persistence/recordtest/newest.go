package recordtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"verbatim/persistence"
	"verbatim/protocol"
)

var everything persistence.Which

// pass reads all pages of the newest, with something done between two of them.
func (b *Bench) pass(which persistence.Which, limit int, between func()) (ids []string) {
	b.T.Helper()
	var after persistence.Place
	for pages := 0; ; pages++ {
		page, places, more := b.Record.Newest(which, after, limit)
		if len(page) != len(places) || len(page) > limit || more && len(page) < limit {
			b.T.Fatalf("page %d: %d conversations, %d places, more %v", pages, len(page), len(places), more)
		}
		for i, c := range page {
			ids = append(ids, string(c.ID))
			if tail, err := b.Record.Tail(c.ID); err != nil || tail != c.Tail || places[i].ID != c.ID {
				b.T.Errorf("%s: listed with %+v at %+v, its tail is %+v, %v", c.ID, c.Tail, places[i], tail, err)
			}
		}
		if !more {
			return ids
		}
		after = places[len(places)-1]
		between()
	}
}

// byTime is the order in which the record's own tails put them.
func (b *Bench) byTime(which persistence.Which) (ids []string) {
	b.T.Helper()
	all, _ := b.Record.List(which, "", 1<<20)
	slices.SortStableFunc(all, func(x, y persistence.Listed) int { return int(y.Time - x.Time) })
	for _, c := range all {
		ids = append(ids, string(c.ID))
	}
	return ids
}

// even allows half of the conversations.
func even(id protocol.ConversationID) bool { return id[len(id)-1]%2 == 0 }

func newestFirst(b *Bench) {
	if got := b.pass(everything, 10, nil); len(got) != 0 {
		b.T.Errorf("an empty record: got %v", got)
	}
	const n = 120
	room := func(i int) string { return fmt.Sprintf("room-%03d", i) }
	for _, i := range rand.Perm(n) {
		b.Commit(Say(room(i), "ann", "", "hi"))
	}
	for _, limit := range []int{1, 7, n, 1000} {
		if got, want := b.pass(everything, limit, func() {}), b.byTime(everything); !slices.Equal(got, want) {
			b.T.Errorf("%d a page: got %v, want %v", limit, got, want)
		}
	}
	for range 5 {
		before := b.byTime(everything)
		news := 0
		got := b.pass(everything, 7, func() {
			for range 5 {
				b.Commit(Say(room(rand.IntN(n)), "ann", "", "again"))
			}
			b.Commit(Say(fmt.Sprintf("new-%d", news), "ann", "", "hi"))
			news++
			_, _, _ = b.Record.Newest(everything, persistence.Place{}, 3) // somebody else begins
		})
		if !slices.Equal(got, before) {
			b.T.Errorf("while messages come: got %v, want the order of the first page, each once: %v", got, before)
		}
		for _, which := range []persistence.Which{{Prefix: "room-"}, {Contains: "1"}, {May: even}} {
			if got, want := b.pass(which, 50, func() {}), b.byTime(which); !slices.Equal(got, want) {
				b.T.Errorf("a new pass of %+v: got %v, want %v", which, got, want)
			}
		}
	}
}

func newestFresh(b *Bench) {
	for range 3 {
		for _, id := range strings.Fields("a b c a c b b") {
			b.Commit(Say(id, "ann", "", "hi"))
			page, _, _ := b.Record.Newest(everything, persistence.Place{}, 1)
			tail, err := b.Record.Tail(protocol.ConversationID(id))
			if len(page) != 1 || err != nil || page[0].Time != tail.Time { // in one microsecond two may be the newest
				b.T.Fatalf("after a commit to %s: got %v, want it: %+v, %v", id, page, tail, err)
			}
		}
	}
}

func newestAfterRestart(b *Bench) {
	if b.Reopen == nil {
		return
	}
	for _, id := range strings.Fields("a b c d e") {
		b.Commit(Say(id, "ann", "", "hi"))
	}
	want := b.byTime(everything)
	page, places, _ := b.Record.Newest(everything, persistence.Place{}, 2)
	b.Record = b.Reopen()
	rest, _, more := b.Record.Newest(everything, places[1], 10)
	var got []string
	for _, c := range append(page, rest...) {
		got = append(got, string(c.ID))
	}
	if !slices.Equal(got, want) || more {
		b.T.Errorf("got %v, more %v, want %v", got, more, want)
	}
}
