package disk

import (
	"slices"
	"testing"

	"verbatim/persistence"
	"verbatim/protocol"
)

// Who lists after each message, and never goes on, has no order kept; of those who may go on the newest have.
func TestOrdersAreKeptForThoseWhoMayGoOnAndWithinTheirBound(t *testing.T) {
	r := open(t, t.TempDir(), Options{})
	fill(t, r, "a", 1)
	fill(t, r, "b", 1)
	for range 5 {
		fill(t, r, "b", 1)
		if page, _, more := r.Newest(persistence.Which{}, persistence.Place{}, 2); len(page) != 2 || more {
			t.Fatalf("got %d conversations, more %v", len(page), more)
		}
	}
	if n := len(r.newest.kept); n != 0 {
		t.Errorf("%d orders are kept that nobody can go on in", n)
	}
	var first, last persistence.Place
	for i := range mostKept/leastOrder + 10 {
		fill(t, r, []string{"a", "b"}[i%2], 1)
		_, places, more := r.Newest(persistence.Which{}, persistence.Place{}, 1)
		if !more {
			t.Fatal("there is no next page")
		}
		if last = places[0]; i == 0 {
			first = last
		}
	}
	if n := len(r.newest.kept); n != mostKept/leastOrder {
		t.Errorf("%d orders are kept, want %d", n, mostKept/leastOrder)
	}
	if at := r.newest.at(last.Order, nil); at.id != last.Order {
		t.Error("the newest order is not kept")
	}
	if _, places, _ := r.Newest(persistence.Which{}, first, 1); len(places) == 1 && places[0].Order == first.Order {
		t.Error("the oldest order is kept")
	}
}

func TestAConversationThatIsNotedTwiceHasOnePlace(t *testing.T) {
	one, other := &conversation{id: "one"}, &conversation{id: "other"}
	now := protocol.Time(0)
	settled := func(*conversation) protocol.Time { now++; return now } // each time it has said something meanwhile
	got := newPlaces([]*conversation{one, other, one}, settled)
	if want := []rank{{3, one}, {2, other}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
