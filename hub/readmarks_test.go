package hub

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verbatim/protocol"
)

// A crowd's read marks go to nobody else's sessions, and put nobody behind.
func TestInACrowdAReadMarkTouchesOnesOwnSessionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := stillShard(5)
		var members []*Member
		for i := range 20 {
			m, _ := enter(c, fmt.Sprint("u", i), Reading)
			members = append(members, m)
		}
		phone, _ := enter(c, "u0", Reading)
		follower, _ := enter(c, "u0", Following)
		time.Sleep(2 * time.Second)
		s.flush()
		for _, m := range append(members, phone, follower) {
			m.Ephemera(nil)
		}
		ticks := c.ephemera.next.Load()
		for seq := range protocol.Seq(40) {
			c.read(members[0], seq+1)
			time.Sleep(minGap)
			s.flush()
		}
		if n := c.ephemera.next.Load(); n != ticks {
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
		if !strings.Contains(string(c.marks.shown("u1")), `{"u0":40}`) {
			t.Errorf("the marks are %s", c.marks.shown("u1"))
		}
	})
}

func TestTheHighestMarksAreShownAndNeverOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := stillShard(3)
		for i := range 10 {
			m, _ := enter(c, fmt.Sprint("u", i), Reading)
			c.read(m, protocol.Seq(10+i))
		}
		for user, want := range map[protocol.UserID]string{
			"nobody": `{"u7":17,"u8":18,"u9":19}`, "u9": `{"u6":16,"u7":17,"u8":18}`, "u0": `{"u7":17,"u8":18,"u9":19}`,
		} {
			if got := string(c.marks.shown(user)); got != want {
				t.Errorf("%s is shown %s, want %s", user, got, want)
			}
		}
	})
}

func TestAMarkNeverGoesBack(t *testing.T) {
	var r readMarks
	r.fill(map[protocol.UserID]protocol.Seq{"ann": 7}, 200)
	for _, step := range []struct {
		seq, want protocol.Seq
		moves     bool
	}{{0, 7, false}, {7, 7, false}, {6, 7, false}, {8, 8, true}, {7, 8, false}} {
		if k, _ := r.move("ann", step.seq, nil); (k != nil) != step.moves || r.of("ann") != step.want {
			t.Errorf("move to %d: moved %v, the mark is %d, want %v, %d",
				step.seq, k != nil, r.of("ann"), step.moves, step.want)
		}
	}
	if k, _ := r.move("bob", 0, nil); k != nil || r.of("bob") != 0 {
		t.Error("a mark of 0 was kept")
	}
}

func TestAMarkThatMovesOftenIsToldOnceASecondAndItsNewestSeq(t *testing.T) {
	now := time.Now()
	var r readMarks
	r.fill(nil, 200)
	var told []protocol.Seq
	by := &ephemeraReader{}
	for seq := range protocol.Seq(25) { // one each 100 ms
		waiting := len(r.pending) > 0
		if _, pends := r.move("ann", seq+1, by); pends == waiting || len(r.pending) != 1 {
			t.Fatalf("move to %d: pends %v, pending are %d", seq+1, pends, len(r.pending))
		}
		r.take(now, func(k *mark) {
			if k.by != by {
				t.Errorf("seq %d: the member that set the mark is not known", k.seq)
			}
			told = append(told, k.seq)
		})
		now = now.Add(100 * time.Millisecond)
	}
	if got := fmt.Sprint(told); got != "[1 11 21]" {
		t.Errorf("told: %s, want [1 11 21]", got)
	}
	if want := now.Add(500 * time.Millisecond); !r.due().Equal(want) {
		t.Errorf("the next telling is in %v, want 500ms", r.due().Sub(now))
	}
}
