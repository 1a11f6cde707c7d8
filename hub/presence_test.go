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

func (forgetful) Marks(protocol.ConversationID) (map[protocol.UserID]protocol.Seq, error) {
	return nil, nil
}

// stillShard returns a shard that runs only when it is told to, and a conversation of it.
func stillShard(names int) (*shard, *Conversation) {
	h := New(persistence.New(forgetful{}, nil, 1000, Options{}.Log), Options{Goroutines: 1, Names: names})
	s := h.shards[0]
	s.timer = time.NewTimer(time.Hour)
	return s, h.live("lobby")
}

func enter(c *Conversation, user string, k Kind) (*Member, Snapshot) {
	m := &Member{Conversation: c, Kind: k, User: protocol.UserID(user), Waker: &sleeper{}}
	return m, c.join(m)
}

func TestAConversationStandsInTheHeapOnceAndEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := stillShard(200)
		ann, _ := enter(c, "ann", Reading)
		bob, _ := enter(c, "bob", Reading)
		for range 100 {
			c.leave(ann)
			ann, _ = enter(c, "ann", Reading)
			c.leave(bob)
			bob, _ = enter(c, "bob", Reading)
		}
		if len(s.due) != 1 {
			t.Errorf("the conversation stands %d times in the heap", len(s.due))
		}
		c.leave(ann)
		c.leave(bob)
		for range 200 {
			time.Sleep(tick)
			s.flush()
		}
		if n := s.table.size.Load(); n != 0 || !c.gone {
			t.Errorf("%d conversations are counted, want 0; gone %v", n, c.gone)
		}
	})
}

func TestInACrowdOneselfStandsInTheListInOrder(t *testing.T) {
	for _, name := range []string{"a", "m", "z"} {
		_, c := stillShard(3)
		for i := range 10 {
			enter(c, fmt.Sprint("b", i), Reading)
		}
		_, snapshot := enter(c, name, Reading)
		list := strings.Split(strings.Trim(string(snapshot.Online), "[]"), ",")
		shown := strings.Contains(string(snapshot.Online), `"`+name+`"`)
		if len(list) != 3 || !shown || list[0] >= list[1] || list[1] >= list[2] {
			t.Errorf("%s gets the list %s, want 3 names in order, its own among them", name, snapshot.Online)
		}
	}
}

// What was told one by one comes before the count, or the list, that has it already: the last word is the newest.
func TestTheCountOfACrowdComesAfterWhatIsOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := stillShard(2)
		ann, _ := enter(c, "ann", Reading)
		time.Sleep(minGap)
		s.flush()
		enter(c, "bob", Reading)
		enter(c, "carl", Reading)
		time.Sleep(tick)
		s.flush()
		frames, _ := ann.Ephemera(nil)
		one, crowd := strings.Index(string(frames), `"count":2`), strings.Index(string(frames), `"count":3`)
		if one < 0 || crowd < one {
			t.Errorf("ann is told %s, want bob's coming, and then that three are here", frames)
		}
	})
}

func TestAUserThatWentAndCameBackTwiceLeavesOnceAndOnTime(t *testing.T) {
	now := time.Now()
	p := presence{names: 200}
	var left []protocol.UserID
	leave := func(name protocol.UserID) { left = append(left, name) }

	p.arrive("ann")
	p.depart("ann", now)
	if p.arrive("ann") {
		t.Error("a user that is back in time counts as new")
	}
	last := p.depart("ann", now.Add(time.Second))
	if want := now.Add(time.Second + leaveAfter); !last.Equal(want) || !p.due().Equal(want) {
		t.Errorf("it leaves at %v, want %v; the next look is at %v", last, want, p.due())
	}

	p.expire(now.Add(leaveAfter), leave)
	if len(left) > 0 {
		t.Errorf("%v left %v after the first time, though it came back", left, leaveAfter)
	}
	for range 2 {
		p.expire(last, leave)
	}
	if len(left) != 1 || len(p.users) != 0 || !p.due().IsZero() {
		t.Errorf("left: %v, still here: %d, the next look is at %v; want ann, none, never", left, len(p.users), p.due())
	}
}

func TestAUsersTypingIsToldOnceInThreeSecondsAndNeverInACrowd(t *testing.T) {
	now := time.Now()
	p := presence{names: 2}
	if p.typed("ann", now) {
		t.Error("a user that is not present is told to type")
	}
	p.arrive("ann")
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {typingEvery - 1, false}, {typingEvery, true}} {
		if got := p.typed("ann", now.Add(step.after)); got != step.want {
			t.Errorf("typing %v after the first time is told: %v", step.after, got)
		}
	}
	p.arrive("bob")
	p.arrive("carl")
	if p.typed("ann", now.Add(time.Hour)) {
		t.Error("typing is told in a crowd")
	}
}
