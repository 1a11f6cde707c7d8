package hub

import (
	"fmt"
	"testing"

	"verbatim/protocol"
)

// say puts one frame about nobody into a tick of its own.
func (e *ephemera) say(text string) {
	e.event()
	e.add(part{frame: []byte(text)})
	e.flush()
}

func TestAReaderGetsEachTickOnceAndNoneFromBeforeItsJoin(t *testing.T) {
	var e ephemera
	e.say("before ")
	e.event()
	e.add(part{frame: []byte("in the snapshot ")}) // its tick comes after the join
	r := &ephemeraReader{joinedAt: e.events}
	r.begin(&e)
	e.say("a ")
	e.say("b ")
	for _, want := range []string{"a b ", ""} {
		if got, behind := r.read(nil, &e, "ann"); string(got) != want || behind {
			t.Errorf("got %q, behind %v, want %q", got, behind, want)
		}
	}
}

func TestAPartIsNotToldToTheMemberThatCausedItNorToTheUserThatItIsAbout(t *testing.T) {
	var e ephemera
	cause, other := &ephemeraReader{}, &ephemeraReader{}
	e.event()
	e.add(part{frame: []byte("typing "), about: "ann"})
	e.add(part{frame: []byte("mark "), about: "ann", by: cause, mark: true})
	e.addSummary([]byte("count "))
	e.flush()
	for _, test := range []struct {
		what, user string
		r          *ephemeraReader
		want       string
	}{
		{"another user", "bob", &ephemeraReader{}, "typing mark count "},
		{"the user's other session", "ann", other, "mark count "},
		{"the session that set the mark", "ann", cause, "count "},
	} {
		if got, _ := test.r.read(nil, &e, protocol.UserID(test.user)); string(got) != test.want {
			t.Errorf("%s gets %q, want %q", test.what, got, test.want)
		}
	}
}

func TestAReaderThatFellBehindAsksOnceAndGoesOnAfterItsCatchUp(t *testing.T) {
	var e ephemera
	r := &ephemeraReader{}
	for i := range maxTicks + 1 {
		e.say(fmt.Sprint(i, " "))
	}
	for _, want := range []bool{true, false} {
		if got, behind := r.read(nil, &e, "ann"); behind != want || len(got) > 0 {
			t.Errorf("behind: %v, want %v; got %q", behind, want, got)
		}
	}

	r.catchUp.Store(&catchUp{frames: []byte("all "), seen: e.next.Load()})
	e.say("next ")
	if got, behind := r.read(nil, &e, "ann"); string(got) != "all next " || behind {
		t.Errorf("after the catchUp: got %q, behind %v", got, behind)
	}
	for range maxTicks + 1 {
		e.say("x ")
	}
	if _, behind := r.read(nil, &e, "ann"); !behind {
		t.Error("it fell behind again and did not ask")
	}
}
