package hub

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/persistence"
	"verbatim/protocol"
)

// forgetful is a record of which only the read marks are used, which it forgets.
type forgetful struct{ persistence.Record }

func (forgetful) Mark(protocol.ConversationID, protocol.UserID, protocol.Seq) {}

// still is a loop that runs only when it is told to, and a conversation of it.
func still(names int) (*loop, *Conversation) {
	h := New(persistence.New(forgetful{}, nil, 1000, Options{}.Log), Options{Goroutines: 1, Names: names})
	l := h.loops[0]
	l.timer = time.NewTimer(time.Hour)
	c := newConversation("lobby", l)
	c.setMarks(make(map[protocol.UserID]*mark))
	h.stats.conversations.Add(1)
	return l, c
}

func enter(c *Conversation, user string, k Kind) (*Member, Snapshot) {
	m := &Member{Conversation: c, Kind: k, User: protocol.UserID(user), Waker: &sleeper{}}
	return m, c.join(m)
}

func TestAConversationStandsInTheHeapOnceAndEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c := still(200)
		ann, _ := enter(c, "ann", Reading)
		bob, _ := enter(c, "bob", Reading)
		for range 100 {
			c.leave(ann)
			ann, _ = enter(c, "ann", Reading)
			c.leave(bob)
			bob, _ = enter(c, "bob", Reading)
		}
		if len(l.due) != 1 {
			t.Errorf("the conversation stands %d times in the heap", len(l.due))
		}
		c.leave(ann)
		c.leave(bob)
		for range 200 {
			time.Sleep(tick)
			l.flush()
		}
		if n := l.hub.stats.conversations.Load(); n != 0 || !c.gone {
			t.Errorf("%d conversations are counted, want 0; gone %v", n, c.gone)
		}
	})
}

func TestInACrowdOneselfStandsInTheListInOrder(t *testing.T) {
	for _, name := range []string{"a", "m", "z"} {
		_, c := still(3)
		for i := range 10 {
			enter(c, fmt.Sprint("b", i), Reading)
		}
		_, s := enter(c, name, Reading)
		list := strings.Split(strings.Trim(string(s.Online), "[]"), ",")
		if len(list) != 3 || !strings.Contains(string(s.Online), `"`+name+`"`) || list[0] >= list[1] || list[1] >= list[2] {
			t.Errorf("%s gets the list %s, want 3 names in order, its own among them", name, s.Online)
		}
	}
}

// A crowd's read marks go to nobody else's sessions, and put nobody behind.
func TestInACrowdAReadMarkTouchesOnesOwnSessionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c := still(5)
		var members []*Member
		for i := range 20 {
			m, _ := enter(c, fmt.Sprint("u", i), Reading)
			members = append(members, m)
		}
		phone, _ := enter(c, "u0", Reading)
		follower, _ := enter(c, "u0", Following)
		time.Sleep(2 * time.Second)
		l.flush()
		for _, m := range append(members, phone, follower) {
			m.Ephemera(nil)
		}
		ticks := c.ephem.next.Load()
		for seq := range protocol.Seq(40) {
			c.read(members[0], seq+1)
			time.Sleep(atMost)
			l.flush()
		}
		if n := c.ephem.next.Load(); n != ticks {
			t.Errorf("%d ticks went to everybody", n-ticks)
		}
		for i, m := range append(members, phone, follower) {
			got, behind := m.Ephemera(nil)
			want := 0
			if m == phone || m == follower {
				want = 1
			}
			if n := strings.Count(string(got), `"read"`); n != want || behind {
				t.Errorf("member %d gets %d marks, behind %v; want %d: %s", i, n, behind, want, got)
			}
		}
		if !strings.Contains(string(c.readsJSON("u1")), `{"u0":40}`) {
			t.Errorf("the marks are %s", c.readsJSON("u1"))
		}
	})
}

func TestTheFurthestMarksAreShownAndNeverOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := still(3)
		for i := range 10 {
			m, _ := enter(c, fmt.Sprint("u", i), Reading)
			c.read(m, protocol.Seq(10+i))
		}
		for user, want := range map[protocol.UserID]string{
			"nobody": `{"u7":17,"u8":18,"u9":19}`, "u9": `{"u6":16,"u7":17,"u8":18}`, "u0": `{"u7":17,"u8":18,"u9":19}`,
		} {
			if got := string(c.readsJSON(user)); got != want {
				t.Errorf("%s is shown %s, want %s", user, got, want)
			}
		}
	})
}

// What was told one by one comes before the count, or the list, that has it already: the last word is the newest.
func TestTheCountOfACrowdComesAfterWhatIsOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c := still(2)
		ann, _ := enter(c, "ann", Reading)
		time.Sleep(atMost)
		l.flush()
		enter(c, "bob", Reading)
		enter(c, "carl", Reading)
		time.Sleep(tick)
		l.flush()
		frames, _ := ann.Ephemera(nil)
		one, crowd := strings.Index(string(frames), `"count":2`), strings.Index(string(frames), `"count":3`)
		if one < 0 || crowd < one {
			t.Errorf("ann is told %s, want bob's coming, and then that three are here", frames)
		}
	})
}
