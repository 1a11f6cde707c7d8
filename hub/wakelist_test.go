package hub

import (
	"math/rand/v2"
	"testing"
)

// sleeper counts its wakes.
type sleeper struct{ woken int }

func (s *sleeper) Wake() { s.woken++ }

// A pass of wakes goes in runs, with commands between them: members come and go meanwhile, and nobody is left asleep.
func TestNobodyIsLeftAsleepWhileMembersComeAndGo(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		h := New(nil, Options{Goroutines: 1})
		s := h.shards[0]
		c := newConversation("lobby", s)
		var members []*Member
		enter := func() {
			m := &Member{Conversation: c, Kind: Waiting, Waker: &sleeper{}}
			c.join(m)
			members = append(members, m)
		}
		for range random.IntN(4*wakeStep) + 2 {
			enter()
		}
		c.publish(someEntries(1, 1, 10))
		present := len(members)
		for len(s.waking) > 0 {
			s.wakeSome()
			for range random.IntN(20) {
				if n := random.IntN(len(members)); random.IntN(2) == 0 && n < present && len(members) > 1 {
					c.leave(members[n])
					members = append(members[:n], members[n+1:]...)
					present--
				} else {
					enter()
				}
			}
		}
		for _, m := range members[:present] {
			if m.Waker.(*sleeper).woken == 0 {
				t.Fatal("a member that was there at the publish was not woken")
			}
		}
	}
}

func TestAMemberThatIsAwakeIsWokenOnce(t *testing.T) {
	s := &sleeper{}
	m := &Member{Waker: s}
	m.Wake()
	m.Wake()
	m.Awake()
	m.Wake()
	if s.woken != 2 {
		t.Errorf("woken %d times, want 2", s.woken)
	}
}

// A session leaves the ack of its own new entry to the wake that the publish brings (session/completion.go).
func TestEveryPublishWakesEachMemberEvenIfItBringsNothingNew(t *testing.T) {
	s, c := stillShard(200)
	var members []*Member
	for range wakeStep + 1 {
		m, _ := enter(c, "ann", Reading)
		members = append(members, m)
	}
	entries := someEntries(1, 1, 10)
	for publish, what := range []string{"a new run", "a run that the ring has", "one that it has forgotten"} {
		if publish == 2 {
			c.ring.clear()
		}
		before := members[0].Waker.(*sleeper).woken
		c.publish(entries)
		for len(s.waking) > 0 {
			s.wakeSome()
		}
		for i, m := range members {
			if got := m.Waker.(*sleeper).woken; got != before+1 {
				t.Fatalf("%s: member %d was woken %d times, want %d", what, i, got, before+1)
			}
			m.Awake()
		}
	}
}

func TestAMemberLeavesItsListOnce(t *testing.T) {
	var l memberList
	members := []*Member{{}, {}, {}}
	for _, m := range members {
		l.add(m)
	}
	if moved, found := l.remove(members[0]); moved != members[2] || !found {
		t.Errorf("the first one leaves: %p took its place, found %v; want the last one, %p", moved, found, members[2])
	}
	if moved, found := l.remove(members[0]); moved != nil || found {
		t.Errorf("it leaves again: %p took its place, found %v", moved, found)
	}
	if moved, found := l.remove(members[1]); moved != nil || !found {
		t.Errorf("the last one leaves: %p took its place, found %v", moved, found)
	}
	if len(l) != 1 || l[0] != members[2] || members[2].index != 0 {
		t.Errorf("left are %v", l)
	}
}

func BenchmarkWakeACrowd(b *testing.B) {
	h := New(nil, Options{Goroutines: 1})
	s := h.shards[0]
	c := newConversation("lobby", s)
	for range 10_000 {
		c.join(&Member{Conversation: c, Kind: Waiting, Waker: &sleeper{}})
	}
	for b.Loop() {
		s.wake(c)
		for len(s.waking) > 0 {
			s.wakeSome()
		}
		for _, m := range c.wakes.members {
			m.Awake()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/member")
}
